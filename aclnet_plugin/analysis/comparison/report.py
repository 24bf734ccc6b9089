"""All that a comparison found, as plain objects."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..sweep.outcomes import Outcome
from .classes import class_changes
from .cost import cost_of
from .plan import OWN, Plan
from .series import Values, fused_series, scale_of, stream_series
from .statistics import Paired, adjusted, compare_seeds, worth


class Choices(NamedTuple):
    """How to tell it.

    Attributes:
        metric: What is compared.
        tested: Of the test instead of the last validation.
        level: Share that intervals hold.
        resamples: Bootstrap samples.
        seed: Decides them.
        classes: File of class names.
        samples: Names of the test samples that count; None for all.
    """

    metric: str = 'acc/top1'
    tested: bool = True
    level: float = 0.95
    resamples: int = 10_000
    seed: int = 0
    classes: Path | None = None
    samples: frozenset[str] | None = None


def make_report(
    plan: Plan, outcomes: Sequence[Outcome], choices: Choices
) -> dict[str, Any]:
    """Compare what has finished.

    Args:
        plan: The comparison.
        outcomes: Of its runs, in any order.
        choices: How to tell it.

    Returns:
        What becomes JSON.

    Raises:
        AnalysisError: If finished runs do not have the metric, or not of
            the chosen samples.
    """
    series = stream_series(
        plan, outcomes, choices.metric, choices.tested, choices.samples
    )
    notes = _notes(plan, outcomes)
    if choices.tested:
        fused, more = fused_series(
            plan, outcomes, choices.metric, choices.samples
        )
        series |= fused
        notes += more
    elif len(plan.streams) > 1:
        notes.append('streams are fused only with tests')
    told = [
        _series(plan, name, values, choices) for name, values in series.items()
    ]
    _adjust(told)
    notes += [
        f'{one["name"]}, {pair["after"]} against {pair["before"]}: the '
        f'differences of all seeds are equal, of which no interval can be '
        f'made'
        for one in told
        for pair in one['pairs']
        if pair['spread'] == 0
    ]
    changes = []
    if choices.tested:
        changes, more = _class_changes(plan, outcomes, choices)
        notes += more
    lengths = sorted({run.length for run in plan.runs.values()})
    where = 'test' if choices.tested else 'validation'
    # Of the pair with the fewest, for which the most caution is due.
    sizes = [len(p['differences']) for one in told for p in one['pairs']]
    fewest = min(filter(None, sizes), default=0)
    kept = {
        tuple(sorted(one.result.circumstances.items()))
        for one in outcomes
        if one.result is not None
    }
    return {
        'metric': choices.metric,
        'unit': '%' if scale_of(choices.metric) == 100 else '',
        'protocol': f'{where} after the last epoch '
        f'({", ".join(map(str, lengths))})'
        + (
            ''
            if choices.samples is None
            else f', {len(choices.samples)} chosen samples'
        ),
        'seeds': plan.seeds,
        'level': choices.level,
        'worth': worth(fewest, choices.level),
        'differences': [
            {
                'pair': one.pair.title,
                'compared': one.compared,
                'also': one.also,
                'keys': one.found,
            }
            for one in plan.verdicts
        ],
        'arms': [
            {
                'name': arm.name,
                'group': arm.group,
                'config': str(arm.config),
                'options': arm.options,
                **cost_of(plan, arm, outcomes)._asdict(),
            }
            for arm in plan.arms
        ],
        'series': told,
        'classes': changes,
        'notes': notes,
        'circumstances': [dict(one) for one in sorted(kept)],
        'runs': _runs(plan, outcomes, series),
    }


def _class_changes(
    plan: Plan, outcomes: Sequence[Outcome], choices: Choices
) -> tuple[list[dict[str, Any]], list[str]]:
    """Of each pair and stream; and notes, also on files without use."""
    changes = []
    notes: dict[str, None] = {}
    for pair in plan.pairs:
        for stream in plan.streams:
            try:
                found = class_changes(
                    plan, outcomes, pair, stream,
                    choices.classes, choices.level, choices.samples,
                )  # fmt: skip
            except ValueError as error:
                notes[f'no classes of {pair.title}: {error}'] = None
                continue
            if found:
                names = {'before': pair.before.name, 'after': pair.after.name}
                changes.append({'pair': pair.title, **names, **found})
                notes |= dict.fromkeys(found['notes'])
    return changes, list(notes)


def _series(
    plan: Plan, name: str, values: Values, choices: Choices
) -> dict[str, Any]:
    title = name if name not in plan.streams else f'stream {name}'
    return {
        'name': 'own stream' if name == OWN else title,
        'fused': name not in plan.streams,
        'arms': [
            {
                'name': arm,
                'values': {str(s): v for s, v in some.items()},
                'mean': statistics.fmean(some.values()) if some else None,
                'spread': statistics.stdev(some.values())
                if len(some) > 1
                else None,
            }
            for arm, some in values.items()
        ],
        'pairs': [
            _pair(
                pair.before.name,
                pair.after.name,
                compare_seeds(
                    values[pair.before.name],
                    values[pair.after.name],
                    choices.level,
                    choices.resamples,
                    choices.seed,
                ),
            )
            for pair in plan.pairs
        ],
    }


def _pair(before: str, after: str, found: Paired) -> dict[str, Any]:
    return {
        'before': before,
        'after': after,
        **found._asdict(),
        'differences': {str(k): v for k, v in found.differences.items()},
        'clear': found.clear,
    }


def _adjust(told: Sequence[dict[str, Any]]) -> None:
    """Adds Holm's p over all comparisons of the report."""
    pairs = [pair for one in told for pair in one['pairs']]
    for pair, p in zip(pairs, adjusted([p['p'] for p in pairs]), strict=True):
        pair['p_holm'] = p


def _notes(plan: Plan, outcomes: Sequence[Outcome]) -> list[str]:
    notes = []
    for verdict in plan.verdicts:
        if verdict.also:
            notes.append(
                f'{verdict.pair.title}: not only {verdict.compared} differs, '
                f'but also {" and ".join(verdict.also)}, as was allowed'
            )
    for status in ('failed', 'interrupted', 'missing'):
        count = sum(one.status == status for one in outcomes)
        if count:
            notes.append(f'{count} of {len(outcomes)} runs {status}')
    results = [one.result for one in outcomes if one.result is not None]
    for key in ('commit', 'torch', 'machine'):
        seen = {str(one.circumstances.get(key)) for one in results}
        if len(seen) > 1:
            notes.append(
                f'results differ in their {key}: {", ".join(sorted(seen))}'
            )
    if any('dirty' in one.circumstances.get('commit', '') for one in results):
        notes.append('some results come from code that is not committed')
    return notes


def _runs(
    plan: Plan, outcomes: Sequence[Outcome], series: dict[str, Values]
) -> list[dict[str, Any]]:
    by_folder = {one.run.folder: one for one in outcomes}
    rows = []
    for (arm, stream, seed), run in plan.runs.items():
        outcome = by_folder[run.folder]
        seconds = outcome.result.seconds if outcome.result else None
        rows.append(
            {
                'arm': arm,
                'stream': stream,
                'seed': seed,
                'status': outcome.status,
                'value': series[stream][arm].get(seed),
                'minutes': None if seconds is None else seconds / 60,
                'folder': str(run.folder.relative_to(plan.root.absolute())),
            }
        )
    return rows
