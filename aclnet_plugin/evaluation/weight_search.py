"""Weights of streams that suit a set of labelled samples best."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

MAX_CANDIDATES = 5000
MAX_LEVEL = 10
_CHUNK = 2**22  # scores at once, 32 MB

Track = Callable[[Iterable], Iterable]


def weight_grid(streams: int) -> np.ndarray:
    """Whole-numbered weights to try, without multiples of each other.

    The more streams, the coarser: every combination of 0 to 10 for up to
    three, 0 to 3 for six, 0 and 1 from eight on.

    Args:
        streams: S, at least 1.

    Returns:
        ``(G, S)`` int64, at most 5000 rows, in lexicographic order.

    Raises:
        ValueError: If there are more than twelve streams.
    """
    level = next(
        (
            level
            for level in range(MAX_LEVEL, 0, -1)
            if (level + 1) ** streams <= MAX_CANDIDATES
        ),
        0,
    )
    if not level:
        raise ValueError(
            f'weights of {streams} streams cannot be searched, of twelve at '
            f'most; leave some out or give weights'
        )
    return np.array(
        [
            weights
            for weights in itertools.product(range(level + 1), repeat=streams)
            if math.gcd(*weights) == 1
        ]
    )


def search_weights(
    scores: np.ndarray,
    labels: np.ndarray,
    start: Sequence[float],
    track: Track = iter,
) -> tuple[float, ...]:
    """Find the weights of the highest top-1 accuracy by trying all.

    Of equally good weights those nearest to ``start`` are taken, and of
    equally near ones the first: the result depends on nothing but the
    arguments.

    Args:
        scores: ``(S, N, C)``.
        labels: ``(N,)`` int64.
        start: ``(S,)``, tried as well and kept unless others are better.
        track: Wraps the loop, for a progress bar. Defaults to none.

    Returns:
        ``(S,)``.
    """
    scores = np.asarray(scores, np.float64)
    start = np.asarray(start, np.float64)
    grid = np.vstack([start, weight_grid(len(scores))])
    first = scores.argmax(2)
    # Where all streams agree, no weights make a difference.
    disputed = (first != first[0]).any(0)
    scores, labels = scores[:, disputed], labels[disputed]
    hits = np.zeros(len(grid), np.int64)
    size = max(1, _CHUNK // (len(grid) * scores.shape[2]))
    for place in track(range(0, len(labels), size)):
        part = scores[:, place : place + size]
        fused = (grid @ part.reshape(len(part), -1)).reshape(
            len(grid), -1, part.shape[2]
        )
        hits += (fused.argmax(2) == labels[place : place + size]).sum(1)
    shares = grid / grid.sum(1, keepdims=True)
    # Rounded, so that the last bit does not decide between equals.
    distance = np.abs(shares - shares[0]).sum(1).round(12)
    best = np.lexsort((distance, -hits))[0]
    return tuple(grid[best].tolist())
