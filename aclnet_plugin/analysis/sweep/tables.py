"""A sweep as JSON, as rows and on a console."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console

from ..text_table import print_table
from .outcomes import Outcome
from .plan import Plan
from .summary import Row, Summary


def as_json(
    plan: Plan, summary: Summary, outcomes: Sequence[Outcome]
) -> dict[str, Any]:
    """All of it as plain objects.

    Args:
        plan: The sweep.
        summary: Its table.
        outcomes: Of its runs.
    """
    results = [one.result for one in outcomes if one.result is not None]
    kept = {tuple(sorted(one.circumstances.items())) for one in results}
    return {
        'config': str(plan.config),
        'title': plan.grid.title,
        'axes': plan.grid.axes,
        'metric': summary.metric,
        'unit': summary.unit,
        'protocol': summary.protocol,
        'spread': 'standard deviation over seeds (n - 1)',
        'notes': summary.notes,
        'circumstances': [dict(one) for one in sorted(kept)],
        'settings': [
            {
                **row._asdict(),
                'values': {str(k): v for k, v in row.values.items()},
            }
            for row in summary.rows
        ],
    }


def as_rows(
    plan: Plan, summary: Summary, outcomes: Sequence[Outcome]
) -> list[list[Any]]:
    """One row for each run, the header first.

    Args:
        plan: The sweep.
        summary: Its table.
        outcomes: Of its runs.
    """
    by_folder = {outcome.run.folder: outcome for outcome in outcomes}
    keys = list(dict.fromkeys(k for row in summary.rows for k in row.options))
    header = ['setting', 'base', *keys, 'seed', 'status', summary.metric]
    rows = [[*header, 'minutes', 'folder']]
    for entry, row in zip(plan.entries, summary.rows, strict=True):
        for run in entry.runs:
            outcome = by_folder[run.folder]
            value = row.values.get(run.seed)
            seconds = outcome.result.seconds if outcome.result else None
            rows.append(
                [
                    row.name,
                    int(row.base),
                    *(row.options.get(key, '') for key in keys),
                    run.seed,
                    outcome.status,
                    '' if value is None else round(value, 6),
                    '' if seconds is None else round(seconds / 60, 2),
                    str(run.folder.relative_to(plan.root.absolute())),
                ]
            )
    return rows


def print_summary(summary: Summary, console: Console) -> None:
    """Print the table: on a terminal with lines, elsewhere plain.

    Args:
        summary: What was found.
        console: Where to.
    """
    unit = f' ({summary.unit})' if summary.unit else ''
    title = f'{summary.metric}{unit}, {summary.protocol}'
    header = ('setting', 'mean ± sd', 'seeds', 'less base')
    rows = [_cells(row) for row in summary.rows]
    print_table(title, header, rows, console)
    for note in summary.notes:
        console.out(f'note: {note}', highlight=False)


def _cells(row: Row) -> tuple[str, str, str, str]:
    shown = '-' if row.mean is None else f'{row.mean:.2f}'
    if row.spread is not None:
        shown += f' ± {row.spread:.2f}'
    gain = '-' if row.gain is None else f'{row.gain:+.2f}'
    name = f'{row.name} (base)' if row.base else row.name
    return name, shown, str(len(row.values)), gain
