"""Maps of embeddings, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .figure import TITLE_HEIGHT, add_axes, add_title, new_figure
from .input_checks import check_names

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PANEL = 3.5  # inches
_GAP = 0.18
_MAX_COLUMNS = 3
# Colours that are told apart by most eyes, then the same with other marks.
_COLOURS = (
    *('#4477aa', '#ee6677', '#228833', '#ccbb44', '#66ccee', '#aa3377'),
    *('#e08214', '#222222', '#8c6d5a', '#9f9f9f'),
)
_MARKS = 'o^sDvP'
MAX_CLASSES = len(_COLOURS) * len(_MARKS)


def plot_maps(
    maps: Sequence[np.ndarray],
    labels: np.ndarray,
    class_names: Sequence[str],
    panel_titles: Sequence[str],
    panel_notes: Sequence[str],
    title: str,
    subtitle: str = '',
) -> Figure:
    """Draw several maps of the same samples with one legend.

    All panels show the same section of the plane, up to three in a row.

    Args:
        maps: P arrays ``(N, 2)``.
        labels: ``(N,)``, from 0 to S - 1.
        class_names: S names, of at most 60 classes.
        panel_titles: P titles.
        panel_notes: P lines below the titles.
        title: Of the whole.
        subtitle: Of the whole. Defaults to none.

    Returns:
        A figure with its own Agg canvas.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If the numbers do not fit together, or there are too
            many classes.
    """
    names = check_names(class_names, len(class_names))
    if len(names) > MAX_CLASSES:
        raise ValueError(
            f'{len(names)} classes cannot be told apart; show at most '
            f'{MAX_CLASSES}'
        )
    if not len(maps) == len(panel_titles) == len(panel_notes):
        raise ValueError('each map needs a title and a note')
    # Four in a square, not three and one.
    columns = 2 if len(maps) == 4 else min(len(maps), _MAX_COLUMNS)
    rows = -(-len(maps) // columns)
    legend_columns, legend_height = _legend_shape(names, columns)
    width = columns * (_PANEL + _GAP) + 0.4 - _GAP
    cell = _PANEL + 0.62
    height = TITLE_HEIGHT + rows * cell + legend_height + 0.1
    figure = new_figure(width, height)
    reach = 1.06 * max(float(np.abs(points).max(initial=0)) for points in maps)
    for number, points in enumerate(maps):
        row, column = divmod(number, columns)
        left = 0.2 + column * (_PANEL + _GAP)
        bottom = height - TITLE_HEIGHT - (row + 1) * cell + 0.06
        axes = add_axes(figure, left, bottom, _PANEL, _PANEL)
        axes.set(xlim=(-reach, reach), ylim=(-reach, reach))
        axes.set(xticks=[], yticks=[], facecolor='#fafafa')
        for spine in axes.spines.values():
            spine.set_color('#d8d8d8')
        _draw_points(axes, points, labels, len(names))
        _caption(axes, panel_titles[number], panel_notes[number])
    _add_legend(figure, names, legend_columns)
    add_title(figure, title, subtitle, 0.2, 'left')
    return figure


def _style(number: int) -> dict[str, Any]:
    lap, colour = divmod(number, len(_COLOURS))
    return {'color': _COLOURS[colour], 'marker': _MARKS[lap]}


def _draw_points(
    axes: Any, points: np.ndarray, labels: np.ndarray, classes: int
) -> None:
    size = float(np.clip(2200 / max(len(points), 1), 5, 26))
    for number in range(classes):
        mine = points[labels == number]
        axes.scatter(
            *mine.T, s=size, alpha=0.75, linewidths=0, **_style(number)
        )


def _caption(axes: Any, title: str, note: str) -> None:
    """Write a title and a line below it above the axes."""
    [title] = check_names([title], 1)
    where = {'transform': axes.transAxes, 'va': 'bottom'}
    axes.text(0, 1.095, title, fontsize=10.5, **where)
    axes.text(0, 1.025, note, fontsize=8, color='#666666', **where)


def _legend_shape(names: Sequence[str], columns: int) -> tuple[int, float]:
    """Columns of the legend, and its height in inches."""
    longest = max(map(len, names), default=1)
    width = columns * (_PANEL + _GAP)
    fits = max(1, int(width / (0.45 + 0.075 * longest)))
    fits = min(fits, len(names))
    return fits, 0.19 * -(-len(names) // max(fits, 1)) + 0.12


def _add_legend(figure: Figure, names: Sequence[str], columns: int) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], ls='', ms=6, mew=0, label=name, **_style(number))
        for number, name in enumerate(names)
    ]
    figure.legend(
        handles=handles,
        loc='lower left',
        bbox_to_anchor=(0.08 / figure.get_figwidth(), 0.0),
        ncols=max(columns, 1),
        frameon=False,
        fontsize=8,
        handletextpad=0.2,
        columnspacing=1.2,
        labelspacing=0.35,
    )
