"""Rank-k of gait recognition while a model is validated or tested."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmaction.registry import METRICS

from ..retrieval import (
    GaitProtocol,
    GaitScores,
    Items,
    gait_scores,
    gait_text,
    write_gait,
)
from ..retrieval.gait_protocol import GALLERY, PROBES, VIEWS
from .retrieval_metric import RetrievalMetric


@METRICS.register_module()
class GaitRankMetric(RetrievalMetric):
    """Rank-k by set of probes and probe view, as on CASIA-B.

    For every pair of views the probes of the one are compared with the
    gallery of the other; the mean over the gallery views is the value of a
    probe view, the mean of these that of the set, and ``mean`` that of all
    sets. A cell without probes or gallery is NaN and left out of every mean.

    Values are in percent: ``gait/NM_rank1``, ``gait/mean_rank1`` and, by
    probe view, ``gait/NM_rank1_v054``. For ``save_best='gait/mean_rank1'``,
    ``CheckpointHook`` needs ``rule='greater'``.

    Args:
        gallery: Who is known: values by name of the metadata. Defaults to
            ``dict(condition='nm', seq=(1, 2, 3, 4))``.
        probes: Who is to be recognised: the same by name of the set.
            Defaults to NM (nm-05, nm-06), BG and CL.
        views: Values of ``view`` that take part; None for all there are.
            Defaults to 0 to 180 in steps of 18.
        topk: Numbers k of Rank-k. Defaults to ``(1,)``.
        unmatched: ``'miss'`` counts a probe whose identity the gallery of a
            view lacks as an error, ``'skip'`` leaves it out. Defaults to
            ``'miss'``.
        exclude_identical_view: Whether the gallery of the probe's own view
            is left out of the means. Defaults to True.
        out_dir: Folder for CSV files, overwritten by each evaluation.
            Defaults to None: none are written.
        collect_device: As of ``BaseMetric``. Defaults to ``'cpu'``.
        prefix: Of the names of the values. Defaults to None: ``'gait'``.
        collect_dir: As of ``BaseMetric``. Defaults to None.

    Example:
        >>> val_evaluator = dict(type='GaitRankMetric', topk=(1, 5))
    """

    default_prefix = 'gait'

    def __init__(
        self,
        gallery: Mapping[str, Any] = GALLERY,
        probes: Mapping[str, Mapping[str, Any]] = PROBES,
        views: Sequence[int] | None = VIEWS,
        topk: Sequence[int] = (1,),
        unmatched: str = 'miss',
        exclude_identical_view: bool = True,
        out_dir: str | os.PathLike[str] | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
        collect_dir: str | None = None,
    ) -> None:
        self.protocol = GaitProtocol(
            gallery, probes, views, topk, unmatched, exclude_identical_view
        )
        super().__init__(
            self.protocol.keys, out_dir, collect_device, prefix, collect_dir
        )

    def score(self, items: Items) -> GaitScores:
        """Score the embeddings of a data set."""
        return gait_scores(items, self.protocol)

    def describe(self, scores: GaitScores) -> str:
        """The scores as text for the log."""
        return gait_text(scores)

    def write(self, scores: GaitScores, folder: str) -> list[Path]:
        """The scores as files."""
        return write_gait(scores, folder, self.prefix)
