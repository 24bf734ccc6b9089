"""From a grid and seeds to runs, before any of them starts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ...utils.atomic import atomic_writer
from ..errors import AnalysisError
from .digest import differences, digest_of
from .grid import Grid, Setting
from .meaning import Meaning, meaning_of, same_training
from .resolve import merged, resolve
from .runs import Run, folder_for, make_run

_SHOWN = 8  # differences that a message lists


class Entry(NamedTuple):
    """A setting of a sweep.

    Attributes:
        setting: Its name and options.
        base: Whether it is the base config, said or by default.
        runs: One for each seed.
    """

    setting: Setting
    base: bool
    runs: list[Run]


class Plan(NamedTuple):
    """A sweep.

    Attributes:
        config: The base config.
        grid: What is compared.
        training: What the base config trains, see :func:`training_part`.
        entries: The settings, in the order of the grid.
        root: Folder of the runs.
    """

    config: Path
    grid: Grid
    training: dict[str, Any]
    entries: list[Entry]
    root: Path

    @property
    def runs(self) -> list[Run]:
        """All runs: every setting with the first seed, then the second.

        Whoever looks early sees the whole picture, only with fewer seeds.
        """
        by_seed = zip(*(entry.runs for entry in self.entries), strict=True)
        return [run for runs in by_seed for run in runs]


def make_plan(
    config: Path,
    grid: Grid,
    seeds: Sequence[int],
    root: Path,
    base_options: Mapping[str, Any] | None = None,
    advance: Callable[[], None] = lambda: None,
) -> Plan:
    """Resolve and check every setting.

    Args:
        config: The base config.
        grid: What is compared.
        seeds: Of each setting.
        root: Folder of the runs.
        base_options: Changes of the base config. Defaults to none.
        advance: Called after each setting.

    Returns:
        The sweep; nothing was written.

    Raises:
        AnalysisError: If a setting cannot be trained, is the same as
            another, or the seeds are not distinct.
    """
    if len(set(seeds)) < len(seeds):
        raise AnalysisError(f'a seed comes twice in {list(seeds)}')
    base_options = base_options or {}
    base_config = resolve(config, base_options)
    base = meaning_of(base_config)
    meanings: dict[str, Meaning] = {}
    entries = []
    for setting in grid.settings:
        try:
            resolved = merged(base_config, setting.options)
            meaning = meaning_of(resolved)
        except AnalysisError as error:
            raise AnalysisError(
                f'setting {setting.name!r}: {error}'
            ) from error
        for name, other in meanings.items():
            if same_training(meaning, other):
                raise AnalysisError(
                    f'settings {name!r} and {setting.name!r} are the same '
                    f'training; leave one out'
                )
        meanings[setting.name] = meaning
        folder = folder_for(root, setting.name, digest_of(meaning.training))
        options = {**base_options, **setting.options}
        runs = [
            make_run(
                setting.name,
                config,
                options,
                seed,
                folder / f'seed{seed}',
                resolved,
            )
            for seed in seeds
        ]
        entries.append(Entry(setting, same_training(meaning, base), runs))
        advance()
    return Plan(config, grid, base.training, entries, root)


def check_base(plan: Plan, rebase: bool = False, write: bool = True) -> None:
    """Refuse a folder that holds a sweep of another base config.

    Args:
        plan: The sweep.
        rebase: Go on with the new base config; results that still match are
            kept, others stay in their folders and count no more. Defaults to
            False.
        write: Take the folder for this sweep. Defaults to True.

    Raises:
        AnalysisError: If it does.
    """
    path = plan.root / 'base.json'
    if path.exists() and not rebase:
        try:
            known = json.loads(path.read_text(encoding='utf-8'))
            training, config = known['training'], known['config']
        except (ValueError, KeyError, TypeError) as error:
            raise AnalysisError(f'{path} is damaged; remove it') from error
        changes = differences(training, plan.training)
        if changes:
            listed = '\n  '.join(changes[:_SHOWN])
            more = len(changes) - _SHOWN
            rest = f'\n  and {more} more' if more > 0 else ''
            raise AnalysisError(
                f'{plan.root} holds a sweep of another base config, '
                f'{config}. It differs in\n  {listed}{rest}\nTake another '
                f'--work-dir or, with --rebase, let only results of the new '
                f'base config count'
            )
    if write:
        content = {'config': str(plan.config), 'training': plan.training}
        with atomic_writer(path) as file:
            file.write(json.dumps(content, indent=1).encode())
