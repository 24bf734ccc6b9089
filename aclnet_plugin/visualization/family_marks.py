"""What the family graph is drawn with: nodes, edges and their legend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GREY = '#8a8a8a'
_FAINT = '#b8b8b8'
_COLOURS = 'blue orange green red purple brown pink olive cyan'.split()


def group_colour(number: int) -> str:
    """Colour of the group with this number, from 0."""
    return f'tab:{_COLOURS[number % len(_COLOURS)]}'


def arc_colours(arcs: list[np.ndarray]) -> dict[int, str]:
    """Give the classes of each arc the same colour."""
    return {
        cls: group_colour(number)
        for number, arc in enumerate(arcs)
        for cls in arc.tolist()
    }


def draw_class(
    axes: Axes, point: np.ndarray, name: str, font: float, colour: str | None
) -> None:
    """Mark a class at ``point`` (2,); it is faint without a colour.

    The name reads outwards and never upside down.
    """
    size = 6.5 if colour else 4
    style = {'ms': size, 'mec': 'white', 'mew': 0.6, 'zorder': 3}
    axes.plot(*point, 'o', color=colour or _FAINT, **style)
    left = point[0] < -1e-9
    radius = axes.figure.get_figwidth() / np.ptp(axes.get_xlim())  # inches
    axes.text(
        *point * (1 + 0.13 / radius),
        name,
        rotation=np.degrees(np.arctan2(*point[::-1])) + 180 * left,
        rotation_mode='anchor',
        ha='right' if left else 'left',
        va='center',
        fontsize=font,
        color='#222222' if colour else '#9a9a9a',
    )


def draw_edges(
    axes: Axes,
    pairs: np.ndarray,
    share: np.ndarray,
    points: dict[int, np.ndarray],
    colours: dict[int, str],
) -> dict[float, float]:
    """Join ``pairs`` (E, 2) by curves, the wider the larger their share.

    Shares (E,) are in falling order; if all are 0, widths are equal. Returns
    the line widths of some rounded shares, for the legend.
    """
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    peak = share.max(initial=0)
    part = share / peak if peak else np.full(len(pairs), 0.5)
    width = 0.5 + 4.5 * part if peak else np.ones(len(pairs))
    codes = [Path.MOVETO, Path.CURVE3, Path.CURVE3]
    for edge in reversed(range(len(pairs))):  # the widest come on top
        i, j = pairs[edge].tolist()
        apart = np.linalg.norm(points[i] - points[j]) / 2
        pull = (points[i] + points[j]) / 2 * (1 - 0.75 * apart**0.5)
        curve = PathPatch(
            Path([points[i], pull, points[j]], codes),
            facecolor='none',
            edgecolor=colours[i] if colours[i] == colours[j] else GREY,
            linewidth=width[edge],
            alpha=0.25 + 0.6 * part[edge],
            capstyle='round',
            zorder=1,
        )
        axes.add_patch(curve)
    if not peak:
        return {}
    examples = {float(f'{peak * scale:.1g}') for scale in (0.25, 0.5, 1)}
    return {value: 0.5 + 4.5 * value / peak for value in sorted(examples)}


def add_legend(axes: Axes, widths: dict[float, float], faint: bool) -> None:
    """Explain the edge widths and the faint nodes, as far as there are any."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color='#777777', lw=width, label=f'{100 * share:g} %')
        for share, width in widths.items()
    ]
    if faint:
        dot = {'ls': '', 'marker': 'o', 'color': _FAINT}
        handles.append(Line2D([], [], label='no family', **dot))
    if not handles:
        return
    title = "width: pair's share of its two classes' confusions"
    axes.legend(
        handles=handles,
        title=title if widths else None,
        loc='upper center',
        bbox_to_anchor=(0.5, 0.02),
        ncols=len(handles),
        frameon=False,
        fontsize=8,
        title_fontsize=8,
    )
