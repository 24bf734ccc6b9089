"""Where each class stands on the circle of the family graph.

Everywhere ``strength`` (K, K) holds symmetric edge weights, zero where two
classes are not joined.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse.csgraph import connected_components

from .class_order import order_by_confusion, sort_pairs
from .confusion_table import pair_shares

_MAX_GROUP = 6  # larger connected groups are split into close groups


def connected_groups(
    strength: np.ndarray, shown: np.ndarray
) -> list[np.ndarray]:
    """Split the classes ``shown`` (S,) into connected ones, largest first."""
    if not len(shown):
        return []
    number, label = connected_components(strength[np.ix_(shown, shown)] > 0)
    groups = [shown[label == i] for i in range(number)]
    return sorted(groups, key=lambda group: (-len(group), group[0]))


def close_groups(strength: np.ndarray) -> list[np.ndarray]:
    """Split one connected graph into close groups by greedy modularity.

    Starting from single classes, the two groups whose union raises the
    modularity most are merged until no union raises it. The result
    partitions ``range(S)`` if ``strength`` is (S, S).
    """
    part = strength / strength.sum()
    groups = [[i] for i in range(len(part))]
    while len(groups) > 1:
        degree = part.sum(1)
        gain = 2 * (part - np.outer(degree, degree))
        gain[part == 0] = -1
        np.fill_diagonal(gain, -1)
        i, j = sorted(np.unravel_index(gain.argmax(), gain.shape))
        if gain[i, j] <= 0:
            break
        part[i] += part[j]
        part[:, i] += part[:, j]
        part = np.delete(np.delete(part, j, 0), j, 1)
        groups[i] += groups.pop(j)
    return [np.array(group) for group in groups]


def arrange_group(group: np.ndarray, strength: np.ndarray) -> list[np.ndarray]:
    """Order the classes of one connected ``group`` (S,) along the circle.

    A large group is split into its close groups, an arc for each.
    """
    inner = strength[np.ix_(group, group)]
    if len(group) <= _MAX_GROUP:
        return [group[order_by_confusion(inner)]]
    parts = close_groups(inner)
    between = np.array(
        [[inner[np.ix_(a, b)].sum() for b in parts] for a in parts]
    )
    np.fill_diagonal(between, 0)
    ordered = [parts[i] for i in order_by_confusion(between)]
    return [
        group[part[order_by_confusion(inner[np.ix_(part, part)])]]
        for part in ordered
    ]


def edge_strength(
    shape: tuple[int, int], pairs: np.ndarray, share: np.ndarray
) -> np.ndarray:
    """Edge weights (K, K) of ``pairs`` (E, 2) with their shares (K, K)."""
    rows, cols = pairs.T
    # A small constant keeps family pairs without a counted confusion joined.
    strength = np.zeros(shape)
    strength[rows, cols] = strength[cols, rows] = share[rows, cols] + 1e-3
    return strength


def split_groups(
    strength: np.ndarray, shown: np.ndarray
) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Groups and arcs of the classes ``shown`` (S,).

    Returns the connected groups of more than one class, their arcs (close
    groups in an order in which neighbours are joined) and the other classes.
    """
    groups = connected_groups(strength, shown)
    joined = [group for group in groups if len(group) > 1]
    loose = [group for group in groups if len(group) == 1]
    arcs = [arc for group in joined for arc in arrange_group(group, strength)]
    rest = np.concatenate(loose) if loose else np.zeros(0, int)
    return joined, arcs, rest


def family_blocks(
    member: np.ndarray, counts: np.ndarray
) -> tuple[list[np.ndarray], np.ndarray]:
    """Blocks of classes whose families belong together.

    Families overlap, so that no order has each of them in one piece. The
    blocks are the connected groups of the family graph, large ones split
    into close groups, as :func:`~.family_plot.plot_family_graph` colours
    them.

    Args:
        member: Membership (K, K) of bool; the diagonal is ignored.
        counts: Confusion counts (K, K), which say how close two classes are.

    Returns:
        The blocks, and the classes that are in no family.
    """
    share = pair_shares(counts)
    pairs = sort_pairs(member, share)
    strength = edge_strength(member.shape, pairs, share)
    _, arcs, rest = split_groups(strength, np.arange(len(member)))
    return arcs, rest


def place_on_circle(arcs: list[np.ndarray]) -> dict[int, np.ndarray]:
    """Map each class to a point (2,), clockwise, with gaps between arcs."""
    gap = 0.6 if len(arcs) > 1 else 0.0
    slots = sum(len(arc) + gap for arc in arcs)
    points: dict[int, np.ndarray] = {}
    for number, arc in enumerate(arcs):
        for cls in arc.tolist():
            turn = 2 * np.pi * (len(points) + number * gap) / slots
            points[cls] = np.array([np.sin(turn), np.cos(turn)])
    return points
