"""Intra-class margin loss: positives beat negatives by a margin."""

from __future__ import annotations

import math

import torch
from mmaction.registry import MODELS
from torch import Tensor
from torch.nn import functional as F

from aclnet_plugin.utils.checks import check_number

from .against_bank import BankComparison, BankLoss


def intra_margin_loss(
    similarity: Tensor,
    positives: Tensor,
    negatives: Tensor,
    margin: float,
    floor: float = 0.0,
    reduction: str = 'mean',
) -> Tensor:
    r"""Margin loss of anchors against the columns of a bank.

    With scaled similarities :math:`l = s / \tau` and margin
    :math:`\epsilon` in the same (logit) unit (Eq. 15):

    .. math:: L_i = -\frac{1}{|P_i|} \sum_{u \in P_i} \log
        \frac{e^{l_u}}{e^{l_u - \epsilon} + \sum_{v \in N_i} e^{l_v} + c}

    The constant c (``floor``) acts on logits shifted by the largest of the
    anchor, as in the release. Anchors without positives count with loss 0.

    Args:
        similarity: ``(B, Q)`` scaled similarities :math:`l`.
        positives: ``(B, Q)`` bool.
        negatives: ``(B, Q)`` bool.
        margin: :math:`\epsilon` in logits.
        floor: c; 0 in the paper, 1e-6 in the release.
        reduction: ``'mean'`` or ``'sum'`` over an anchor's positives.

    Returns:
        Scalar, mean over the B anchors.
    """
    # A finite stand-in for -inf: log-sum-exp over a row without negatives
    # then keeps a finite value and a zero gradient.
    lowest = torch.finfo(similarity.dtype).min
    if floor:
        shift = similarity.detach().amax(1, keepdim=True)
        similarity = similarity - shift
    others = torch.where(negatives, similarity, lowest)
    others = others.logsumexp(1, keepdim=True)
    if floor:
        others = torch.logaddexp(
            others, torch.full_like(others, math.log(floor))
        )
    # Minus the logarithm of the fraction, divided by its numerator.
    loss = F.softplus(others + margin - similarity) - margin
    loss = torch.where(positives, loss, 0).sum(1)
    if reduction == 'mean':
        loss = loss / positives.sum(1).clamp(min=1)
    return loss.mean()


@MODELS.register_module()
class IntraClassMarginLoss(BankLoss):
    r"""Intra-class margin loss over a memory bank (Eq. 10 to 15).

    Holds hyper-parameters only; the bank is handed in.

    Args:
        loss_weight: :math:`\lambda_2`. Defaults to 0.1.
        temperature: :math:`\tau`. Defaults to 0.1.
        margin: :math:`\epsilon`. Defaults to 0.1.
        margin_unit: ``'logit'``: :math:`s / \tau - \epsilon` (as Eq. 15
            reads and the release computes; default). ``'cosine'``:
            :math:`(s - \epsilon) / \tau`, as Eq. 10 to 13 derive it.
        reduction: ``'mean'`` (default; release) or ``'sum'`` over positives.
        floor: Constant inside the logarithm. Paper: 0 (default).
            Release: 1e-6.
        full_only: Stay inactive until the bank is full. Paper: False
            (default), a positive in the bank is enough. Release: True.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        loss_weight: float = 0.1,
        temperature: float = 0.1,
        margin: float = 0.1,
        margin_unit: str = 'logit',
        reduction: str = 'mean',
        floor: float = 0.0,
        full_only: bool = False,
    ) -> None:
        super().__init__(loss_weight, temperature, full_only)
        if margin_unit not in ('logit', 'cosine'):
            raise ValueError(
                f"margin_unit must be 'logit' or 'cosine', got {margin_unit!r}"
            )
        if reduction not in ('mean', 'sum'):
            raise ValueError(
                f"reduction must be 'mean' or 'sum', got {reduction!r}"
            )
        check_number('floor', floor)
        self.margin = margin
        self.margin_unit = margin_unit
        self.reduction = reduction
        self.floor = floor

    @property
    def logit_margin(self) -> float:
        """The margin in logits, whatever unit it was given in."""
        if self.margin_unit == 'cosine':
            return self.margin / self.temperature
        return self.margin

    def score(self, found: BankComparison) -> Tensor:
        """The loss without its weight.

        Args:
            found: The batch against the bank.
        """
        return intra_margin_loss(
            *found, self.logit_margin, self.floor, self.reduction
        )
