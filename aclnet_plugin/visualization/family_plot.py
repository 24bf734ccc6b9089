"""The Motion Families as a graph on a circle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .class_order import classes_of_first_pairs, sort_pairs
from .confusion_table import pair_shares
from .family_layout import edge_strength, place_on_circle, split_groups
from .family_marks import (
    GREY,
    add_legend,
    arc_colours,
    draw_class,
    draw_edges,
)
from .figure import TITLE_HEIGHT, add_axes, add_title, new_figure
from .input_checks import check_counts, check_member, check_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MAX_CLASSES = 60
_MAX_EDGES = 180


def plot_family_graph(
    member: np.ndarray,
    counts: np.ndarray | None = None,
    class_names: Sequence[str] | None = None,
) -> Figure:
    """Draw the Motion Families as a graph on a circle.

    Every class is a node; two classes are joined if one belongs to the
    family of the other. Classes that are connected, directly or through
    others, stand side by side and share a colour; a connected group of more
    than six classes is coloured by its close groups instead (greedy
    modularity), with grey edges between them. Classes without family are
    faint. With ``counts`` an edge is the wider, the larger the pair's part
    in the confusions of its two classes.

    Of more than 60 classes only those of the most frequent confusions within
    families are shown, of more than 180 edges only the widest (without
    ``counts``: mutual ones first). The subtitle says so; groups follow the
    edges that are drawn.

    Args:
        member: Membership (K, K) of bool; row i is the family of class i.
            The diagonal is ignored.
        counts: Confusion counts (K, K) for the widths. Defaults to None.
        class_names: K names. Defaults to the class indices.

    Returns:
        A figure with its own Agg canvas; save it with ``savefig``.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If an array is not (K, K) or has impossible values, or if
            the number of names is not K.
    """
    member = check_member(member)
    total = len(member)
    names = check_names(class_names, total)
    counts = check_counts(np.zeros(member.shape) if counts is None else counts)
    if counts.shape != member.shape:
        raise ValueError(
            f'counts {counts.shape} and member {member.shape} must have '
            'the same shape'
        )
    shown = np.arange(total)
    if total > _MAX_CLASSES:
        frequent = sort_pairs(member, counts + counts.T)
        shown = classes_of_first_pairs(frequent, _MAX_CLASSES)
    share = pair_shares(counts)
    all_pairs = sort_pairs(member, share)
    pairs = all_pairs[np.isin(all_pairs, shown).all(1)][:_MAX_EDGES]
    rows, cols = pairs.T
    strength = edge_strength(member.shape, pairs, share)
    joined, arcs, loose = split_groups(strength, shown)
    last = [loose] if len(loose) else []
    points = place_on_circle(arcs + last)
    colours = arc_colours(arcs)
    in_family = member.any(1) | member.any(0)

    figure, axes, font = _new_circle([names[cls] for cls in shown])
    widths = draw_edges(axes, pairs, share[rows, cols], points, colours)
    for cls, point in points.items():
        colour = colours.get(cls, GREY) if in_family[cls] else None
        draw_class(axes, point, names[cls], font, colour)
    add_legend(axes, widths, faint=not in_family[shown].all())

    classes = f'{in_family.sum()} of {total} classes are part of a family'
    if len(shown) < total:
        classes += f'; shown: {len(shown)}, those confused most'
    edges = _plural(len(pairs), 'edge')
    if len(pairs) < len(all_pairs):
        edges = f'{len(pairs)} of {len(all_pairs)} edges drawn'
    edges += f', {_plural(len(joined), "connected group")}'
    if len(arcs) > len(joined):
        edges += f', {_plural(len(arcs), "close group")} (colours)'
    middle = figure.get_figwidth() / 2
    title = 'Motion Families'
    add_title(figure, title, f'{classes}\n{edges}', middle, 'center')
    return figure


def _new_circle(labels: list[str]) -> tuple[Figure, Axes, float]:
    """Make a page on which a unit circle has room for labels of a font."""
    font = float(np.clip(420 / max(len(labels), 1), 6.5, 9.5))
    radius = max(2.4, len(labels) * font * 1.45 / 72 / (2 * np.pi))  # inches
    longest = max(map(len, labels), default=1)
    side = 2 * (radius + longest * font * 0.0083 + 0.35)
    figure = new_figure(side, side + 0.6 + TITLE_HEIGHT)
    axes = add_axes(figure, 0, 0.6, side, side)
    span = side / 2 / radius
    axes.set(xlim=(-span, span), ylim=(-span, span), aspect='equal')
    axes.axis('off')
    return figure, axes, font


def _plural(number: int, noun: str) -> str:
    return f'{number} {noun}{"" if number == 1 else "s"}'
