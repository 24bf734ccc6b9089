"""Two arms of a comparison over streams and their fusions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .compare_plot import LEFT_PLOT, NUMBERS, Interval, draw_gains, dress
from .figure import (
    TITLE_HEIGHT,
    add_axes,
    add_foot_legend,
    add_title,
    new_figure,
)
from .input_checks import plain, shorten
from .sweep_plot import MARK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = (MARK, '#1f5f8b')
_APART = 0.17  # rows between an arm and the middle of its row
_NAME_WIDTH = 24  # characters; longer names are shortened
_RIGHT_PLOT, _ROW, _FOOT = 2.7, 0.5, 0.85  # inches


def plot_streams(
    streams: Sequence[str],
    arms: tuple[str, str],
    values: Sequence[tuple[Mapping[int, float], Mapping[int, float]]],
    differences: Sequence[Interval | None],
    metric: str,
    *,
    title: str = '',
    subtitle: str = '',
) -> Figure:
    """Draw streams one below the other, two arms in each.

    On the left are the values, a point for each seed and a tick for the
    mean; on the right the second arm less the first one, with its interval,
    dark if that leaves 0 out.

    Args:
        streams: S names of streams and fusions.
        arms: The names of the two arms.
        values: For each stream the values of both arms by seed; they may be
            empty.
        differences: For each stream mean and interval, the ends NaN if there
            is no interval; None if there is no difference.
        metric: What was measured, with its unit.
        title: Of the picture. Defaults to none.
        subtitle: Further facts. Defaults to none.

    Returns:
        A figure with its own Agg canvas.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If the lengths differ, or there are no values at all.
    """
    if not len(streams) == len(values) == len(differences):
        raise ValueError(
            f'streams, values and differences must have one length, got '
            f'{len(streams)}, {len(values)} and {len(differences)}'
        )
    if not any(some for pair in values for some in pair):
        raise ValueError('there are no values to draw')
    labels = [shorten(name, _NAME_WIDTH) for name in streams]
    left = 0.35 + 0.078 * max(map(len, labels))
    head = TITLE_HEIGHT + 0.3 + 0.16 * subtitle.count('\n')
    height = _ROW * len(streams) + 0.1
    second = left + LEFT_PLOT + 0.35
    width = second + _RIGHT_PLOT + NUMBERS + 0.35
    figure = new_figure(width, height + head + _FOOT)
    points = add_axes(figure, left, _FOOT, LEFT_PLOT, height)
    gains = add_axes(figure, second, _FOOT, _RIGHT_PLOT, height)
    handles = _draw_arms(points, values)
    draw_gains(gains, differences, [None] * len(streams), base=None)
    for axes in (points, gains):
        dress(axes, len(streams))
    points.set_yticks(range(len(streams)), labels, fontsize=9)
    gains.set_yticks([])
    names = [shorten(plain(name), _NAME_WIDTH) for name in arms]
    points.set_xlabel(plain(metric), fontsize=9)
    gains.set_xlabel(f'{names[1]} less {names[0]}, by seed', fontsize=9)
    for handle, name in zip(handles, names, strict=True):
        handle.set_label(name)
    add_foot_legend(figure, handles, columns=2, left=left)
    add_title(figure, plain(title), plain(subtitle), 0.2, 'left')
    return figure


def _draw_arms(
    axes: Axes,
    values: Sequence[tuple[Mapping[int, float], Mapping[int, float]]],
) -> list:
    """The artists that stand for the two arms in the legend."""
    handles = []
    for place, colour in enumerate(_COLOURS):
        shift = _APART * (2 * place - 1)
        found = [
            (value, row + shift)
            for row, pair in enumerate(values)
            for value in pair[place].values()
        ]
        x, y = zip(*found, strict=True) if found else ((), ())
        handles += axes.plot(
            x, y, ls='', marker='o', ms=4.2, mfc='white', mec=colour,
            mew=1.0, zorder=2,
        )  # fmt: skip
        rows = [row for row, pair in enumerate(values) if pair[place]]
        axes.vlines(
            [np.mean(list(values[row][place].values())) for row in rows],
            [row + shift - 0.14 for row in rows],
            [row + shift + 0.14 for row in rows],
            color=colour, lw=2.4, zorder=3,
        )  # fmt: skip
    axes.margins(x=0.06)
    axes.locator_params(axis='x', nbins=6)
    return handles
