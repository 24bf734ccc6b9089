"""A metric over two hyper-parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .figure import TITLE_HEIGHT, add_axes, add_title, new_figure
from .input_checks import plain
from .sweep_plot import MARK, deviation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = 'Blues'
_CELL = (0.95, 0.56)  # inches


def plot_sweep_map(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[Sequence[float]]],
    keys: tuple[str, str],
    metric: str,
    *,
    base: tuple[int, int] | None = None,
    title: str = '',
    subtitle: str = '',
) -> Figure:
    """Draw the means of all combinations as a heat map.

    A cell tells mean and standard deviation over seeds; cells without a
    value are grey, and the base setting has a frame.

    Args:
        rows: R values of the first key, as text.
        columns: C values of the second.
        values: R lists of C lists of the values of the seeds.
        keys: What was varied, down and across.
        metric: What was measured, with its unit.
        base: Row and column of the base setting. Defaults to None: not
            there.
        title: Of the picture. Defaults to none.
        subtitle: Further facts. Defaults to none.

    Returns:
        A figure with its own Agg canvas.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If the lengths differ, or there are no values at all.
    """
    if len(values) != len(rows) or any(len(r) != len(columns) for r in values):
        raise ValueError(
            f'the values are no table of {len(rows)} by {len(columns)}'
        )
    if not any(len(some) for row in values for some in row):
        raise ValueError('there are no values to draw')
    means = np.array(
        [[np.mean(some) if some else np.nan for some in r] for r in values]
    )
    cell = max(_CELL[0], 0.2 + 0.085 * max(map(len, columns)))
    left = 0.4 + 0.078 * max(map(len, rows))
    width, height = cell * len(columns), _CELL[1] * len(rows)
    if base is not None:
        subtitle = f'{subtitle}\nthe frame marks the base setting'.lstrip()
    full = max(left + width + 1.1, 5.6, 0.3 + 0.078 * len(keys[0]))
    head = TITLE_HEIGHT + 0.25 + 0.16 * subtitle.count('\n')
    figure = new_figure(full, height + head + 0.7)
    axes = add_axes(figure, left, 0.7, width, height)
    image = axes.imshow(_shades(means), cmap=_COLOURS, aspect='auto')
    image.set_clim(*_limits(means))
    axes.set_facecolor('#e4e4e4')
    for row, line in enumerate(values):
        for column, some in enumerate(line):
            _write(axes, row, column, some, image)
    if base is not None:
        _frame(axes, *base)
    axes.set_yticks(range(len(rows)), [plain(one) for one in rows])
    axes.set_xticks(range(len(columns)), [plain(one) for one in columns])
    # Across, above the names of the rows: it is often longer than they are.
    where = (0.2 / full, (height + 0.78) / (height + head + 0.7))
    figure.text(*where, f'{plain(keys[0])} ↓', fontsize=9)
    axes.set_xlabel(f'{plain(keys[1])} →', fontsize=9)
    axes.tick_params(length=0, labelsize=8.5)
    for spine in axes.spines.values():
        spine.set_visible(False)
    bar = figure.colorbar(
        image, cax=add_axes(figure, left + width + 0.15, 0.7, 0.13, height)
    )
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8, color='#cccccc')
    bar.set_label(plain(metric), fontsize=9)
    add_title(figure, plain(title), plain(subtitle), 0.2, 'left')
    return figure


def _shades(means: np.ndarray) -> np.ma.MaskedArray:
    return np.ma.masked_invalid(means)


def _limits(means: np.ndarray) -> tuple[float, float]:
    low, high = float(np.nanmin(means)), float(np.nanmax(means))
    # The lightest shade stays above white, which would look like nothing.
    room = 0.2 * (high - low) or 1.0
    return low - room, high + room / 4


def _write(
    axes: Axes, row: int, column: int, some: Sequence[float], image: object
) -> None:
    if not len(some):
        axes.text(column, row, '-', ha='center', va='center', color='#888888')
        return
    mean = float(np.mean(some))
    dark = image.norm(mean) > 0.6
    text = f'{mean:.2f}'
    if len(some) > 1:
        text += f'\n± {deviation(some):.2f}'
    colour = 'white' if dark else '#1c2b3a'
    where = {'ha': 'center', 'va': 'center', 'linespacing': 1.25}
    axes.text(column, row, text, fontsize=8.5, color=colour, **where)


def _frame(axes: Axes, row: int, column: int) -> None:
    from matplotlib.patches import Rectangle

    box = Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, zorder=5)
    box.set(edgecolor=MARK, linewidth=2.2, clip_on=False)
    axes.add_patch(box)
