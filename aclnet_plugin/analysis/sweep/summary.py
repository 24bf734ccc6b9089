"""What a sweep found: mean and spread of each setting."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..errors import AnalysisError
from .outcomes import Outcome
from .plan import Plan
from .results import Result


class Row(NamedTuple):
    """A setting and its values.

    Attributes:
        name: Of the setting.
        options: What it changes.
        base: Whether it is the base config.
        values: The metric by seed, of the finished runs.
        mean: Of the values; None without any.
        spread: Standard deviation over seeds (n - 1); None below two.
        gain: Mean over the seeds that both have of the difference to the
            base config; None where there is none.
    """

    name: str
    options: dict[str, Any]
    base: bool
    values: dict[int, float]
    mean: float | None
    spread: float | None
    gain: float | None


class Summary(NamedTuple):
    """A sweep in numbers.

    Attributes:
        rows: One for each setting.
        metric: What the values are.
        unit: ``'%'`` or nothing.
        protocol: Which epoch, on what.
        notes: What a reader has to know.
    """

    rows: list[Row]
    metric: str
    unit: str
    protocol: str
    notes: list[str]


def summarise(
    plan: Plan,
    outcomes: Sequence[Outcome],
    metric: str,
    tested: bool = False,
) -> Summary:
    """Make the table of a sweep.

    Args:
        plan: The sweep.
        outcomes: Of its runs, in any order.
        metric: Key of the metric. Those of accuracy, ``acc/...``, become
            percent.
        tested: Take it from the test instead of the last validation.
            Defaults to False.

    Raises:
        AnalysisError: If finished runs do not have the metric.
    """
    by_folder = {outcome.run.folder: outcome for outcome in outcomes}
    scale = 100 if metric.startswith('acc/') else 1
    values = []
    for entry in plan.entries:
        results = (
            (run.seed, by_folder[run.folder].result) for run in entry.runs
        )
        values.append(
            {
                seed: scale * value_of(result, metric, tested)
                for seed, result in results
                if result is not None
            }
        )
    base = next(
        (
            some
            for some, entry in zip(values, plan.entries, strict=True)
            if entry.base
        ),
        {},
    )
    rows = []
    for entry, mine in zip(plan.entries, values, strict=True):
        both = [seed for seed in mine if seed in base and not entry.base]
        rows.append(
            Row(
                entry.setting.name,
                entry.setting.options,
                entry.base,
                mine,
                statistics.fmean(mine.values()) if mine else None,
                statistics.stdev(mine.values()) if len(mine) > 1 else None,
                statistics.fmean(mine[s] - base[s] for s in both)
                if both
                else None,
            )
        )
    lengths = sorted({run.length for run in plan.runs})
    epochs = lengths[0] if len(lengths) == 1 else f'{lengths}'
    where = 'test' if tested else 'validation'
    return Summary(
        rows,
        metric,
        '%' if scale == 100 else '',
        f'{where} after the last epoch ({epochs})',
        _notes(plan, outcomes),
    )


def value_of(result: Result, metric: str, tested: bool = False) -> float:
    """A metric of a finished run.

    Args:
        result: What came out.
        metric: Its key.
        tested: Of the test instead of the last validation.

    Raises:
        AnalysisError: If there is no such metric.
    """
    metrics = result.metrics(tested)
    if metric not in metrics:
        known = ', '.join(metrics) or 'none'
        where = 'test' if tested else 'validation'
        raise AnalysisError(
            f'the {where} has no metric {metric!r} for --metric; it has '
            f'{known}'
        )
    return metrics[metric]


def _notes(plan: Plan, outcomes: Sequence[Outcome]) -> list[str]:
    notes = []
    if not any(entry.base for entry in plan.entries):
        notes.append('the base config is not among the settings')
    for status in ('failed', 'interrupted', 'missing'):
        count = sum(outcome.status == status for outcome in outcomes)
        if count:
            notes.append(f'{count} of {len(outcomes)} runs {status}')
    for key, what in (
        ('commit', 'commits'),
        ('torch', 'versions of torch'),
        ('machine', 'machines'),
    ):
        seen = {
            outcome.result.circumstances.get(key)
            for outcome in outcomes
            if outcome.result is not None
        }
        if len(seen) > 1:
            listed = ', '.join(sorted(map(str, seen)))
            notes.append(f'results of {len(seen)} {what}: {listed}')
    return notes
