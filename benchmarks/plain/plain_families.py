"""Motion Families, class by class (Eq. 3 to 6)."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

Overlap = Callable[[list[int], list[int], int], int]
"""Two neighbour lists and the number of classes to M(i, j)."""


def overlap_as_written(
    first: list[int], second: list[int], num_classes: int
) -> int:
    """Eq. 4 and 5 word by word: the sum of I(i, p) I(j, p) over all p."""
    return sum((p in first) * (p in second) for p in range(num_classes))


def overlap_in_sets(first: list[int], second: list[int], num: int) -> int:
    """The same sum, looked up in sets, the second only if need be."""
    first, second = set(first), set(second)
    return sum(1 for p in range(num) if p in first and p in second)


def overlap_by_intersection(
    first: list[int], second: list[int], _: int
) -> int:
    """By Python's own intersection of sets."""
    return len(set(first) & set(second))


def plain_families(
    counts: Tensor,
    top_k: int = 10,
    overlap_threshold: int = 4,
    overlap_of: Overlap = overlap_as_written,
) -> list[set[int]]:
    """The family of each class, in the ``paper`` behaviour.

    Args:
        counts: ``(K, K)`` int64 confusion counts.
        top_k: Neighbour set size K.
        overlap_threshold: n_o.
        overlap_of: One of the above.
    """
    num_classes = len(counts)
    neighbours = []
    for i, row in enumerate(counts.tolist()):
        confused = [j for j, n in enumerate(row) if j != i and n > 0]
        confused.sort(key=lambda j: -row[j])
        neighbours.append(confused[:top_k])
    families = []
    for i in range(num_classes):
        size = len(neighbours[i])
        family = set()
        for j in range(num_classes):
            overlap = overlap_of(neighbours[i], neighbours[j], num_classes)
            # w_ij > n_o / K, times 2 K |N(i)|.
            affinity = top_k * (size * (j in neighbours[i]) + 2 * overlap)
            if i != j and affinity > 2 * overlap_threshold * size:
                family.add(j)
        families.append(family)
    return families
