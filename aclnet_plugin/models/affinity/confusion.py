"""Confusion counts of the model in training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aclnet_plugin.utils.checks import check_number

from .functional import add_confusions


class ConfusionStats(nn.Module):
    """Counts which class is taken for which.

    Args:
        num_classes: K.
        mutual: Count in both directions as the release does; see
            :func:`~.functional.add_confusions`. Defaults to False (paper).
        keep: Share of each count, rounded down, that is left after the
            families were rebuilt from it; 0 has them built from what was
            counted since the rebuild before. In a network that learns, early
            confusions are noise: on synthetic groups, with K = 10, it made
            the families of ``paper`` two and a half times as precise
            (docs/results.md). With ``release``, which fills sparse rows, it
            made them worse. Defaults to 1, as in both.

    Raises:
        ValueError: If ``keep`` is not from 0 to 1.

    Attributes:
        counts: Buffer ``(K, K)`` int64; rows are true classes. Sums of
            integers do not depend on their order, so ranks agree exactly.
    """

    counts: Tensor

    def __init__(
        self, num_classes: int, mutual: bool = False, keep: float = 1.0
    ) -> None:
        super().__init__()
        check_number('keep', keep, most=1)
        self.num_classes = num_classes
        self.mutual = mutual
        self.keep = keep
        self.register_buffer(
            'counts', torch.zeros(num_classes, num_classes, dtype=torch.int64)
        )
        # For reports only, and no buffer: one that appears in a training
        # would upset what pairs buffers by place, as averages of models do.
        self._before: Tensor | None = None

    @property
    def remembered(self) -> Tensor:
        """``(K, K)`` counts as the last rebuild saw them, for reports."""
        return self.counts if self._before is None else self._before

    @torch.no_grad()
    def update(self, labels: Tensor, preds: Tensor) -> None:
        """Add the counts of one batch.

        Args:
            labels: ``(B,)`` int64.
            preds: ``(B,)`` int64.
        """
        add_confusions(self.counts, labels, preds, self.mutual)

    @torch.no_grad()
    def forget(self) -> None:
        """Leave the share of the counts that is kept."""
        if self.keep == 1:
            return
        self._before = self.counts.clone()
        # In double: single precision would not hold counts above 2**24.
        self.counts.copy_((self.counts.double() * self.keep).floor())
