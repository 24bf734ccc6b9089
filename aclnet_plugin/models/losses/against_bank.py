"""A batch against the columns of the memory bank."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

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
