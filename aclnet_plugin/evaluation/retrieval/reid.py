"""Re-identification: CMC and mAP for pairs of probe and gallery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .items import Items
from .measures import NO_MATCH, cmc, mean_of_defined
from .ranking import rank_gallery
from .reid_protocol import ReIDProtocol


@dataclass(frozen=True)
class ReIDScore:
    """What was reached in one setting.

    Args:
        cmc: Percent, one for each k of the protocol.
        mean_ap: Percent, over the probes that have a match; NaN if none
            has.
        probes: Their number.
        gallery: Its size.
        unmatched: Probes without a match.
        excluded: Pairs that were left out: the probes themselves, and their
            videos if the protocol says so.
    """

    cmc: tuple[float, ...]
    mean_ap: float
    probes: int
    gallery: int
    unmatched: int
    excluded: int


@dataclass(frozen=True)
class ReIDScores:
    """What was reached.

    Args:
        protocol: The protocol.
        settings: Scores by name of the setting.
        unused: Samples that are in none.
    """

    protocol: ReIDProtocol
    settings: Mapping[str, ReIDScore]
    unused: int

    def to_dict(self) -> dict[str, float]:
        """Percent by name, such as ``N-N_rank1`` and ``N-N_mAP``."""
        values = {}
        for name, score in self.settings.items():
            for k, value in zip(self.protocol.topk, score.cmc, strict=True):
                values[f'{name}_rank{k}'] = value
            values[f'{name}_mAP'] = score.mean_ap
        return values

    def problems(self) -> list[str]:
        """Sentences about what is undefined."""
        found = []
        for name, score in self.settings.items():
            if not score.probes or not score.gallery:
                lacking = 'gallery' if score.probes else 'probes'
                found.append(f'{name} has no {lacking}')
            elif score.unmatched == score.probes:
                found.append(f'no probe of {name} has a match')
        return found


def reid_scores(
    items: Items, protocol: ReIDProtocol | None = None
) -> ReIDScores:
    """Score embeddings for re-identification.

    Args:
        items: Embeddings with the metadata that the protocol names.
        protocol: Who is compared with whom. Defaults to None: CASIA-B's.

    Raises:
        ValueError: If videos have to be told apart and cannot be.
    """
    protocol = protocol or ReIDProtocol()
    count = len(items)
    used = np.any([*_members(items, protocol).values()], (0, 1))
    items = items.take(used)
    unused = count - len(items)
    if protocol.aggregate:
        items = items.averaged_by_video('aggregate')
    videos = None
    if protocol.exclude_same_sequence:
        videos = items.videos('exclude_same_sequence')
    scores = {}
    for name, (probe, gallery) in _members(items, protocol).items():
        ranking = rank_gallery(
            items.take(probe),
            items.take(gallery),
            videos=None
            if videos is None
            else (videos[probe], videos[gallery]),
        )
        curve = cmc(ranking.ranks, protocol.topk, protocol.unmatched)
        scores[name] = ReIDScore(
            tuple(curve.tolist()),
            100 * float(mean_of_defined(ranking.precision, 0)),
            int(np.count_nonzero(probe)),
            int(np.count_nonzero(gallery)),
            int(np.count_nonzero(ranking.ranks == NO_MATCH)),
            ranking.excluded,
        )
    return ReIDScores(protocol, scores, unused)


def score_reid(
    features: np.ndarray,
    subject: Sequence[int],
    condition: Sequence[str],
    seq: Sequence[int] | None = None,
    view: Sequence[int] | None = None,
    protocol: ReIDProtocol | None = None,
    **other: Sequence,
) -> ReIDScores:
    """Score saved embeddings for re-identification.

    Args:
        features: ``(N, D)``, in the order of the data set.
        subject: ``(N,)``, identities.
        condition: ``(N,)``, such as ``'nm'``.
        seq: ``(N,)``, numbers of the walks. Defaults to None: not known.
        view: ``(N,)``, degrees. Defaults to None: not known.
        protocol: Who is compared with whom. Defaults to None: CASIA-B's.
        **other: Further metadata that the protocol names.

    Raises:
        ValueError: If shapes or values are impossible.
    """
    meta = dict(subject=subject, condition=condition, **other)
    for key, values in (('seq', seq), ('view', view)):
        if values is not None:
            meta[key] = values
    return reid_scores(Items(features, meta), protocol)


def _members(
    items: Items, protocol: ReIDProtocol
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Masks of the probes and of the gallery by setting."""
    return {
        name: (
            items.chosen(setting['probe']),
            items.chosen(setting['gallery']),
        )
        for name, setting in protocol.settings.items()
    }
