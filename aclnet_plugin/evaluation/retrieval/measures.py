"""Rank-k, CMC and average precision of a distance matrix.

Candidates are ranked by ascending distance; of equal distances the one that
comes first in the gallery is taken first. The gallery therefore has to be in
the order of the data set.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

NO_MATCH = -1
"""Rank of the first match where there is none."""

UNMATCHED = ('miss', 'skip')
"""What becomes of a probe without a match: an error, or left out."""


def first_match_ranks(
    distance: np.ndarray,
    match: np.ndarray,
    candidate: np.ndarray | None = None,
) -> np.ndarray:
    """How many candidates come before the first of the right identity.

    Args:
        distance: ``(P, G)``, finite.
        match: ``(P, G)`` bool, whether the identities are the same.
        candidate: ``(P, G)`` bool, what each probe is compared with.
            Defaults to None: everything.

    Returns:
        ``(P,)`` int64; 0 where the first candidate is right, ``NO_MATCH``
        where none is.
    """
    probes, size = distance.shape
    if not size:
        return np.full(probes, NO_MATCH)
    if candidate is not None:
        match = match & candidate
    of_matches = np.where(match, distance, np.inf)
    place = of_matches.argmin(1)[:, None]  # the first of equals
    nearest = np.take_along_axis(of_matches, place, 1)
    before = distance < nearest
    before |= (distance == nearest) & (np.arange(size) < place)
    if candidate is not None:
        before &= candidate
    return np.where(match.any(1), before.sum(1), NO_MATCH)


def rank_k_hits(ranks: np.ndarray, topk: Sequence[int]) -> np.ndarray:
    """Whether a match is among the first k candidates.

    Args:
        ranks: ``(P,)``, result of :func:`first_match_ranks`.
        topk: K numbers k, at least 1 each.

    Returns:
        ``(P, K)`` bool.
    """
    ranks = np.asarray(ranks)[:, None]
    return (ranks != NO_MATCH) & (ranks < np.asarray(topk))


def cmc(
    ranks: np.ndarray, topk: Sequence[int], unmatched: str = 'miss'
) -> np.ndarray:
    """Cumulative match characteristic: the share of hits at each k.

    Args:
        ranks: ``(P,)``, result of :func:`first_match_ranks`.
        topk: K numbers k.
        unmatched: ``'miss'`` counts a probe without a match as an error,
            ``'skip'`` leaves it out. Defaults to ``'miss'``.

    Returns:
        ``(K,)`` percent; NaN where there is no probe to count.
    """
    ranks = np.asarray(ranks)
    if unmatched == 'skip':
        ranks = ranks[ranks != NO_MATCH]
    if not len(ranks):
        return np.full(len(topk), np.nan)
    return 100 * rank_k_hits(ranks, topk).mean(0)


def average_precision(
    distance: np.ndarray,
    match: np.ndarray,
    candidate: np.ndarray | None = None,
) -> np.ndarray:
    """Mean of the precisions at the places of all matches.

    Args:
        distance: ``(P, G)``, finite.
        match: ``(P, G)`` bool, whether the identities are the same.
        candidate: ``(P, G)`` bool, what each probe is compared with.
            Defaults to None: everything.

    Returns:
        ``(P,)`` from 0 to 1; NaN where a probe has no match.
    """
    if candidate is not None:
        match = match & candidate
        distance = np.where(candidate, distance, np.inf)
    order = distance.argsort(1, kind='stable')
    rows, places = np.nonzero(np.take_along_axis(match, order, 1))
    totals = match.sum(1)
    # The how-manieth match of its probe each one is, from 1.
    number = 1 + np.arange(len(rows)) - (totals.cumsum() - totals)[rows]
    sums = np.bincount(rows, number / (1 + places), len(totals))
    return np.where(totals > 0, sums / np.maximum(totals, 1), np.nan)


def mean_of_defined(values: np.ndarray, axis: int) -> np.ndarray:
    """Mean of what is not NaN; NaN over nothing, without a warning.

    Args:
        values: Any shape.
        axis: The one to average over.
    """
    values = np.asarray(values)
    defined = ~np.isnan(values)
    counts = defined.sum(axis)
    sums = np.where(defined, values, 0).sum(axis)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
