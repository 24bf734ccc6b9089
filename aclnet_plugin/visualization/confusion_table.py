"""The most frequent confusions, and counts expressed as shares."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .input_checks import check_counts


class Confusion(NamedTuple):
    """One entry of the confusion table.

    Attributes:
        true: Index of the true class.
        pred: Index of the class it was taken for.
        count: How often that happened.
        share: ``count`` divided by all confusions of the true class, in
            (0, 1]. Correct predictions never enter a share.
    """

    true: int
    pred: int
    count: int
    share: float


def top_confusions(counts: np.ndarray, k: int = 10) -> list[Confusion]:
    """List the most frequent confusions.

    The diagonal is ignored. Equal counts are ordered by true, then by
    predicted class.

    Args:
        counts: Confusion counts (K, K); rows are true classes.
        k: Length of the list, at least 1; shorter if fewer pairs have a
            positive count. Defaults to 10.

    Returns:
        The confusions, most frequent first.

    Raises:
        ValueError: If ``counts`` is not a square array of finite numbers
            >= 0, or ``k`` is below 1.

    Example:
        >>> top_confusions(np.array([[9, 3], [1, 9]]), k=1)
        [Confusion(true=0, pred=1, count=3, share=1.0)]
    """
    if k < 1:
        raise ValueError(f'k must be at least 1, got {k}')
    counts = check_counts(counts)
    share = row_shares(counts)
    order = np.argsort(-counts, axis=None, kind='stable')[:k]
    cells = zip(*np.unravel_index(order, counts.shape), strict=True)
    return [
        Confusion(int(i), int(j), round(counts[i, j]), float(share[i, j]))
        for i, j in cells
        if counts[i, j] > 0
    ]


def row_shares(counts: np.ndarray) -> np.ndarray:
    """Divide each row of ``counts`` (K, K) by its sum; empty ones stay 0."""
    rows = counts.sum(1, keepdims=True)
    return np.divide(counts, rows, out=np.zeros_like(counts), where=rows > 0)


def pair_shares(counts: np.ndarray) -> np.ndarray:
    """Share (K, K) of each pair in the confusions of its two classes."""
    both = counts + counts.T
    rows = counts.sum(1)
    base = rows[:, None] + rows[None, :]
    return np.divide(both, base, out=np.zeros_like(both), where=base > 0)
