"""Arms of a comparison: points by seed, and differences with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from .sweep_plot import MARK, mean_and_spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Interval = tuple[float, float, float]
"""Mean, lower and upper end."""

_DARK, _GREY, _LINE = '#1f5f8b', '#8a8a8a', '#b9c7d1'
_NAME_WIDTH = 40  # characters; longer names are shortened
LEFT_PLOT, _RIGHT_PLOT, NUMBERS = 3.3, 2.7, 1.25  # inches
_ROW = 0.42


def plot_comparison(
    names: Sequence[str],
    values: Sequence[Mapping[int, float]],
    differences: Sequence[Interval | None],
    metric: str,
    *,
    bootstrap: Sequence[tuple[float, float] | None] | None = None,
    base: int = 0,
    title: str = '',
    subtitle: str = '',
) -> Figure:
    """Draw arms one below the other.

    On the left are the values, a point for each seed; a line joins those of
    one seed, so that parallel lines tell of a difference that all seeds
    share. A tick marks the mean. On the right is the difference to the base,
    with its interval; it is dark if the interval leaves 0 out. A pale band is
    a second interval, that of a bootstrap.

    Args:
        names: A names.
        values: For each the values by seed; may be empty.
        differences: For each mean and interval of the difference to the
            base, the ends NaN if there is no interval; None if there is no
            difference, as for the base.
        metric: What was measured, with its unit.
        bootstrap: For each the ends of another interval, or None. Defaults
            to None: no others.
        base: Position of the base. Defaults to 0.
        title: Of the picture. Defaults to none.
        subtitle: Further facts. Defaults to none.

    Returns:
        A figure with its own Agg canvas.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If the lengths differ, there are no values at all, or
            ``base`` is no position.
    """
    bootstrap = bootstrap or [None] * len(names)
    sizes = {len(names), len(values), len(differences), len(bootstrap)}
    if len(sizes) > 1:
        raise ValueError(
            f'names, values, differences and bootstrap must have one length, '
            f'got {len(names)}, {len(values)}, {len(differences)} and '
            f'{len(bootstrap)}'
        )
    if not any(values):
        raise ValueError('there are no values to draw')
    if not 0 <= base < len(names):
        raise ValueError(f'base must be below {len(names)}, got {base}')
    size = len(names)
    labels = [shorten(name, _NAME_WIDTH) for name in names]
    left = 0.35 + 0.078 * max(map(len, labels))
    head = TITLE_HEIGHT + 0.3 + 0.16 * subtitle.count('\n')
    height = _ROW * size + 0.1
    second = left + LEFT_PLOT + NUMBERS + 0.15
    width = second + _RIGHT_PLOT + 1.6
    figure = new_figure(width, height + head + 0.65)
    points = add_axes(figure, left, 0.65, LEFT_PLOT, height)
    gains = add_axes(figure, second, 0.65, _RIGHT_PLOT, height)
    _draw_points(points, values, base)
    draw_gains(gains, differences, bootstrap, base)
    for axes in (points, gains):
        dress(axes, size)
    points.set_yticks(range(size), labels, fontsize=9)
    points.get_yticklabels()[base].set_color(MARK)
    gains.set_yticks([])
    points.set_xlabel(plain(metric), fontsize=9)
    gains.set_xlabel(f'difference to {labels[base]}', fontsize=9)
    for axes, text in ((points, 'by seed'), (gains, 'paired by seed')):
        axes.annotate(
            text, (0, 1), (0, 5), textcoords='offset points', ha='left',
            xycoords='axes fraction', fontsize=8.5, color='#555555',
        )  # fmt: skip
    add_title(figure, plain(title), plain(subtitle), 0.2, 'left')
    return figure


def _draw_points(
    axes: Axes, values: Sequence[Mapping[int, float]], base: int
) -> None:
    seeds = list(dict.fromkeys(seed for some in values for seed in some))
    for seed in seeds:
        rows = [row for row, some in enumerate(values) if seed in some]
        axes.plot(
            [values[row][seed] for row in rows], rows, color=_LINE, lw=0.9,
            zorder=1,
        )  # fmt: skip
    for row, some in enumerate(values):
        colour = MARK if row == base else _DARK
        found = list(some.values())
        axes.plot(
            found, [row] * len(found), ls='', marker='o', ms=4.6,
            mfc='white', mec=colour, mew=1.1, zorder=3,
        )  # fmt: skip
        if found:
            mean = np.mean(found)
            axes.plot(
                [mean, mean], [row - 0.24, row + 0.24], color=colour, lw=2.2,
                zorder=2, solid_capstyle='round',
            )  # fmt: skip
        _beside(axes, row, mean_and_spread(found), bool(found))
    axes.margins(x=0.08)
    axes.locator_params(axis='x', nbins=5)


def draw_gains(
    axes: Axes,
    differences: Sequence[Interval | None],
    bootstrap: Sequence[tuple[float, float] | None],
    base: int | None,
) -> None:
    """Draw differences with their intervals, a row for each.

    Args:
        axes: Where to draw.
        differences: See :func:`plot_comparison`.
        bootstrap: See :func:`plot_comparison`.
        base: Row that is marked as the base; None if none is.
    """
    axes.axvline(0, color=MARK, lw=1.1, ls=(0, (4, 2)), zorder=1)
    ends = [0.0]
    for row, (one, band) in enumerate(
        zip(differences, bootstrap, strict=True)
    ):
        if one is None:
            text = 'base' if row == base else 'no result'
            _beside(axes, row, text, row == base, MARK)
            continue
        mean, low, high = one
        known = bool(np.isfinite([low, high]).all())
        clear = known and (low > 0 or high < 0)
        colour = _DARK if clear else _GREY
        if band is not None:
            axes.barh(
                row, band[1] - band[0], 0.4, left=band[0], color=colour,
                alpha=0.22, lw=0, zorder=2,
            )  # fmt: skip
            ends += band
        if known:
            axes.plot(
                [low, high], [row, row], color=colour, lw=1.6, zorder=3,
                solid_capstyle='butt', marker='|', ms=7, mew=1.6,
            )  # fmt: skip
            ends += [low, high]
        axes.plot([mean], [row], 'o', ms=5.5, color=colour, zorder=4)
        ends.append(mean)
        text = f'{mean:+.2f}'
        if known:
            text += f'  [{low:+.2f}, {high:+.2f}]'
        _beside(axes, row, text, True)
    reach = float(np.ptp(ends)) or 1.0
    axes.set_xlim(min(ends) - 0.07 * reach, max(ends) + 0.07 * reach)
    axes.locator_params(axis='x', nbins=5)


def _beside(
    axes: Axes, row: int, text: str, known: bool, colour: str = '#333333'
) -> None:
    axes.annotate(
        text, (1.0, row), (8, 0), textcoords='offset points',
        xycoords=('axes fraction', 'data'), va='center', fontsize=8,
        color=colour if known else _GREY, annotation_clip=False,
    )  # fmt: skip


def dress(axes: Axes, size: int) -> None:
    """Frame, grid and limits of axes with ``size`` rows."""
    axes.set_ylim(size - 0.45, -0.55)
    axes.set_axisbelow(True)
    axes.grid(axis='x', color='#ececec')
    axes.tick_params(labelsize=8.5, color='#cccccc')
    axes.tick_params(axis='y', length=0)
    pale_frame(axes, ('bottom',))
