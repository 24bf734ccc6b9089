"""Important joints and links, drawn on the skeleton."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .figure import TITLE_HEIGHT, add_axes, add_title, new_figure
from .input_checks import check_names
from .skeleton_plot import draw_skeleton, pose_limits

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..structures import SkeletonLayout

_COLOURS = 'YlOrRd'
_POSITIVE, _NEGATIVE = '#7b3fa0', '#1c8a7d'
_HEIGHT = 4.6  # inches of a skeleton
_GAP = 0.3  # inches between two
_CHARACTERS = 16  # of a subtitle, per inch
_NAMED = 4  # joints whose names are written, if their share is at least
_ABOVE = 1.2  # times that of equal shares


class ImportancePanel(NamedTuple):
    """What is drawn of one class.

    Attributes:
        title: Name of the class.
        subtitle: Further facts.
        pose: ``(V, 2)``, y upwards.
        visible: ``(V,)`` bool.
        importance: ``(V,)`` shares.
        links: ``(first, second, weight)``, the strongest first.
    """

    title: str
    subtitle: str
    pose: np.ndarray
    visible: np.ndarray
    importance: np.ndarray
    links: Sequence[tuple[int, int, float]]


def plot_importance(
    panels: Sequence[ImportancePanel],
    layout: SkeletonLayout,
    title: str = 'Joint and link importance',
    subtitle: str = '',
) -> Figure:
    """Draw skeletons whose joints are the larger and darker the more they do.

    Links are curves, the wider the stronger, in one colour for positive and
    another for negative weights. Sizes, colours and widths mean the same in
    all panels, and bodies have the same height.

    Args:
        panels: One for each class, side by side.
        layout: The skeleton.
        title: Of the whole. Defaults to 'Joint and link importance'.
        subtitle: Of the whole. Defaults to none.

    Returns:
        A figure with its own Agg canvas.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If there is no panel, or one is of another skeleton.
    """
    if not panels:
        raise ValueError('there is nothing to draw')
    for panel in panels:
        if len(panel.pose) != layout.num_joints:
            raise ValueError(
                f'a pose of {len(panel.pose)} joints does not fit the layout '
                f'{layout.name!r} with {layout.num_joints}'
            )
    boxes = [pose_limits(panel.pose, panel.visible, 0.1) for panel in panels]
    boxes = [_boxed(*box) for box in boxes]
    widths = [
        _HEIGHT * (right - left) / (top - bottom)
        for left, right, bottom, top in boxes
    ]
    every = np.concatenate([panel.importance for panel in panels])
    scale = (float(every.min()), float(every.max()))
    heaviest = max(
        (abs(link[2]) for panel in panels for link in panel.links), default=0.0
    )
    whole = max(sum(widths) + _GAP * len(widths) + 1.6, 4.6)
    subtitle = textwrap.fill(subtitle, int(whole * 13))
    foot, head = 0.6, TITLE_HEIGHT + 0.3 + 0.15 * subtitle.count('\n')
    figure = new_figure(whole, _HEIGHT + foot + head)
    start = 0.6
    for panel, box, width in zip(panels, boxes, widths, strict=True):
        axes = add_axes(figure, start, foot, width, _HEIGHT)
        left, right, bottom, top = box
        axes.set(xlim=(left, right), ylim=(bottom, top))
        axes.axis('off')
        _draw_panel(axes, panel, layout, scale, heaviest)
        _caption(figure, panel, start + width / 2, foot + _HEIGHT, width)
        start += width + _GAP
    _add_scale(figure, start + 0.2, foot, scale)
    _add_legend(figure, panels, heaviest)
    add_title(figure, title, subtitle, 0.25, 'left')
    return figure


def _boxed(
    left: float, right: float, bottom: float, top: float
) -> tuple[float, float, float, float]:
    """Widen a box to a shape between tall and wide, about its middle."""
    height = max(top - bottom, (right - left) / 1.4)
    width = max(right - left, 0.62 * height)
    x, y = (left + right) / 2, (bottom + top) / 2
    return x - width / 2, x + width / 2, y - height / 2, y + height / 2


def _caption(
    figure: Figure, panel: ImportancePanel, x: float, y: float, room: float
) -> None:
    """Write title and subtitle above a panel, cut to ``room`` inches."""
    fits = int(room * _CHARACTERS)
    subtitle = panel.subtitle
    if len(subtitle) > fits:
        subtitle = f'{subtitle[: fits - 1].rstrip()}…'
    width, height = figure.get_size_inches()
    [name] = check_names([panel.title], 1)
    where = {'x': x / width, 'ha': 'center', 'va': 'bottom'}
    figure.text(y=(y + 0.2) / height, s=name, fontsize=11, **where)
    figure.text(y=y / height, s=subtitle, fontsize=8, color='#666666', **where)


def _draw_panel(
    axes: Axes,
    panel: ImportancePanel,
    layout: SkeletonLayout,
    scale: tuple[float, float],
    heaviest: float,
) -> None:
    draw_skeleton(
        axes, panel.pose, layout, panel.visible, '#b9bec4', 3.2, zorder=1
    )
    _draw_links(axes, panel, heaviest)
    low, high = scale
    part = (panel.importance - low) / ((high - low) or 1)
    # Areas, so that twice as important looks twice as large.
    shown = np.flatnonzero(panel.visible)
    shown = shown[np.argsort(part[shown], kind='stable')]
    axes.scatter(
        *panel.pose[shown].T,
        s=12 + 230 * part[shown],
        c=part[shown],
        cmap=_COLOURS,
        vmin=0,
        vmax=1,
        edgecolors='#5a2a1a',
        linewidths=0.6,
        zorder=3,
    )
    if layout.joint_names:
        named = shown[::-1][:_NAMED]
        above = panel.importance[named] > _ABOVE / layout.num_joints
        _name_joints(axes, panel, layout, named[above])


def _draw_links(axes: Axes, panel: ImportancePanel, heaviest: float) -> None:
    """Draw links as arcs that bend away from the middle of the body."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    codes = [Path.MOVETO, Path.CURVE3, Path.CURVE3]
    middle = panel.pose[panel.visible].mean(0) if panel.visible.any() else 0
    for first, second, weight in reversed(panel.links):
        if not (panel.visible[first] and panel.visible[second]):
            continue
        ends = panel.pose[[first, second]]
        along = ends[1] - ends[0]
        across = np.array([-along[1], along[0]])
        centre = ends.mean(0)
        outwards = 1.0 if across @ (centre - middle) >= 0 else -1.0
        bend = centre + 0.28 * outwards * across
        part = abs(weight) / heaviest if heaviest else 0.0
        curve = PathPatch(
            Path([ends[0], bend, ends[1]], codes),
            facecolor='none',
            edgecolor=_POSITIVE if weight > 0 else _NEGATIVE,
            linewidth=0.6 + 3.4 * part,
            alpha=0.3 + 0.5 * part,
            capstyle='round',
            zorder=2,
        )
        axes.add_patch(curve)


def _name_joints(
    axes: Axes,
    panel: ImportancePanel,
    layout: SkeletonLayout,
    joints: np.ndarray,
) -> None:
    """Write names beside joints, without one name on another."""
    import matplotlib.patheffects as effects

    points = panel.pose[panel.visible]
    centre = points.mean(0)[0]
    bottom, top = axes.get_ylim()
    near = 0.035 * (top - bottom)
    taken: list[tuple[bool, float]] = []
    for joint in joints.tolist():
        x, y = panel.pose[joint]
        left = bool(x < centre)
        if any(
            side == left and abs(y - other) < near for side, other in taken
        ):
            continue  # the larger joint there has its name already
        taken.append((left, y))
        # Past the joints that crowd around it.
        crowd = points[
            (np.abs(points - (x, y)) < (1.6 * near, near)).all(1), 0
        ]
        label = axes.annotate(
            layout.joint_names[joint].replace('_', ' '),
            (crowd.min() if left else crowd.max(), y),
            (-13 if left else 13, 0),
            textcoords='offset points',
            ha='right' if left else 'left',
            va='center',
            fontsize=7.5,
            color='#333333',
            zorder=4,
        )
        label.set_path_effects(
            [effects.withStroke(linewidth=2, foreground='white')]
        )


def _add_scale(
    figure: Figure, left: float, foot: float, scale: tuple[float, float]
) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    axes = add_axes(figure, left, foot + 1.0, 0.13, _HEIGHT - 2.0)
    low, high = 100 * scale[0], 100 * scale[1]
    if low == high:
        high = low + 1
    colours = ScalarMappable(Normalize(low, high), _COLOURS)
    bar = figure.colorbar(colours, cax=axes)
    bar.set_label("joint's share of all links (%)", fontsize=8)
    bar.ax.tick_params(labelsize=7.5)
    bar.outline.set_visible(False)


def _add_legend(
    figure: Figure, panels: Sequence[ImportancePanel], heaviest: float
) -> None:
    from matplotlib.lines import Line2D

    weights = [link[2] for panel in panels for link in panel.links]
    handles = []
    for colour, name, known in (
        (_POSITIVE, 'positive', any(weight > 0 for weight in weights)),
        (_NEGATIVE, 'negative', any(weight < 0 for weight in weights)),
    ):
        if known:
            line = {'color': colour, 'lw': 4, 'alpha': 0.8}
            label = f'{name} link, {heaviest:.2g} at this width'
            handles.append(Line2D([], [], label=label, **line))
    handles.append(Line2D([], [], color='#b9bec4', lw=3.2, label='bone'))
    figure.legend(
        handles=handles,
        loc='lower left',
        bbox_to_anchor=(0.1 / figure.get_figwidth(), 0.0),
        ncols=1 if len(panels) == 1 else 3,
        frameon=False,
        fontsize=8,
    )
