"""Heads that were tried and did not make it into the package.

Kept so that their numbers in ``docs/results.md`` can be made again. They work
in one process only: nothing here is exchanged between ranks.
"""

from __future__ import annotations

from typing import Any

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from aclnet_plugin.models.affinity import ConfusionStats, FeatureBank
from aclnet_plugin.models.heads import ACLHead


class SoftConfusionStats(ConfusionStats):
    """Counts thousandths of probability instead of predictions."""

    def update(self, labels: Tensor, preds: Tensor) -> None:
        """Predictions are not counted, see :meth:`update_soft`."""

    @torch.no_grad()
    def update_soft(self, labels: Tensor, probabilities: Tensor) -> None:
        """Add ``(B, K)`` probabilities to the rows of ``(B,)`` labels."""
        wrong = probabilities.scatter(1, labels[:, None], 0)
        self.counts.index_add_(0, labels, (1000 * wrong).round().long())


@MODELS.register_module()
class SoftConfusionACLHead(ACLHead):
    """Every wrong class counts as confused, by its probability."""

    def __init__(self, num_classes: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(num_classes, *args, **kwargs)
        self.affinity.confusion = SoftConfusionStats(num_classes)

    def _class_losses(
        self, cls_scores: Tensor, labels: Tensor
    ) -> dict[str, Tensor]:
        # Comes before the contrastive losses, as counts do before a rebuild.
        if self.training and self.affinity.counting:
            self.affinity.confusion.update_soft(
                labels, cls_scores.detach().softmax(1)
            )
        return super()._class_losses(cls_scores, labels)


class BalancedBank(FeatureBank):
    """A ring of ``share`` slots for each class.

    A batch has at most ``share`` samples of a class.

    Attributes:
        cursor: Buffer ``(K,)`` int64, next slot in the ring of each class.
    """

    def __init__(self, num_classes: int, share: int, embed_dim: int) -> None:
        super().__init__(num_classes * share, embed_dim)
        self.share = share
        self.cursor = torch.zeros(num_classes, dtype=torch.int64)

    @torch.no_grad()
    def push(self, feats: Tensor, labels: Tensor) -> Tensor:
        """Store a batch, each sample in the ring of its class."""
        before = self.cursor.clone()
        slots = super().push(feats, labels)
        arrived = F.one_hot(labels, len(before)).sum(0)
        self.cursor.copy_((before + arrived) % self.share)
        return slots

    def _arrivals(
        self, feats: Tensor, labels: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        earlier = F.one_hot(labels, len(self.cursor)).cumsum(0)
        place = earlier.gather(1, labels[:, None])[:, 0] - 1
        within = (self.cursor[labels] + place) % self.share
        return labels * self.share + within, feats.detach(), labels


@MODELS.register_module()
class BalancedBankACLHead(ACLHead):
    """As many slots for each class as ``bank_size`` has room for."""

    def __init__(
        self, num_classes: int, *args: Any, bank_size: int = 512, **kwargs: Any
    ) -> None:
        super().__init__(num_classes, *args, **kwargs)
        self.affinity.bank = BalancedBank(
            num_classes, bank_size // num_classes, self.intra_proj.out_features
        )


class CosineClassifier(nn.Module):
    """Scaled cosine of feature and class vector.

    Args:
        in_channels: C.
        num_classes: K.
        scale: Largest score.
    """

    def __init__(
        self, in_channels: int, num_classes: int, scale: float = 16.0
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_classes, in_channels))
        self.scale = scale

    def forward(self, feats: Tensor) -> Tensor:
        """``(N, C)`` to ``(N, K)``."""
        return self.scale * F.linear(
            F.normalize(feats), F.normalize(self.weight)
        )


@MODELS.register_module()
class CosineACLHead(ACLHead):
    """Classifies by the cosine, from class vectors of about unit length.

    From shorter ones, as ``std`` 0.01 makes, the first steps would turn them
    round: their gradient grows as they shrink.
    """

    def __init__(
        self, num_classes: int, in_channels: int, *args: Any, **kwargs: Any
    ) -> None:
        init = dict(type='Normal', name='fc', std=in_channels**-0.5)
        super().__init__(
            num_classes,
            in_channels,
            *args,
            init_cfg=dict(type='Normal', override=init),
            **kwargs,
        )
        self.fc = CosineClassifier(in_channels, num_classes)
