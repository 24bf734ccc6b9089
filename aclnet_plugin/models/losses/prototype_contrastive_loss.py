"""Contrast with all prototypes: the affinity loss without families."""

from __future__ import annotations

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from aclnet_plugin.utils.checks import check_number

from .inter_affinity_loss import cosine_similarity, inter_affinity_loss


@MODELS.register_module()
class PrototypeContrastiveLoss(nn.Module):
    r"""Own prototype against those of all other classes.

    .. math:: -\log \frac{e^{f \cdot m_i / \tau}}
        {\sum_{a} e^{f \cdot m_a / \tau}}

    A baseline for :class:`~.InterClassAffinityLoss`, and exchangeable with
    it: ``cls_head=dict(loss_inter=dict(type='PrototypeContrastiveLoss'))``.
    It asks what the families contribute: the prototypes, the epochs and the
    projection are the same, but every class is a negative and there is one
    temperature. This is the contrast at the base of FR-Head
    (`arXiv 2303.03729 <https://arxiv.org/abs/2303.03729>`_), without its
    decoupled features and its terms for misclassified samples.

    Args:
        loss_weight: Of the loss in the sum. Defaults to 0.1.
        temperature: :math:`\tau`. Defaults to 0.125.
        eps: Added to norms. Defaults to 1e-12.

    Raises:
        ValueError: If ``temperature`` is not positive, or the weight
            negative.
    """

    def __init__(
        self,
        loss_weight: float = 0.1,
        temperature: float = 0.125,
        eps: float = 1e-12,
    ) -> None:
        super().__init__()
        self.loss_weight = check_number('loss_weight', loss_weight)
        self.temperature = check_number(
            'temperature', temperature, positive=True
        )
        self.eps = eps

    def forward(
        self,
        embed: Tensor,
        labels: Tensor,
        prototypes: Tensor,
        member: Tensor,
        usable: Tensor,
    ) -> Tensor:
        """Weighted loss of a batch, in float32 whatever autocast says.

        Args:
            embed: ``(B, D)`` projected features, of any length.
            labels: ``(B,)`` int64.
            prototypes: ``(K, D)``.
            member: ``(K, K)`` bool families, of no use here.
            usable: ``(K,)`` bool, prototypes that may serve as negatives.

        Returns:
            Scalar: mean over the samples that have a negative.
        """
        with torch.autocast(embed.device.type, enabled=False):
            similarity = cosine_similarity(
                embed.float(), prototypes.float(), self.eps
            )
            classes = torch.arange(len(prototypes), device=labels.device)
            own = labels[:, None] == classes
            temperature = similarity.new_full((1,), self.temperature)
            return self.loss_weight * inter_affinity_loss(
                similarity, labels, usable & ~own, temperature
            )
