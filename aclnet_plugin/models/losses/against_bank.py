"""A batch against the columns of the memory bank: the frame of a loss."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from aclnet_plugin.utils.checks import check_number

from ..affinity.feature_bank import EMPTY


class BankComparison(NamedTuple):
    """What a loss over the bank is made of, all ``(B, Q)``.

    Attributes:
        logits: Similarities divided by the temperature, float32.
        positives: Bool, other samples of the anchor's class.
        negatives: Bool, samples of other classes.
    """

    logits: Tensor
    positives: Tensor
    negatives: Tensor


def compare_with_bank(
    embed: Tensor,
    labels: Tensor,
    slots: Tensor,
    bank_feats: Tensor,
    bank_labels: Tensor,
    temperature: float,
) -> BankComparison:
    """Compare each sample with each filled slot but its own.

    To be called without autocast.

    Args:
        embed: ``(B, D)`` unit features, already part of the bank.
        labels: ``(B,)`` int64.
        slots: ``(B,)`` where in the bank each sample lies, negative for
            samples that are not in it.
        bank_feats: ``(Q, D)`` columns, the batch's own rows live.
        bank_labels: ``(Q,)`` int64, :data:`EMPTY` in unused slots.
        temperature: Divides the similarities.
    """
    # On the smaller factor, which costs less than on the product.
    anchors = embed.float() / temperature
    columns = torch.arange(len(bank_labels), device=labels.device)
    itself = slots[:, None] == columns[None]
    same = labels[:, None] == bank_labels[None]
    filled = bank_labels != EMPTY
    return BankComparison(
        anchors @ bank_feats.float().T, same & ~itself, ~same & filled
    )


class BankLoss(nn.Module):
    """A loss that compares a batch with the memory bank.

    Holds hyper-parameters only; the bank is handed in.

    Args:
        loss_weight: Of the loss in the sum.
        temperature: Divides the similarities.
        full_only: Stay inactive until the bank is full.

    Raises:
        ValueError: If ``temperature`` is not positive, or the weight
            negative.
    """

    def __init__(
        self, loss_weight: float, temperature: float, full_only: bool
    ) -> None:
        super().__init__()
        self.loss_weight = check_number('loss_weight', loss_weight)
        self.temperature = check_number(
            'temperature', temperature, positive=True
        )
        self.full_only = full_only

    def forward(
        self,
        embed: Tensor,
        labels: Tensor,
        slots: Tensor,
        bank_feats: Tensor,
        bank_labels: Tensor,
    ) -> Tensor:
        """Weighted loss of a batch, in float32 whatever autocast says.

        Args:
            embed: See :func:`compare_with_bank`, as the others.
            labels: ``(B,)``.
            slots: ``(B,)``.
            bank_feats: ``(Q, D)``.
            bank_labels: ``(Q,)``.

        Returns:
            Scalar.
        """
        with torch.autocast(embed.device.type, enabled=False):
            found = compare_with_bank(
                embed,
                labels,
                slots,
                bank_feats,
                bank_labels,
                self.temperature,
            )
            return self.loss_weight * self.score(found)

    def score(self, found: BankComparison) -> Tensor:
        """The loss without its weight.

        Args:
            found: The batch against the bank.
        """
        raise NotImplementedError
