"""Collectives of the training step, in one place."""

from __future__ import annotations

from typing import NamedTuple

import torch
from mmengine.dist import all_gather, get_rank, get_world_size
from torch import Tensor


class GatheredBatch(NamedTuple):
    """The batch of all ranks, in rank order.

    Attributes:
        inter: ``(R * B, D)`` float32; only this rank's rows carry gradients.
        intra: ``(R * B, D')`` float32, likewise.
        labels: ``(R * B,)`` int64.
        preds: ``(R * B,)`` int64.
    """

    inter: Tensor
    intra: Tensor
    labels: Tensor
    preds: Tensor


def gather_batch(
    inter: Tensor, intra: Tensor, labels: Tensor, preds: Tensor
) -> GatheredBatch:
    """Join the batches of all ranks with a single collective.

    Every rank must hold the same number of samples, which MMEngine's
    samplers ensure by padding. Class indices travel as float32, exact up to
    2 ** 24.

    Args:
        inter: ``(B, D)`` float32.
        intra: ``(B, D')`` float32.
        labels: ``(B,)`` int64.
        preds: ``(B,)`` int64.

    Returns:
        The joined batch; without a process group, the batch itself.
    """
    if get_world_size() == 1:
        return GatheredBatch(inter, intra, labels, preds)
    payload = torch.cat(
        [
            inter.detach().float(),
            intra.detach().float(),
            labels[:, None].float(),
            preds[:, None].float(),
        ],
        1,
    )
    ranks = all_gather(payload)
    rank, batch, width = get_rank(), len(labels), inter.shape[1]
    joined = torch.cat(ranks)
    own = slice(rank * batch, (rank + 1) * batch)
    return GatheredBatch(
        _put_live(joined[:, :width], own, inter),
        _put_live(joined[:, width:-2], own, intra),
        joined[:, -2].long(),
        joined[:, -1].long(),
    )


def _put_live(joined: Tensor, own: slice, live: Tensor) -> Tensor:
    return torch.cat([joined[: own.start], live, joined[own.stop :]])


def as_rank_share(loss: Tensor) -> Tensor:
    """Prepare a loss of the joined batch for DDP's averaging of gradients.

    Each rank computes the same loss of the joined batch, with gradients
    through its own rows only; the sum over ranks is the full gradient. DDP
    divides that sum by the number of ranks R, so gradients are multiplied by
    R here. The value stays.

    Args:
        loss: Scalar.

    Returns:
        Scalar of the same value.
    """
    ranks = get_world_size()
    if ranks == 1:
        return loss
    return loss + (ranks - 1) * (loss - loss.detach())
