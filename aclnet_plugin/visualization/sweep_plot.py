"""A metric over one hyper-parameter, or of named settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .figure import (
    TITLE_HEIGHT,
    add_axes,
    add_title,
    new_figure,
    pale_frame,
)
from .input_checks import plain, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARK = '#c8553d'
"""Colour of the base setting."""

_DARK, _LIGHT, _GREY = '#1f5f8b', '#7fb3d5', '#8a8a8a'
_BAR = '#c4dcec'
_MAX_BARS = 60
_NAME_WIDTH = 44  # characters; longer names are shortened


def plot_curve(
    places: Sequence[float],
    values: Sequence[Sequence[float]],
    key: str,
    metric: str,
    *,
    base: int | None = None,
    title: str = '',
    subtitle: str = '',
) -> Figure:
    """Draw a metric over a number that was varied.

    A line joins the means, a band shows one standard deviation over seeds to
    either side, and small points single seeds. The axis is linear unless
    some numbers would be too close to be told apart; then they stand at equal
    distances, and the axis says so.

    Args:
        places: S numbers.
        values: For each the values of its seeds; may be empty.
        key: What was varied.
        metric: What was measured, with its unit.
        base: Position of the base setting. Defaults to None: not there.
        title: Of the picture. Defaults to none.
        subtitle: Further facts. Defaults to none.

    Returns:
        A figure with its own Agg canvas.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If the lengths differ, or there are no values at all.
    """
    _check(len(places), values)
    order = np.argsort(places, kind='stable')
    numbers = np.asarray(places, float)[order]
    values = [list(values[i]) for i in order]
    marked = None if base is None else order.tolist().index(base)
    even = _too_close(numbers)
    x = np.arange(len(numbers), dtype=float) if even else numbers
    figure = new_figure(5.6, 3.9 + 0.16 * subtitle.count('\n'))
    axes = add_axes(figure, 0.8, 0.75, 4.6, 3.9 - 0.75 - TITLE_HEIGHT)
    _draw_curve(axes, x, values)
    if marked is not None:
        _mark_place(axes, x[marked], values[marked])
    axes.set_xticks(x, [f'{one:g}' for one in numbers])
    reach = float(np.ptp(x)) or 1.0
    axes.set_xlim(x[0] - 0.06 * reach, x[-1] + 0.06 * reach)
    axes.set_xlabel(plain(key) + ' (not to scale)' * even, fontsize=9)
    axes.set_ylabel(plain(metric), fontsize=9)
    axes.grid(axis='y', color='#ececec')
    _dress(axes, ('left', 'bottom'))
    add_title(figure, plain(title), plain(subtitle), 0.2, 'left')
    return figure


def _too_close(numbers: np.ndarray) -> bool:
    if len(numbers) < 3:
        return False
    return bool(np.diff(numbers).min() < np.ptp(numbers) / 15)


def _draw_curve(
    axes: Axes, x: np.ndarray, values: Sequence[Sequence[float]]
) -> None:
    known = [i for i, some in enumerate(values) if some]
    mean = np.array([np.mean(values[i]) for i in known])
    spread = np.array([deviation(values[i]) for i in known])
    if spread.any():
        axes.fill_between(
            x[known], mean - spread, mean + spread, color=_LIGHT, alpha=0.3,
            lw=0,
        )  # fmt: skip
    axes.plot(x[known], mean, color=_DARK, lw=1.8, marker='o', ms=5.5)
    for place, some in zip(x, values, strict=True):
        if len(some) > 1:
            axes.plot(
                [place] * len(some), some, ls='', marker='o', ms=3.2,
                mfc='white', mec=_DARK, mew=0.7, alpha=0.8, zorder=3,
            )  # fmt: skip


def _mark_place(axes: Axes, place: float, some: Sequence[float]) -> None:
    axes.axvline(place, color=MARK, lw=1.1, ls=(0, (4, 2)), zorder=0)
    if some:
        axes.plot(
            [place], [np.mean(some)], ls='', marker='o', ms=10, mfc='none',
            mec=MARK, mew=1.5, zorder=4,
        )  # fmt: skip
    axes.annotate(
        'base', (place, 1.0), (0, 2), textcoords='offset points',
        xycoords=('data', 'axes fraction'), ha='center', va='bottom',
        fontsize=8, color=MARK, annotation_clip=False,
    )  # fmt: skip


def plot_settings(
    names: Sequence[str],
    values: Sequence[Sequence[float]],
    metric: str,
    *,
    base: int | None = None,
    title: str = '',
    subtitle: str = '',
) -> Figure:
    """Draw the metric of named settings, one below the other.

    A bar reaches from the mean of the base setting, which a line marks, to
    that of the setting: its length is what the setting changes. Without a
    base there are no bars, as a bar from anywhere but zero would mislead.
    Whiskers show one standard deviation, points single seeds. Of more than 60
    settings the first are shown, and the subtitle says so.

    Args:
        names: S names.
        values: For each the values of its seeds; may be empty.
        metric: What was measured, with its unit.
        base: Position of the base setting. Defaults to None: not there.
        title: Of the picture. Defaults to none.
        subtitle: Further facts. Defaults to none.

    Returns:
        A figure with its own Agg canvas.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If the lengths differ, or there are no values at all.
    """
    _check(len(names), values)
    total, size = len(names), min(len(names), _MAX_BARS)
    line = None
    if base is not None and values[base]:
        line = float(np.mean(values[base]))
    labels = [shorten(name, _NAME_WIDTH) for name in names[:size]]
    values = [list(some) for some in values[:size]]
    if size < total:
        subtitle = f'{subtitle}; the first {size} of {total} settings'
    left = 0.35 + 0.078 * max(map(len, labels))
    height = 0.36 * size + 0.1
    head = TITLE_HEIGHT + 0.12 + 0.16 * subtitle.count('\n')
    width = left + 3.4 + 1.5
    figure = new_figure(width, height + head + 0.65)
    axes = add_axes(figure, left, 0.65, 3.4, height)
    for place, some in enumerate(values):
        _draw_setting(axes, place, some, line, place == base)
    axes.set_ylim(size - 0.45, -0.55)
    axes.set_yticks(range(size), labels, fontsize=9)
    axes.tick_params(axis='y', length=0)
    if base is not None and base < size:
        axes.get_yticklabels()[base].set_color(MARK)
    if line is not None:
        axes.axvline(line, color=MARK, lw=1.1, ls=(0, (4, 2)), zorder=1)
        axes.annotate(
            'base', (line, 1.0), (0, 2), textcoords='offset points',
            xycoords=('data', 'axes fraction'), ha='center', va='bottom',
            fontsize=8, color=MARK,
        )  # fmt: skip
    axes.margins(x=0.06)
    axes.locator_params(axis='x', nbins=6)
    axes.set_xlabel(plain(metric), fontsize=9)
    axes.grid(axis='x', color='#ececec')
    _dress(axes, ('bottom',))
    axes.tick_params(axis='y', labelsize=9)
    add_title(figure, plain(title), plain(subtitle), 0.2, 'left')
    return figure


def _draw_setting(
    axes: Axes,
    place: int,
    some: Sequence[float],
    line: float | None,
    is_base: bool,
) -> None:
    colour = MARK if is_base else _DARK
    mean, spread = np.mean(some) if some else 0.0, deviation(some)
    if some:
        if line is not None:
            axes.barh(place, mean - line, 0.55, left=line, color=_BAR)
        if spread:
            axes.plot(
                [mean - spread, mean + spread], [place, place], color=colour,
                lw=1.3, zorder=2,
            )  # fmt: skip
        axes.plot([mean], [place], 'o', ms=6, color=colour, zorder=4)
    if len(some) > 1:
        axes.plot(
            some, [place] * len(some), ls='', marker='o', ms=3.4, mfc='white',
            mec=colour, mew=0.7, alpha=0.9, zorder=5,
        )  # fmt: skip
    text = mean_and_spread(some)
    axes.annotate(
        text, (1.0, place), (8, 0), textcoords='offset points',
        xycoords=('axes fraction', 'data'), va='center', fontsize=8.5,
        color='#333333' if some else _GREY, annotation_clip=False,
    )  # fmt: skip


def mean_and_spread(some: Sequence[float]) -> str:
    """Mean, standard deviation and number of values, for a label.

    Args:
        some: Values of the seeds; may be empty.
    """
    if not len(some):
        return 'no result'
    text = f'{np.mean(some):.2f}'
    if len(some) > 1:
        text += f' ± {deviation(some):.2f}'
    return f'{text}  ({len(some)})'


def deviation(some: Sequence[float]) -> float:
    """Standard deviation (n - 1); 0 below two values."""
    return float(np.std(some, ddof=1)) if len(some) > 1 else 0.0


def _check(size: int, values: Sequence[Sequence[float]]) -> None:
    if size != len(values):
        raise ValueError(f'{len(values)} lists of values for {size} settings')
    if not any(len(some) for some in values):
        raise ValueError('there are no values to draw')


def _dress(axes: Axes, shown: Sequence[str]) -> None:
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8.5, color='#cccccc')
    pale_frame(axes, shown)
