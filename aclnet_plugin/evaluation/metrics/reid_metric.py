"""CMC and mAP of re-identification while a model is tested."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmaction.registry import METRICS

from ..retrieval import (
    Items,
    ReIDProtocol,
    ReIDScores,
    reid_scores,
    reid_text,
    write_reid,
)
from ..retrieval.reid_protocol import SETTINGS
from .retrieval_metric import RetrievalMetric


@METRICS.register_module()
class ReIDMetric(RetrievalMetric):
    """Rank-k and mAP for pairs of probe and gallery, as on CASIA-B.

    Every window is a probe, and part of the gallery, on its own; no view is
    left out. A probe is never compared with itself.

    Values are in percent: ``reid/N-N_rank1``, ``reid/N-N_mAP`` and so on.
    For ``save_best``, ``CheckpointHook`` needs ``rule='greater'``.

    Args:
        settings: ``dict(probe=..., gallery=...)`` by name of the setting,
            with values by name of the metadata. Defaults to N-N, B-B, C-C,
            C-N and B-N. Pairs of views work as well, as in
            ``{'0-90': dict(probe=dict(view=0), gallery=dict(view=90))}``.
        topk: Numbers k of Rank-k. Defaults to ``(1, 5, 10)``.
        unmatched: ``'miss'`` counts a probe without a match as an error of
            Rank-k, ``'skip'`` leaves it out; mAP always leaves it out.
            Defaults to ``'miss'``.
        exclude_same_sequence: Whether what is from the probe's own video,
            one ``subject, condition, seq, view``, is left out of its
            gallery. Defaults to False.
        aggregate: ``'mean'`` makes one item of a video's windows. Defaults
            to None.
        out_dir: Folder for a CSV file, overwritten by each evaluation.
            Defaults to None: none is written.
        collect_device: As of ``BaseMetric``. Defaults to ``'cpu'``.
        prefix: Of the names of the values. Defaults to None: ``'reid'``.
        collect_dir: As of ``BaseMetric``. Defaults to None.

    Example:
        >>> val_evaluator = dict(type='ReIDMetric', unmatched='skip')
    """

    default_prefix = 'reid'

    def __init__(
        self,
        settings: Mapping[str, Mapping[str, Mapping[str, Any]]] = SETTINGS,
        topk: Sequence[int] = (1, 5, 10),
        unmatched: str = 'miss',
        exclude_same_sequence: bool = False,
        aggregate: str | None = None,
        out_dir: str | os.PathLike[str] | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
        collect_dir: str | None = None,
    ) -> None:
        self.protocol = ReIDProtocol(
            settings, topk, unmatched, exclude_same_sequence, aggregate
        )
        super().__init__(
            self.protocol.keys, out_dir, collect_device, prefix, collect_dir
        )

    def score(self, items: Items) -> ReIDScores:
        """Score the embeddings of a data set."""
        return reid_scores(items, self.protocol)

    def describe(self, scores: ReIDScores) -> str:
        """The scores as text for the log."""
        return reid_text(scores)

    def write(self, scores: ReIDScores, folder: str) -> list[Path]:
        """The scores as files."""
        return write_reid(scores, folder, self.prefix)
