"""Differences of two runs, class by class, as bars with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .figure import (
    TITLE_HEIGHT,
    add_axes,
    add_foot_legend,
    add_title,
    new_figure,
    pale_frame,
)
from .input_checks import check_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GAIN = ('#2f7d5b', '#a9d3bf')
_LOSS = ('#b8472f', '#e8b8aa')
_WHISKER = '#3c3c3c'
_BAR = 0.26  # inches of a class
_PLOT = 4.6


def plot_class_differences(
    names: Sequence[str],
    difference: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    overall: float | None = None,
    top: int = 15,
    title: str = 'Difference in accuracy',
    subtitle: str = '',
) -> Figure:
    """Draw by how much each class gained or lost.

    Bars are in percentage points, the largest gain on top; thin lines are
    intervals. A bar whose interval leaves 0 out is dark, others are pale. Of
    more than ``2 * top`` classes the ``top`` largest gains and losses are
    shown, with a gap in between that says how many are left out.

    Args:
        names: K names.
        difference: ``(K,)``; classes with NaN are left out.
        low: ``(K,)``, lower ends of the intervals.
        high: ``(K,)``, upper ends.
        overall: Difference of all samples; a dashed line marks it. Defaults
            to None: no line.
        top: See above. Defaults to 15.
        title: Defaults to what is drawn.
        subtitle: Further facts. Defaults to none.

    Returns:
        A figure with its own Agg canvas.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If lengths differ, ``top`` is below 1, or there is no
            class to draw.
    """
    points = [np.asarray(x, np.float64) for x in (difference, low, high)]
    if len({len(names), *map(len, points)}) > 1:
        raise ValueError(
            f'names, difference, low and high must have one length, got '
            f'{len(names)} and {[len(x) for x in points]}'
        )
    if top < 1:
        raise ValueError(f'top must be at least 1, got {top}')
    labels = check_names(names, len(names))
    known = np.flatnonzero(np.isfinite(points[0]))
    if not len(known):
        raise ValueError('no class has a difference')
    order = known[np.argsort(-points[0][known], kind='stable')]
    hidden = max(len(order) - 2 * top, 0)
    rows = np.arange(len(order), dtype=np.float64)
    if hidden:
        order = np.concatenate([order[:top], order[-top:]])
        rows = np.concatenate([np.arange(top), top + 1 + np.arange(top)])
    size = int(rows[-1]) + 1
    values, low, high = (100 * x[order] for x in points)
    labels = [labels[i] for i in order]
    longest = max(map(len, labels))
    margin = max(0.45 + 0.078 * longest, 0.9)
    title_height = TITLE_HEIGHT + 0.16 * subtitle.count('\n')
    height = _BAR * size
    width = margin + _PLOT + 0.75
    figure = new_figure(width, height + title_height + 0.95)
    axes = add_axes(figure, margin, 0.95, _PLOT, height)
    _draw_bars(axes, rows, values, low, high)
    _dress(axes, rows, labels, size, np.concatenate([low, high, [0]]))
    if hidden:
        axes.text(
            0.5,
            top,
            f'{hidden} further {"class" if hidden == 1 else "classes"}'
            ' in between',
            transform=axes.get_yaxis_transform(),
            ha='center',
            va='center',
            fontsize=8,
            color='#8a8a8a',
            style='italic',
            bbox={'color': 'white', 'pad': 1.5},
            zorder=4,
        )
    if overall is not None:
        line = {'color': '#1f3b57', 'lw': 1.1, 'ls': (0, (4, 2.5))}
        axes.axvline(100 * overall, zorder=1, **line)
    _add_legend(figure, values, low, high, overall)
    add_title(figure, title, subtitle, 0.2, 'left')
    return figure


def _draw_bars(
    axes: Axes,
    rows: np.ndarray,
    values: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
) -> None:
    clear = (low > 0) | (high < 0)
    colours = [
        (_GAIN if value >= 0 else _LOSS)[0 if sure else 1]
        for value, sure in zip(values, clear, strict=True)
    ]
    axes.barh(rows, values, 0.7, color=colours, zorder=2)
    axes.hlines(rows, low, high, color=_WHISKER, lw=1.0, zorder=3)
    for ends in (low, high):
        axes.plot(ends, rows, '|', color=_WHISKER, ms=4, mew=1.0, zorder=3)
    for row, value in zip(rows, values, strict=True):
        axes.annotate(
            f'{value:+.1f}' if round(value, 1) else '0.0',
            (1, row),
            (42, 0),
            xycoords=axes.get_yaxis_transform(),
            textcoords='offset points',
            ha='right',
            va='center',
            fontsize=8,
            color='#444444',
        )


def _dress(
    axes: Axes,
    rows: np.ndarray,
    labels: list[str],
    size: int,
    reach: np.ndarray,
) -> None:
    axes.set_yticks(rows, labels, fontsize=8.5)
    axes.set_ylim(size - 0.4, -0.6)
    span = max(reach.max() - reach.min(), 1.0)
    axes.set_xlim(reach.min() - 0.03 * span, reach.max() + 0.03 * span)
    axes.axvline(0, color='#777777', lw=0.8, zorder=1)
    axes.grid(axis='x', color='#eeeeee', lw=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel('difference (percentage points)', fontsize=9)
    axes.tick_params(axis='y', length=0)
    axes.tick_params(axis='x', labelsize=8, color='#cccccc')
    pale_frame(axes, ('bottom',))


def _add_legend(
    figure: Figure,
    values: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    overall: float | None,
) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    clear = (low > 0) | (high < 0)
    handles = [
        Patch(color=colour, label=label)
        for known, colour, label in (
            ((clear & (values > 0)).any(), _GAIN[0], 'gain'),
            ((clear & (values < 0)).any(), _LOSS[0], 'loss'),
            ((~clear).any(), '#cdcdcd', 'pale: interval includes 0'),
        )
        if known
    ]
    if overall is not None:
        line = {'color': '#1f3b57', 'lw': 1.1, 'ls': (0, (4, 2.5))}
        label = f'all samples: {100 * overall:+.2f}'
        handles.append(Line2D([], [], label=label, **line))
    add_foot_legend(figure, handles, len(handles), columnspacing=1.2)
