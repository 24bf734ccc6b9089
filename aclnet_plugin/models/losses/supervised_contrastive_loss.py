"""Supervised contrastive loss: the margin loss's plain rival."""

from __future__ import annotations

import torch
from mmaction.registry import MODELS
from torch import Tensor

from .against_bank import BankComparison, BankLoss


def supervised_contrastive_loss(
    similarity: Tensor, positives: Tensor, compared: Tensor
) -> Tensor:
    r"""Cross entropy of each positive against everything it is seen with.

    .. math:: L_i = -\frac{1}{|P_i|} \sum_{u \in P_i} \log
        \frac{e^{l_u}}{\sum_{a \in A_i} e^{l_a}}

    with scaled similarities :math:`l = s / \tau` (`SupCon
    <https://arxiv.org/abs/2004.11362>`_, Eq. 2, the sum outside the
    logarithm). Anchors without positives count with loss 0.

    Args:
        similarity: ``(B, Q)`` scaled similarities :math:`l`.
        positives: ``(B, Q)`` bool :math:`P_i`, a part of ``compared``.
        compared: ``(B, Q)`` bool :math:`A_i`: all but the anchor itself.

    Returns:
        Scalar, mean over the B anchors.
    """
    # A finite stand-in for -inf: a row with nothing to compare with then
    # keeps a finite value and a zero gradient.
    lowest = torch.finfo(similarity.dtype).min
    total = torch.where(compared, similarity, lowest)
    loss = total.logsumexp(1, keepdim=True) - similarity
    loss = torch.where(positives, loss, 0).sum(1)
    return (loss / positives.sum(1).clamp(min=1)).mean()


@MODELS.register_module()
class SupervisedContrastiveLoss(BankLoss):
    """Supervised contrastive loss over the memory bank.

    A baseline for :class:`~.IntraClassMarginLoss`, and exchangeable with it:
    ``cls_head=dict(loss_intra=dict(type='SupervisedContrastiveLoss'))``.
    There is no margin, and other positives stand in the denominator. Holds
    hyper-parameters only; the bank is handed in.

    Args:
        loss_weight: Of the loss in the sum. Defaults to 0.1.
        temperature: Defaults to 0.1.
        full_only: Stay inactive until the bank is full. Defaults to False.

    Raises:
        ValueError: If ``temperature`` is not positive.
    """

    def __init__(
        self,
        loss_weight: float = 0.1,
        temperature: float = 0.1,
        full_only: bool = False,
    ) -> None:
        super().__init__(loss_weight, temperature, full_only)

    def score(self, found: BankComparison) -> Tensor:
        """The loss without its weight.

        Args:
            found: The batch against the bank.
        """
        return supervised_contrastive_loss(
            found.logits, found.positives, found.positives | found.negatives
        )
