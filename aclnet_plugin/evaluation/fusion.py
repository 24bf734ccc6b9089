"""Weighted sums of scores, and how often they are right.

Scores are probabilities averaged over clips. A fused score is their weighted
sum; no softmax follows, which would change the order of sums.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

DEFAULT_WEIGHTS = {'j': 2, 'b': 2, 'k': 2, 'jm': 1, 'bm': 1, 'km': 1}
"""Weight of each stream as in the field: motion counts half."""

COMBINATIONS = {
    '2 streams': ('j', 'b'),
    '4 streams': ('j', 'b', 'jm', 'bm'),
    '6 streams': ('j', 'b', 'k', 'jm', 'bm', 'km'),
}
"""The combinations that papers report."""

METRICS = ('top1', 'top5', 'mean_class')


def fuse(scores: np.ndarray, weights: Sequence[float]) -> np.ndarray:
    """Weighted sum.

    Args:
        scores: ``(S, N, C)``, one row of probabilities per stream and sample.
        weights: ``(S,)``.

    Returns:
        ``(N, C)`` float64; rows sum to the sum of the weights.
    """
    weights = np.asarray(weights, np.float64)
    return np.tensordot(weights, np.asarray(scores, np.float64), 1)


def ranks_of_labels(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How many classes are preferred to the right one.

    Of classes with equal scores the first is preferred, as ``argmax`` does.
    MMAction2's ``top_k_accuracy`` leaves this to the sorting algorithm, and
    counts another class for top-1 than ``mean_class_accuracy`` does.

    Args:
        scores: ``(N, C)``.
        labels: ``(N,)`` int64.

    Returns:
        ``(N,)`` int64; 0 where the right class comes first.
    """
    own = np.take_along_axis(scores, labels[:, None], 1)
    before = np.arange(scores.shape[1]) < labels[:, None]
    return ((scores > own) | ((scores == own) & before)).sum(1)


def accuracies(scores: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Top-1, top-5 and mean-class accuracy.

    The mean is over the classes that have samples. (MMAction2 also counts
    a class that is predicted but has none, as a zero; where every class has
    samples, the two agree.)

    Args:
        scores: ``(N, C)``.
        labels: ``(N,)`` int64.

    Returns:
        ``top1``, ``top5`` and ``mean_class``, from 0 to 1.
    """
    ranks = ranks_of_labels(scores, labels)
    totals = np.bincount(labels)
    hits = np.bincount(labels[ranks == 0], minlength=len(totals))
    seen = totals > 0
    return {
        'top1': float((ranks == 0).mean()),
        'top5': float((ranks < 5).mean()),
        'mean_class': float((hits[seen] / totals[seen]).mean()),
    }


def leave_one_out(
    scores: np.ndarray, labels: np.ndarray, weights: Sequence[float]
) -> list[dict[str, float]]:
    """What each stream adds: accuracy of all minus that of the others.

    Args:
        scores: ``(S, N, C)``, at least two streams.
        labels: ``(N,)`` int64.
        weights: ``(S,)``.

    Returns:
        For each stream the differences of :func:`accuracies`; negative where
        the others do better alone. A stream without which no weight is left
        adds everything.
    """
    weights = np.asarray(weights, np.float64)
    whole = accuracies(fuse(scores, weights), labels)
    added = []
    for stream in range(len(scores)):
        others = weights.copy()
        others[stream] = 0
        rest = dict.fromkeys(METRICS, 0.0)
        if others.any():
            rest = accuracies(fuse(scores, others), labels)
        added.append({name: whole[name] - rest[name] for name in METRICS})
    return added
