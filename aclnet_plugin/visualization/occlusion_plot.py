"""Accuracy under occlusion: bars for parts, curves for amounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .figure import (
    TITLE_HEIGHT,
    add_axes,
    add_title,
    new_figure,
    pale_frame,
)
from .input_checks import check_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEFT = '#1f5f8b'
_LOST = '#e3e8ec'
_INTACT = '#c8553d'
_CURVES = ('#1f5f8b', '#e08a3c')


class Curve(NamedTuple):
    """Accuracy at growing amounts of occlusion.

    Attributes:
        label: Of the axis.
        levels: Amounts, from 0 on.
        mean: Accuracies.
        spread: Standard deviations over draws; NaN if unknown.
    """

    label: str
    levels: Sequence[float]
    mean: Sequence[float]
    spread: Sequence[float]


def plot_occlusion(
    intact: float,
    parts: Mapping[str, float],
    curves: Sequence[Curve] = (),
    title: str = 'Accuracy under occlusion',
    subtitle: str = '',
) -> Figure:
    """Draw what is left of an accuracy.

    Args:
        intact: Accuracy with nothing missing; a line marks it.
        parts: Accuracies by what is missing, in the order of the bars;
            possibly none.
        curves: Each in a panel of its own; possibly none.
        title: Defaults to what is drawn.
        subtitle: Further facts. Defaults to none.

    Returns:
        A figure with its own Agg canvas.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If there is nothing to draw.
    """
    if not parts and not curves:
        raise ValueError('there is nothing to draw')
    labels = check_names(list(parts), len(parts))
    height = max(0.34 * len(parts), 2.2 if curves else 0.7)
    margin = 0.3 + 0.078 * max(map(len, labels), default=0)
    title_height = TITLE_HEIGHT + 0.16 * subtitle.count('\n')
    bars = margin + 3.4 + 0.9 if parts else 0.0
    width = max(bars + 3.3 * len(curves) + 0.15, 4.6)
    figure = new_figure(width, height + title_height + 1.0)
    if parts:
        axes = add_axes(figure, margin, 0.9, 3.4, height)
        _draw_parts(axes, labels, list(parts.values()), intact)
    for place, curve in enumerate(curves):
        left = bars + 3.3 * place + 0.62
        axes = add_axes(figure, left, 0.9, 2.45, height)
        colour = _CURVES[place % len(_CURVES)]
        _draw_curve(axes, curve, intact, colour)
    _add_legend(figure, intact)
    add_title(figure, title, subtitle, 0.2, 'left')
    return figure


def _draw_parts(
    axes: Axes, labels: list[str], values: list[float], intact: float
) -> None:
    rows = np.arange(len(values))
    percent = 100 * np.asarray(values)
    axes.barh(rows, 100 * intact, 0.66, color=_LOST)
    axes.barh(rows, percent, 0.66, color=_LEFT)
    axes.axvline(100 * intact, color=_INTACT, lw=1.2, ls=(0, (4, 2)))
    for row, value in zip(rows, percent, strict=True):
        axes.annotate(
            f'{value:.1f}  ({value - 100 * intact:+.1f})',
            (1, row),
            (52, 0),
            xycoords=axes.get_yaxis_transform(),
            textcoords='offset points',
            ha='right',
            va='center',
            fontsize=8,
            color='#444444',
            annotation_clip=False,
        )
    axes.set_yticks(rows, labels, fontsize=9)
    axes.set_ylim(len(values) - 0.4, -0.6)
    axes.set_xlim(0, 100)
    axes.set_xlabel('accuracy (%) without these joints', fontsize=9)
    _dress(axes)
    axes.tick_params(axis='y', length=0)
    axes.spines['left'].set_visible(False)


def _draw_curve(axes: Axes, curve: Curve, intact: float, colour: str) -> None:
    levels = np.asarray(curve.levels, np.float64)
    mean = 100 * np.asarray(curve.mean, np.float64)
    spread = 100 * np.nan_to_num(np.asarray(curve.spread, np.float64))
    axes.axhline(100 * intact, color=_INTACT, lw=1.2, ls=(0, (4, 2)))
    band = (mean - spread, mean + spread)
    axes.fill_between(levels, *band, color=colour, alpha=0.18, lw=0)
    axes.plot(levels, mean, 'o-', color=colour, lw=1.8, ms=4.5, clip_on=False)
    axes.set_xlim(0, 1.04 * levels.max())
    axes.set_ylim(0, 100)
    axes.set_xlabel(curve.label, fontsize=9)
    axes.set_ylabel('accuracy (%)', fontsize=9)
    axes.grid(axis='y', color='#eeeeee', lw=0.8)
    axes.set_axisbelow(True)
    if (levels == levels.round()).all():
        axes.xaxis.get_major_locator().set_params(integer=True)
    _dress(axes)


def _dress(axes: Axes) -> None:
    axes.tick_params(labelsize=8, color='#cccccc')
    axes.tick_params(axis='y', labelsize=8.5)
    pale_frame(axes, ('left', 'bottom'))


def _add_legend(figure: Figure, intact: float) -> None:
    from matplotlib.lines import Line2D

    line = {'color': _INTACT, 'lw': 1.2, 'ls': (0, (4, 2))}
    label = f'nothing missing: {100 * intact:.1f}'
    figure.legend(
        handles=[Line2D([], [], label=label, **line)],
        loc='lower left',
        bbox_to_anchor=(0.12 / figure.get_figwidth(), 0.0),
        frameon=False,
        fontsize=8,
    )
