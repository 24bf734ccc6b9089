"""From arms, streams and seeds to runs, before any of them starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config

from ..errors import AnalysisError
from ..sweep.digest import digest_of, training_part
from ..sweep.meaning import Meaning, meaning_of, same_training
from ..sweep.resolve import merged, resolve
from ..sweep.runs import Run, folder_for, make_run
from .arms import Arm, Pair, compared_pairs, related_pairs
from .fairness import Verdict, judge
from .streams import stream_options

OWN = ''
"""Stands for the stream that a config has."""


class Plan(NamedTuple):
    """A comparison.

    Attributes:
        arms: What is compared.
        pairs: Which of them with which.
        verdicts: In what each of these pairs differs.
        streams: Their letters; only :data:`OWN` if none were named.
        seeds: Of each arm and stream.
        runs: By name of the arm, stream and seed.
        root: Folder of the runs.
    """

    arms: list[Arm]
    pairs: list[Pair]
    verdicts: list[Verdict]
    streams: list[str]
    seeds: list[int]
    runs: dict[tuple[str, str, int], Run]
    root: Path

    @property
    def ordered(self) -> list[Run]:
        """All runs: every arm and stream with the first seed, and so on.

        Whoever looks early sees the whole picture, only with fewer seeds.
        """
        return [
            self.runs[arm.name, stream, seed]
            for seed in self.seeds
            for stream in self.streams
            for arm in self.arms
        ]


def make_plan(
    arms: Sequence[Arm],
    seeds: Sequence[int],
    streams: Sequence[str],
    root: Path,
    *,
    baseline: str | None = None,
    compare: str | None = None,
    allow: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
    test: bool = True,
    advance: Callable[[], None] = lambda: None,
) -> Plan:
    """Resolve and check all arms.

    Args:
        arms: What is compared.
        seeds: Of each.
        streams: Letters of streams; none for those of the configs.
        root: Folder of the runs.
        baseline: See :func:`compared_pairs`. Defaults to None.
        compare: See :func:`judge`. Defaults to None.
        allow: See :func:`judge`. Defaults to none.
        options: Changes of all configs. Defaults to none.
        test: Whether runs are tested, and write predictions. Defaults to
            True.
        advance: Called after each arm.

    Returns:
        The comparison; nothing was written.

    Raises:
        AnalysisError: If an arm cannot be trained, is the same as another,
            or two of them differ in more than is compared.
    """
    for what, values in (('seed', seeds), ('stream', streams)):
        if len(set(values)) < len(values):
            raise AnalysisError(f'a {what} comes twice in {list(values)}')
    pairs = compared_pairs(arms, baseline)
    files: dict[Path, Config] = {}
    bases: dict[str, Config] = {}
    for arm in arms:
        if arm.config not in files:
            files[arm.config] = resolve(arm.config, options or {})
        try:
            bases[arm.name] = merged(files[arm.config], arm.options)
        except AnalysisError as error:
            raise AnalysisError(f'arm {arm.name!r}: {error}') from error
    judge(related_pairs(arms), bases, compare, allow)
    _refuse_equal(arms, bases, advance)
    runs = {}
    for arm in arms:
        for stream in streams or [OWN]:
            config, extra = bases[arm.name], {}
            if stream != OWN:
                extra = stream_options(config, stream)
                config = merged(config, extra)
            _check_loops(arm, config, test)
            name = f'{arm.name}, {stream}' if stream != OWN else arm.name
            digest = digest_of(training_part(config))
            folder = folder_for(root, name, digest)
            for seed in seeds:
                runs[arm.name, stream, seed] = make_run(
                    name,
                    arm.config,
                    {**(options or {}), **arm.options, **extra},
                    seed,
                    folder / f'seed{seed}',
                    config,
                    dump=test,
                )
    _refuse_equal_runs(runs)
    return Plan(
        list(arms),
        pairs,
        judge(pairs, bases, compare, allow),
        list(streams or [OWN]),
        list(seeds),
        runs,
        root,
    )


def _refuse_equal(
    arms: Sequence[Arm], configs: Mapping[str, Config], advance: Callable
) -> None:
    meanings: dict[str, Meaning] = {}
    for arm in arms:
        try:
            meaning = meaning_of(configs[arm.name])
        except AnalysisError as error:
            raise AnalysisError(f'arm {arm.name!r}: {error}') from error
        for name, other in meanings.items():
            if same_training(meaning, other):
                raise AnalysisError(
                    f'arms {name!r} and {arm.name!r} are the same training; '
                    f'leave one out'
                )
        meanings[arm.name] = meaning
        advance()


def _refuse_equal_runs(runs: Mapping[tuple[str, str, int], Run]) -> None:
    """Configs that differ in the stream alone are one once it is set."""
    owners: dict[str, str] = {}
    for (arm, _, _), run in runs.items():
        other = owners.setdefault(run.digest, arm)
        if other != arm:
            raise AnalysisError(
                f'arms {other!r} and {arm!r} are the same training with '
                f'--streams, {run.label}; leave one out'
            )


def _check_loops(arm: Arm, config: Config, test: bool) -> None:
    loop = config.get('train_cfg') or {}
    if not (loop.get('max_epochs') or loop.get('max_iters')):
        raise AnalysisError(
            f'{arm.config} has no train_cfg with max_epochs or max_iters'
        )
    kind = 'test' if test else 'val'
    if config.get(f'{kind}_dataloader') is None:
        hint = '; compare its validations with --no-test' if test else ''
        raise AnalysisError(f'{arm.config} has no {kind}_dataloader{hint}')
