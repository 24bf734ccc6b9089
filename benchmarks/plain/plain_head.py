"""The contrastive part of a head, with the loops of this folder."""

from __future__ import annotations

import torch
from torch import Tensor

from aclnet_plugin.models import ACLHead

from .plain_families import plain_families
from .plain_losses import LoopOverSamples


class PlainContrast:
    """Stands in for ``ACLHead.contrastive_losses`` on one process.

    Args:
        head: Whose projections and sizes are used.
    """

    def __init__(self, head: ACLHead) -> None:
        self.head = head
        num_classes, embed_dim = head.affinity.prototypes.mean.shape
        self.counts = torch.zeros(num_classes, num_classes, dtype=torch.int64)
        self.loops = LoopOverSamples(
            num_classes,
            embed_dim,
            head.affinity.bank.size,
            torch.zeros(num_classes, num_classes, dtype=torch.bool),
        )
        weight = head.inter_proj.weight
        self.loops.prototypes = self.loops.prototypes.to(weight)
        self.loops.bank_feats = self.loops.bank_feats.to(weight)
        self.rebuilt = False

    def __call__(
        self, relation: Tensor, labels: Tensor, preds: Tensor
    ) -> dict[str, Tensor]:
        """Count, rebuild in the first step, score."""
        for label, pred in zip(labels.tolist(), preds.tolist(), strict=True):
            self.counts[label, pred] += 1
        if not self.rebuilt:
            self.rebuilt = True
            self.loops.families = [
                torch.tensor(sorted(family), dtype=torch.int64)
                for family in plain_families(self.counts)
            ]
        inter = self.head.inter_proj(relation)
        intra = self.head.intra_proj(relation)
        return {
            'loss_inter': self.loops.inter(inter, labels),
            'loss_intra': self.loops.intra(intra, labels),
        }
