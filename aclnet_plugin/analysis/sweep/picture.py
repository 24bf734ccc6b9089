"""The picture that fits a sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...visualization.sweep_map import plot_sweep_map
from ...visualization.sweep_plot import plot_curve, plot_settings
from .grid import show_value
from .plan import Plan
from .summary import Summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(plan: Plan, summary: Summary) -> Figure:
    """Draw a sweep.

    One number that was varied becomes a curve, two keys a heat map, anything
    else a list of settings.

    Args:
        plan: The sweep.
        summary: Its table.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If no run has finished.
    """
    axes = plan.grid.axes
    rows = summary.rows
    values = [list(row.values.values()) for row in rows]
    base = next((i for i, row in enumerate(rows) if row.base), None)
    metric = f'{summary.metric} ({summary.unit})'.replace(' ()', '')
    words = {
        'title': plan.grid.title or f'Sweep of {_title(plan)}',
        'subtitle': _subtitle(plan, summary),
    }
    if len(axes) == 1 and all(
        _is_number(v) for v in next(iter(axes.values()))
    ):
        ((key, places),) = axes.items()
        return plot_curve(places, values, key, metric, base=base, **words)
    if len(axes) == 2 and min(map(len, axes.values())) > 1:
        down, across = axes.values()
        width = len(across)
        return plot_sweep_map(
            [show_value(one) for one in down],
            [show_value(one) for one in across],
            [values[i : i + width] for i in range(0, len(values), width)],
            tuple(axes),
            metric,
            base=None if base is None else divmod(base, width),
            **words,
        )
    names = [row.name for row in rows]
    return plot_settings(names, values, metric, base=base, **words)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _title(plan: Plan) -> str:
    axes = plan.grid.axes
    if not axes:
        return f'{len(plan.entries)} settings'
    return ' and '.join(key.rpartition('.')[2] for key in axes)


def _subtitle(plan: Plan, summary: Summary) -> str:
    most = max(len(row.values) for row in summary.rows)
    least = min(len(row.values) for row in summary.rows)
    seeds = f'{most}' if most == least else f'{least} to {most}'
    spread = ', mean ± standard deviation' * (most > 1)
    return (
        f'{plan.config.stem}\n{summary.protocol}, {seeds} '
        f'{"seed" if seeds == "1" else "seeds"}{spread}'
    )
