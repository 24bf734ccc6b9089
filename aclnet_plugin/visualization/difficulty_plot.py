"""Accuracies over bands of difficulty, and differences to a baseline."""

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

COLOURS = (
    '#b9bcc0', '#1f5f8b', '#e08a3c', '#4a9b6e', '#8b5fa8', '#c8553d',
    '#3aa6a6', '#a08a3c', '#d36fa0',
)  # fmt: skip
"""Of the baseline, then of the runs."""

_GROUP = 0.8  # of the distance between two bands


def plot_difficulty(
    bands: Sequence[str],
    classes: Sequence[int],
    names: Sequence[str],
    accuracy: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    title: str = 'Accuracy by difficulty',
    subtitle: str = '',
) -> Figure:
    """Draw accuracies as grouped bars, and what is gained below.

    Args:
        bands: B labels, the hardest first.
        classes: B numbers of classes.
        names: R names, the baseline first.
        accuracy: ``(R, B)``; NaN in a band without classes.
        low: ``(R, B)``, lower ends of the intervals of the difference to the
            baseline; its own row is not used.
        high: ``(R, B)``, upper ends.
        title: Defaults to what is drawn.
        subtitle: Further facts. Defaults to none.

    Returns:
        A figure with its own Agg canvas.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If shapes do not fit together.
    """
    accuracy, low, high = (
        100 * np.asarray(x, np.float64) for x in (accuracy, low, high)
    )
    shape = (len(names), len(bands))
    if {x.shape for x in (accuracy, low, high)} != {shape}:
        raise ValueError(
            f'accuracy, low and high must be {shape}, got {accuracy.shape}, '
            f'{low.shape} and {high.shape}'
        )
    if len(classes) != len(bands) or not all(shape):
        raise ValueError(
            f'there are {len(bands)} bands, {len(classes)} numbers of '
            f'classes and {len(names)} runs'
        )
    labels = check_names(names, len(names))
    slot = max(1.15, 0.36 * len(names) + 0.3)
    plot = max(slot * len(bands), 3.4)
    title_height = TITLE_HEIGHT + 0.16 * subtitle.count('\n')
    columns = max(1, min(len(names), int((plot + 0.6) / 1.75)))
    legend = 0.25 + 0.2 * -(-len(names) // columns)
    foot = legend + 0.68
    width = plot + 1.05
    compared = len(names) > 1
    lower = 1.5 if compared else 0.0
    height = title_height + 2.3 + compared * 0.25 + lower + foot
    figure = new_figure(width, height)
    top = add_axes(figure, 0.75, foot + lower + compared * 0.25, plot, 2.3)
    _draw_bars(top, accuracy)
    _dress(top, len(bands))
    top.set_ylim(0, 108)
    top.set_yticks(range(0, 101, 20))
    top.set_ylabel('accuracy (%)', fontsize=9)
    last = top
    if compared:
        top.set_xticks(range(len(bands)), [''] * len(bands))
        last = add_axes(figure, 0.75, foot, plot, lower)
        _draw_differences(last, accuracy, low, high)
        _dress(last, len(bands))
        last.set_ylabel('to the baseline', fontsize=9)
    ticks = [
        f'{band}\n{count} {"class" if count == 1 else "classes"}'
        for band, count in zip(bands, classes, strict=True)
    ]
    last.set_xticks(range(len(bands)), ticks, fontsize=8.5)
    last.set_xlabel('accuracy that classes are sorted by (%)', fontsize=9)
    _add_legend(figure, labels, columns)
    add_title(figure, title, subtitle, 0.2, 'left')
    return figure


def _places(runs: int) -> tuple[np.ndarray, float]:
    width = _GROUP / runs
    return (np.arange(runs) - (runs - 1) / 2) * width, width


def _draw_bars(axes: Axes, accuracy: np.ndarray) -> None:
    offsets, width = _places(len(accuracy))
    bands = np.arange(accuracy.shape[1])
    for row, values in enumerate(accuracy):
        colour = COLOURS[row % len(COLOURS)]
        where = bands + offsets[row]
        axes.bar(where, np.nan_to_num(values), 0.9 * width, color=colour)
        for place, value in zip(where, values, strict=True):
            text = f'{value:.1f}' if np.isfinite(value) else 'none'
            axes.annotate(
                text,
                (place, np.nan_to_num(value)),
                (0, 2),
                textcoords='offset points',
                ha='center',
                va='bottom',
                fontsize=7,
                color='#555555',
            )


def _draw_differences(
    axes: Axes, accuracy: np.ndarray, low: np.ndarray, high: np.ndarray
) -> None:
    offsets, _ = _places(len(accuracy))
    bands = np.arange(accuracy.shape[1])
    axes.axhline(0, color='#777777', lw=0.8, zorder=1)
    for row in range(1, len(accuracy)):
        colour = COLOURS[row % len(COLOURS)]
        where = bands + offsets[row]
        axes.vlines(where, low[row], high[row], color=colour, lw=1.4)
        difference = accuracy[row] - accuracy[0]
        axes.plot(where, difference, 'o', color=colour, ms=4.5)


def _dress(axes: Axes, bands: int) -> None:
    axes.set_xlim(-0.5, bands - 0.5)
    axes.grid(axis='y', color='#eeeeee', lw=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(axis='x', length=0)
    axes.tick_params(axis='y', labelsize=8, color='#cccccc')
    pale_frame(axes, ('bottom',))


def _add_legend(figure: Figure, labels: list[str], columns: int) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(color=COLOURS[i % len(COLOURS)], label=label)
        for i, label in enumerate(labels)
    ]
    add_foot_legend(figure, handles, columns, handlelength=1.2)
