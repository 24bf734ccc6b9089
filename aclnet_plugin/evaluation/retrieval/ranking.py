"""A gallery ranked for each probe, a part of the probes at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .distance import rankable_distance
from .items import Items
from .measures import average_precision, first_match_ranks

CHUNK = 1024
"""Probes at once; with a gallery of 8,000 a matrix of 65 MB."""


@dataclass(frozen=True)
class Ranking:
    """Where the matches of probes are.

    Args:
        ranks: ``(P,)`` of the first match, as of
            :func:`~.measures.first_match_ranks`.
        precision: ``(P,)`` average precision; NaN without a match, and
            everywhere if it was not asked for.
        excluded: Pairs that were left out, the probes themselves and what
            is from the same video.
    """

    ranks: np.ndarray
    precision: np.ndarray
    excluded: int


def rank_gallery(
    probes: Items,
    gallery: Items,
    precision: bool = True,
    videos: tuple[np.ndarray, np.ndarray] | None = None,
    chunk: int = CHUNK,
) -> Ranking:
    """Compare probes with a gallery, each with everything but itself.

    Args:
        probes: P items.
        gallery: G items, in the order of the data set.
        precision: Whether to take the average precision, too. Defaults to
            True.
        videos: Numbers of the videos of probes and of gallery, ``(P,)`` and
            ``(G,)``, to leave out what is from the probe's own. Defaults to
            None: it stays.
        chunk: Probes at once. Defaults to 1024.
    """
    ranks = np.zeros(len(probes), np.int64)
    precisions = np.full(len(probes), np.nan)
    excluded = 0
    overlap = bool(np.isin(probes.index, gallery.index).any())
    for start in range(0, len(probes), chunk):
        part = slice(start, start + chunk)
        distance = rankable_distance(probes.features[part], gallery.features)
        match = probes.subject[part, None] == gallery.subject
        candidate = None
        if overlap or videos is not None:
            candidate = probes.index[part, None] != gallery.index
        if videos is not None:
            candidate &= videos[0][part, None] != videos[1]
        if candidate is not None:
            excluded += candidate.size - int(np.count_nonzero(candidate))
        ranks[part] = first_match_ranks(distance, match, candidate)
        if precision:
            precisions[part] = average_precision(distance, match, candidate)
    return Ranking(ranks, precisions, excluded)
