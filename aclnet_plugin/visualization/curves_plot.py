"""Curves of several runs, one small panel for each quantity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

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

_COLOURS = (
    '#1f5f8b', '#e08a3c', '#4a9b6e', '#c8553d', '#8b5fa8', '#3aa6a6',
    '#a08a3c', '#d36fa0', '#6b7680', '#2b3a67',
)  # fmt: skip
_WIDTH, _HEIGHT = 2.75, 1.75
_GAP_X, _GAP_Y = 0.75, 0.78
_DOTS = 40  # of fewer values each is marked


class Line(NamedTuple):
    """One quantity of one run.

    Attributes:
        x: ``(n,)``, ascending.
        y: ``(n,)``.
        smooth: ``(n,)``, drawn on top of pale ``y``; None for ``y`` alone.
        step: Whether a value holds until the next.
    """

    x: np.ndarray
    y: np.ndarray
    smooth: np.ndarray | None = None
    step: bool = False


def plot_curves(
    panels: Mapping[str, Mapping[str, Line]],
    runs: Sequence[str],
    x_label: str,
    columns: int = 3,
    title: str = 'Training curves',
    subtitle: str = '',
) -> Figure:
    """Draw curves.

    Args:
        panels: For each panel its title and a line for each run that has
            one.
        runs: All runs, which decide the colours.
        x_label: Of the horizontal axes, which are all alike.
        columns: Panels beside each other. Defaults to 3.
        title: Defaults to what is drawn.
        subtitle: Further facts. Defaults to none.

    Returns:
        A figure with its own Agg canvas.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If there is no line to draw.
    """
    panels = {name: lines for name, lines in panels.items() if lines}
    if not panels:
        raise ValueError('there is no curve to draw')
    labels = dict(zip(runs, check_names(runs, len(runs)), strict=True))
    columns = max(1, min(columns, len(panels)))
    rows = -(-len(panels) // columns)
    width = max(columns * (_WIDTH + _GAP_X) + 0.1, 5.0)
    beside = max(1, min(len(runs), int((width - 0.3) / 2.2)))
    foot = 0.0
    if len(runs) > 1:
        foot = 0.2 + 0.2 * -(-len(runs) // beside)
    title_height = TITLE_HEIGHT + 0.1 + 0.16 * subtitle.count('\n')
    height = title_height + rows * (_HEIGHT + _GAP_Y) + foot
    figure = new_figure(width, height)
    last = max(
        line.x[-1]
        for lines in panels.values()
        for line in lines.values()
        if len(line.x)
    )
    for place, (name, lines) in enumerate(panels.items()):
        row, column = divmod(place, columns)
        left = 0.62 + column * (_WIDTH + _GAP_X)
        bottom = height - title_height - row * (_HEIGHT + _GAP_Y) - _HEIGHT
        axes = add_axes(figure, left, bottom, _WIDTH, _HEIGHT)
        for run, line in lines.items():
            colour = _COLOURS[list(runs).index(run) % len(_COLOURS)]
            _draw_line(axes, line, colour)
        axes.set_title(name, fontsize=9.5, loc='left', pad=5)
        # Below the lowest panel of its column.
        if place + columns >= len(panels):
            axes.set_xlabel(x_label, fontsize=8.5)
        _dress(axes, float(last))
    if len(runs) > 1:
        _add_legend(figure, list(labels.values()), beside)
    add_title(figure, title, subtitle, 0.2, 'left')
    return figure


def _draw_line(axes: Axes, line: Line, colour: str) -> None:
    style = 'steps-post' if line.step else 'default'
    few = {'marker': 'o', 'ms': 3.2} if len(line.x) <= _DOTS else {}
    if line.step:
        few = {'marker': 'o', 'ms': 2.2} if len(line.x) <= 1 else {}
    if line.smooth is None:
        axes.plot(line.x, line.y, color=colour, lw=1.5, drawstyle=style, **few)
        return
    axes.plot(line.x, line.y, color=colour, lw=0.8, alpha=0.28)
    axes.plot(line.x, line.smooth, color=colour, lw=1.6)


def _dress(axes: Axes, last: float) -> None:
    axes.set_xlim(0, 1.02 * last or 1)
    low, high = axes.get_ylim()
    # From 0 where that does not squeeze the curve.
    if 0 <= low and low < 0.6 * high:
        axes.set_ylim(0, high)
    axes.grid(axis='y', color='#eeeeee', lw=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=7.5, color='#cccccc')
    whole = all(
        (np.asarray(line.get_ydata()) % 1 == 0).all() for line in axes.lines
    )
    # A count has no halves.
    axes.locator_params(axis='y', nbins=5, integer=whole and high > 1)
    pale_frame(axes, ('left', 'bottom'))


def _add_legend(figure: Figure, labels: list[str], columns: int) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=_COLOURS[i % len(_COLOURS)], lw=2, label=label)
        for i, label in enumerate(labels)
    ]
    add_foot_legend(figure, handles, columns)
