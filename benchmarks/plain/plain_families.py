"""Motion Families, class by class (Eq. 3 to 6)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from torch import Tensor


class Overlap(NamedTuple):
    """A way to M(i, j).

    Attributes:
        hold: Makes of a list what a class keeps of its neighbours, once.
        count: Neighbours of two classes and the number of classes to
            M(i, j).
    """

    hold: Callable[[list[int]], Collection[int]]
    count: Callable[[Collection[int], Collection[int], int], int]


def _as_written(
    first: Collection[int], second: Collection[int], num_classes: int
) -> int:
    return sum((p in first) * (p in second) for p in range(num_classes))


def _looked_up(first: set[int], second: set[int], num_classes: int) -> int:
    return sum(1 for p in range(num_classes) if p in first and p in second)


def _intersection(first: set[int], second: set[int], _: int) -> int:
    return len(first & second)


AS_WRITTEN = Overlap(list, _as_written)
"""Eq. 4 and 5 word by word: the sum of I(i, p) I(j, p) over all p."""
IN_SETS = Overlap(set, _looked_up)
"""The same sum, looked up in sets, the second only if need be."""
BY_INTERSECTION = Overlap(set, _intersection)
"""By Python's own intersection of sets."""


def plain_families(
    counts: Tensor,
    top_k: int = 10,
    overlap_threshold: int = 4,
    overlap: Overlap = AS_WRITTEN,
) -> list[set[int]]:
    """The family of each class, in the ``paper`` behaviour.

    Args:
        counts: ``(K, K)`` int64 confusion counts.
        top_k: Neighbour set size K.
        overlap_threshold: n_o.
        overlap: One of the above.
    """
    num_classes = len(counts)
    neighbours = []
    for i, row in enumerate(counts.tolist()):
        confused = [j for j, n in enumerate(row) if j != i and n > 0]
        confused.sort(key=lambda j: -row[j])
        neighbours.append(overlap.hold(confused[:top_k]))
    families = []
    for i in range(num_classes):
        size = len(neighbours[i])
        family = set()
        for j in range(num_classes):
            shared = overlap.count(neighbours[i], neighbours[j], num_classes)
            # w_ij > n_o / K, times 2 K |N(i)|.
            affinity = top_k * (size * (j in neighbours[i]) + 2 * shared)
            if i != j and affinity > 2 * overlap_threshold * size:
                family.add(j)
        families.append(family)
    return families
