"""Collectives of the training step, in one place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from mmengine.dist import all_gather, broadcast, get_rank, get_world_size
from torch import Tensor, nn


class GatheredBatch(NamedTuple):
    """The batch of all ranks, in the order of the sampler.

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

    The ranks' rows alternate, as MMEngine's samplers deal the samples out:
    R ranks with B samples each see the batch of one process with R * B, in
    its order. A rank sends ``4 * B * (D + D' + 2)`` bytes, class indices as
    float32, which is exact up to 2 ** 24.

    Every rank must hold the same number of samples; see
    :func:`require_even_ranks`.

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
    own = GatheredBatch(inter, intra, labels, preds)
    width = inter.shape[1]
    ranks = [_unpacked(rows, width) for rows in all_gather(_packed(own))]
    ranks[get_rank()] = own  # with its graph
    return GatheredBatch(
        *(
            torch.stack(parts, 1).flatten(0, 1)
            for parts in zip(*ranks, strict=True)
        )
    )


def gather_steps(steps: Sequence[GatheredBatch]) -> list[GatheredBatch]:
    """Join the batches of several steps, with a single collective for all.

    Each step comes out as :func:`gather_batch` would have joined it, without
    gradients. Steps may differ in size, ranks within a step may not.

    Args:
        steps: This rank's batches, in the order of the steps; at least one.

    Returns:
        The joined batches, one for each step; without a process group, the
        batches themselves.
    """
    if get_world_size() == 1:
        return list(steps)
    width = steps[0].inter.shape[1]
    ranks = all_gather(torch.cat([_packed(step) for step in steps]))
    joined = torch.stack(ranks, 1).split([len(step.labels) for step in steps])
    return [
        # Laid out as in a single step, so that sums round alike.
        GatheredBatch(*(part.contiguous() for part in batch))
        for batch in (_unpacked(rows.flatten(0, 1), width) for rows in joined)
    ]


def _packed(batch: GatheredBatch) -> Tensor:
    """``(B, D + D' + 2)``, a batch in the form in which it is sent."""
    inter, intra, *classes = batch
    classes = torch.stack(classes, 1).to(inter.dtype)
    return torch.cat([inter.detach(), intra.detach(), classes], 1)


def _unpacked(rows: Tensor, width: int) -> GatheredBatch:
    """What :func:`_packed` joined; ``width`` is D."""
    return GatheredBatch(
        rows[:, :width],
        rows[:, width:-2],
        rows[:, -2].long(),
        rows[:, -1].long(),
    )


def require_even_ranks(samples: int) -> None:
    """Refuse a sampler that deals out unequal numbers of samples.

    With an uneven last batch the ranks would wait for each other for ever,
    here and in the gradients. Asked once, before a training.

    Args:
        samples: Number of samples that this rank gets in an epoch.

    Raises:
        ValueError: On all ranks, if the numbers differ.
    """
    counts = [int(n) for n in all_gather(torch.tensor([samples]))]
    if len(set(counts)) > 1:
        raise ValueError(
            f'The sampler gives the ranks different numbers of samples, '
            f'{counts}. Use DefaultSampler(round_up=True), the default, in '
            f'train_dataloader.'
        )


def mend_replicas(module: nn.Module) -> bool:
    """Give all ranks the buffers of rank 0, if they are not equal.

    Costs 8 bytes per buffer and rank as long as they are.

    Args:
        module: Module whose buffers are to be the same on all ranks.

    Returns:
        Whether they differed; the same on all ranks.
    """
    if get_world_size() == 1:
        return False
    buffers = list(module.buffers())
    ranks = all_gather(torch.stack([_check_sum(b) for b in buffers]))
    differ = any(not torch.equal(ranks[0], other) for other in ranks[1:])
    if differ:
        for buffer in buffers:
            broadcast(buffer)
    return differ


def _check_sum(buffer: Tensor) -> Tensor:
    """``()`` int64 that depends on every bit and its place."""
    data = buffer.detach().clone(memory_format=torch.contiguous_format)
    data = data.flatten()
    size = data.numel() * data.element_size()
    data = data.view(torch.uint8 if size % 8 else torch.int64).long()
    place = torch.arange(1, len(data) + 1, device=data.device)
    # The sign moves down before it is weighted, and weights are odd, so that
    # no bit is pushed out at the top, where two changes could cancel.
    data = data ^ (data >> 32)
    return (data * (place * 2654435761 % 2**31 | 1)).sum()


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
