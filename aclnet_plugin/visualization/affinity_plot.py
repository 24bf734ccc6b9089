"""The affinities of one class as bars."""

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

_MEMBER = ('#1f5f8b', '#7fb3d5')
_OTHER = ('#8a8a8a', '#c9c9c9')
_MAX_BARS = 40


def plot_affinities(
    owner: str,
    names: Sequence[str],
    direct: np.ndarray,
    indirect: np.ndarray,
    member: np.ndarray,
    threshold: float | None = None,
    subtitle: str = '',
) -> Figure:
    """Draw what the affinity of each class to one consists of.

    A bar is the sum of a dark part, whether the class is among the most
    frequent confusions, and a light one, how many of these the two classes
    share. Members of the family are blue, others grey. Of more than 40
    classes the first are shown, and the subtitle says so.

    Args:
        owner: Name of the class whose family it is.
        names: S names, in the order of the bars.
        direct: ``(S,)``, 0 or 0.5.
        indirect: ``(S,)``, at least 0.
        member: ``(S,)`` bool.
        threshold: What an affinity has to exceed; a line marks it. Defaults
            to None: no line.
        subtitle: Further facts. Defaults to none.

    Returns:
        A figure with its own Agg canvas.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If the lengths differ.
    """
    total = len(direct)
    labels = check_names(names, total)
    if len(indirect) != total or len(member) != total:
        raise ValueError(
            f'direct, indirect and member must have one length, got {total}, '
            f'{len(indirect)} and {len(member)}'
        )
    member = np.asarray(member, bool)
    size = min(total, _MAX_BARS)
    margin = 0.35 + 0.082 * max(map(len, labels[:size]), default=8)
    height = 0.27 * max(size, 1)
    title_height = TITLE_HEIGHT + 0.16 * subtitle.count('\n')
    width = max(margin + 4.6, 6.4)
    figure = new_figure(width, height + title_height + 1.15)
    axes = add_axes(figure, margin, 1.15, width - margin - 0.6, height)
    direct, indirect = np.asarray(direct)[:size], np.asarray(indirect)[:size]
    _draw_bars(axes, direct, indirect, member[:size])
    _dress(axes, labels[:size], member[:size], threshold)
    _add_legend(figure, member[:size], threshold)
    if size < total:
        subtitle = f'{subtitle}; the first {size} of {total} classes'
    [name] = check_names([owner], 1)
    add_title(figure, f'Family of “{name}”', subtitle, 0.2, 'left')
    return figure


def _draw_bars(
    axes: Axes, direct: np.ndarray, indirect: np.ndarray, member: np.ndarray
) -> None:
    import matplotlib.patheffects as effects

    places = np.arange(len(direct))
    for part, start, shade in (
        (direct, np.zeros_like(direct), 0),
        (indirect, direct, 1),
    ):
        colours = [(_MEMBER if m else _OTHER)[shade] for m in member]
        axes.barh(places, part, 0.72, left=start, color=colours)
    halo = [effects.withStroke(linewidth=2.5, foreground='white')]
    for place, value in enumerate(direct + indirect):
        label = axes.annotate(
            f'{value:.2f}',
            (value, place),
            (4, 0),
            textcoords='offset points',
            va='center',
            fontsize=8,
            color='#444444',
            zorder=4,
        )
        label.set_path_effects(halo)


def _dress(
    axes: Axes, labels: list[str], member: np.ndarray, threshold: float | None
) -> None:
    size = len(labels)
    axes.set_yticks(range(size), labels, fontsize=9)
    for tick, known in zip(axes.get_yticklabels(), member, strict=True):
        tick.set_color('#222222' if known else '#8a8a8a')
    axes.set_ylim(size - 0.4, -0.6)
    axes.set_xlim(0, max(1.6, (threshold or 0) * 1.1))
    axes.set_xlabel('affinity', fontsize=9)
    axes.tick_params(axis='y', length=0)
    axes.tick_params(axis='x', labelsize=8, color='#cccccc')
    pale_frame(axes, ('bottom',))
    if threshold is not None:
        axes.axvline(
            threshold, color='#c8553d', lw=1.3, ls=(0, (4, 2)), zorder=3
        )
    if not size:
        axes.text(
            0.5,
            0.5,
            'no class has an affinity to it',
            transform=axes.transAxes,
            ha='center',
            va='center',
            fontsize=9,
            color='#8a8a8a',
        )


def _add_legend(
    figure: Figure, member: np.ndarray, threshold: float | None
) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    dark, light = _MEMBER if member.any() else _OTHER
    handles = [
        Patch(color=dark, label='among the top K confusions'),
        Patch(color=light, label='share of common confusions'),
    ]
    if member.any() and not member.all():
        handles.append(Patch(color=_OTHER[0], label='not a member'))
    if threshold is not None:
        line = {'color': '#c8553d', 'lw': 1.3, 'ls': (0, (4, 2))}
        label = f'threshold {threshold:.3g}'
        handles.append(Line2D([], [], label=label, **line))
    add_foot_legend(figure, handles, 2, left=0.15)
