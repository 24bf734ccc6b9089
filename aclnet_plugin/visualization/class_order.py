"""Which classes a picture shows, and in which order."""

from __future__ import annotations

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from .confusion_table import pair_shares


def order_by_confusion(counts: np.ndarray) -> np.ndarray:
    """Order classes so that those confused with each other are neighbours.

    This is the leaf order of a hierarchical clustering of the symmetrised
    ``counts`` (K, K). Classes without any confusion come last, by index.
    """
    active = counts.sum(0) + counts.sum(1) > 0
    used, idle = np.flatnonzero(active), np.flatnonzero(~active)
    if len(used) < 3:
        return np.concatenate([used, idle])
    likeness = pair_shares(counts[np.ix_(used, used)])
    distance = squareform(1 - likeness / likeness.max(), checks=False)
    tree = linkage(distance, 'average', optimal_ordering=True)
    return np.concatenate([used[leaves_list(tree)], idle])


def sort_pairs(member: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """List the pairs that ``member`` (K, K) joins in either direction.

    Args:
        member: Which class goes with which, of bool.
        weight: Symmetric weights (K, K).

    Returns:
        Pairs of classes (E, 2), i < j; heavy ones first, then mutual ones.
    """
    rows, cols = np.nonzero(np.triu(member | member.T, 1))
    mutual = (member & member.T)[rows, cols]
    order = np.lexsort((~mutual, -weight[rows, cols]))
    return np.stack([rows, cols], 1)[order]


def classes_of_first_pairs(pairs: np.ndarray, limit: int) -> np.ndarray:
    """Collect at most ``limit`` classes, walking ``pairs`` (E, 2) in order.

    Taking pairs and not single classes shows the two sides of a confusion.
    """
    chosen: set[int] = set()
    for pair in pairs.tolist():
        if len(chosen.union(pair)) <= limit:
            chosen.update(pair)
    return np.array(sorted(chosen), dtype=int)
