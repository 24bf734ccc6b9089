"""Confusion counts of the model in training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .functional import add_confusions


class ConfusionStats(nn.Module):
    """Counts which class is taken for which.

    Args:
        num_classes: K.
        mutual: Count in both directions as the release does; see
            :func:`~.functional.add_confusions`. Defaults to False (paper).

    Attributes:
        counts: Buffer ``(K, K)`` int64; rows are true classes. Sums of
            integers do not depend on their order, so ranks agree exactly.
    """

    counts: Tensor

    def __init__(self, num_classes: int, mutual: bool = False) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.mutual = mutual
        self.register_buffer(
            'counts', torch.zeros(num_classes, num_classes, dtype=torch.int64)
        )

    @torch.no_grad()
    def update(self, labels: Tensor, preds: Tensor) -> None:
        """Add the counts of one batch.

        Args:
            labels: ``(B,)`` int64.
            preds: ``(B,)`` int64.
        """
        add_confusions(self.counts, labels, preds, self.mutual)
