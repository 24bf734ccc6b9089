"""Gait recognition: Rank-k by probe view, one gallery view at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .gait_protocol import GaitProtocol
from .items import Items
from .measures import NO_MATCH, cmc, mean_of_defined
from .ranking import rank_gallery


@dataclass(frozen=True)
class GaitScores:
    """What was reached; the letters are K numbers k, C sets, V views.

    Args:
        protocol: The protocol.
        views: The V views.
        cells: ``(K, C, V, V)`` percent, by probe view and gallery view; NaN
            where there are no probes or no gallery.
        probes: ``(C, V)``, numbers of probes.
        gallery: ``(V,)``, sizes of the galleries.
        unmatched: ``(C, V, V)``, probes whose identity the gallery lacks.
        unused: Samples that are in no gallery and no set of probes.
    """

    protocol: GaitProtocol
    views: tuple[int, ...]
    cells: np.ndarray
    probes: np.ndarray
    gallery: np.ndarray
    unmatched: np.ndarray
    unused: int

    @property
    def counted(self) -> np.ndarray:
        """``(V, V)`` bool, which cells enter the means."""
        if self.protocol.exclude_identical_view:
            return ~np.eye(len(self.views), dtype=bool)
        return np.ones((len(self.views),) * 2, bool)

    @property
    def by_view(self) -> np.ndarray:
        """``(K, C, V)``, means over the gallery views."""
        cells = np.where(self.counted, self.cells, np.nan)
        return mean_of_defined(cells, -1)

    @property
    def by_set(self) -> np.ndarray:
        """``(K, C)``, means over the probe views."""
        return mean_of_defined(self.by_view, -1)

    @property
    def overall(self) -> np.ndarray:
        """``(K,)``, means over the sets."""
        return mean_of_defined(self.by_set, -1)

    def to_dict(self) -> dict[str, float]:
        """Percent by name, such as ``NM_rank1`` and ``NM_rank1_v054``."""
        values = {}
        for rank, k in enumerate(self.protocol.topk):
            for place, name in enumerate(self.protocol.probes):
                values[f'{name}_rank{k}'] = self.by_set[rank, place]
                for view, value in zip(
                    self.views, self.by_view[rank, place], strict=True
                ):
                    values[f'{name}_rank{k}_v{view:03d}'] = value
            values[f'mean_rank{k}'] = self.overall[rank]
        return {name: float(value) for name, value in values.items()}

    def problems(self) -> list[str]:
        """Sentences about what is undefined."""
        views = np.array(self.views)
        found = []
        if not len(views):
            found.append('there is no sample')
        if not self.gallery.all():
            lacking = _listed(views[self.gallery == 0])
            found.append(f'no gallery at view {lacking}')
        for name, probes in zip(
            self.protocol.probes, self.probes, strict=True
        ):
            if not probes.all():
                lacking = _listed(views[probes == 0])
                found.append(f'no {name} probes at view {lacking}')
        filled = (self.probes > 0)[:, :, None] & (self.gallery > 0)
        empty = np.isnan(self.cells[0]) & filled & self.counted
        if empty.any():
            found.append(
                f'in {empty.sum()} pairs of views the gallery lacks every '
                f'identity of the probes'
            )
        return found


def gait_scores(
    items: Items, protocol: GaitProtocol | None = None
) -> GaitScores:
    """Score embeddings of gait, one whole retrieval per gallery view.

    Args:
        items: Embeddings with the metadata that the protocol names.
        protocol: Who is compared with whom. Defaults to None: CASIA-B's.

    Raises:
        ValueError: If views are not numbers.
    """
    protocol = protocol or GaitProtocol()
    known = items.meta['view']
    if known.dtype.kind == 'U':
        raise ValueError(
            f'view is text in the data, such as {known[0].item()!r}; expected '
            f'whole numbers, the views in degrees.'
        )
    views = protocol.views
    if views is None:
        views = tuple(np.unique(known).tolist())
    in_views = items.chosen({'view': views})
    in_gallery = items.chosen(protocol.gallery) & in_views
    galleries = [items.take(in_gallery & (known == view)) for view in views]
    size, sets = len(views), len(protocol.probes)
    cells = np.full((len(protocol.topk), sets, size, size), np.nan)
    unmatched = np.zeros((sets, size, size), np.int64)
    probes = np.zeros((sets, size), np.int64)
    used = in_gallery
    for c, choice in enumerate(protocol.probes.values()):
        mask = items.chosen(choice) & in_views
        used = used | mask
        asked = items.take(mask)
        of_view = [asked.meta['view'] == view for view in views]
        probes[c] = [np.count_nonzero(one) for one in of_view]
        for g, gallery in enumerate(galleries):
            if not len(gallery):
                continue
            ranks = rank_gallery(asked, gallery, precision=False).ranks
            for p, one in enumerate(of_view):
                cells[:, c, p, g] = cmc(
                    ranks[one], protocol.topk, protocol.unmatched
                )
                unmatched[c, p, g] = np.count_nonzero(ranks[one] == NO_MATCH)
    sizes = np.array([len(gallery) for gallery in galleries])
    unused = int(np.count_nonzero(~used))
    return GaitScores(protocol, views, cells, probes, sizes, unmatched, unused)


def score_gait(
    features: np.ndarray,
    subject: Sequence[int],
    condition: Sequence[str],
    seq: Sequence[int],
    view: Sequence[int],
    protocol: GaitProtocol | None = None,
    **other: Sequence,
) -> GaitScores:
    """Score saved embeddings of gait.

    Args:
        features: ``(N, D)``, in the order of the data set.
        subject: ``(N,)``, identities.
        condition: ``(N,)``, such as ``'nm'``.
        seq: ``(N,)``, numbers of the walks.
        view: ``(N,)``, degrees.
        protocol: Who is compared with whom. Defaults to None: CASIA-B's.
        **other: Further metadata that the protocol names.

    Raises:
        ValueError: If shapes or values are impossible.
    """
    meta = dict(
        subject=subject, condition=condition, seq=seq, view=view, **other
    )
    return gait_scores(Items(features, meta), protocol)


def _listed(views: Sequence[int]) -> str:
    return ', '.join(map(str, views))
