"""What batches of other ranks cost a rank, as shares of its own step."""

from __future__ import annotations

import statistics

import torch
from mmaction.structures import ActionDataSample
from rich.progress import track
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from aclnet_plugin.models.affinity.state import Observation

from .plain.models import CLASSES
from .timing import take_turns

ROWS = (128, 1024, 8192)
"""Samples of all ranks: 8, 64 and 512 with batch 16."""


def one_step(model: nn.Module, clips: torch.Tensor) -> None:
    """Forward and backward with both losses active."""
    samples = [
        ActionDataSample().set_gt_label(number % CLASSES)
        for number in range(len(clips))
    ]
    losses = model(clips, samples, mode='loss')
    sum(v for k, v in losses.items() if 'loss' in k).backward()


def flops_of(model: nn.Module, clips: torch.Tensor) -> float:
    """FLOPs of a step per sample: products and convolutions, both ways."""
    with FlopCounterMode(display=False) as counter:
        one_step(model, clips)
    return counter.get_total_flops() / len(clips)


class JoinedLoss:
    """Both losses of a joined batch, as each rank computes them.

    Args:
        head: Its state is changed.
        rows: Samples of all ranks.
    """

    def __init__(self, head: nn.Module, rows: int) -> None:
        generator = torch.Generator().manual_seed(rows)
        shape = (rows, head.inter_proj.out_features)
        embed = torch.randn(shape, generator=generator)
        self.head = head
        self.embed = nn.functional.normalize(embed).requires_grad_()
        self.labels, self.preds = torch.randint(
            head.num_classes, (2, rows), generator=generator
        )

    def take_in(self) -> Observation:
        """The state's part, which an interval above 1 leaves."""
        return self.head.affinity.observe(
            self.embed.detach(), self.embed.detach(), self.labels, self.preds
        )

    def __call__(self) -> None:
        """Take in, score, and go back to the embeddings."""
        head, state = self.head, self.head.affinity
        seen = state.observe(self.embed, self.embed, self.labels, self.preds)
        loss = head.loss_inter(
            self.embed,
            self.labels,
            seen.prototypes,
            state.families.member,
            state.prototypes.usable,
        ) + head.loss_intra(
            self.embed,
            self.labels,
            seen.slots,
            seen.columns,
            seen.column_labels,
        )
        loss.backward()


def counted_shares(
    head: nn.Module, batch: int, flops: float
) -> tuple[dict[int, float], dict[int, float]]:
    """Shares of a step by FLOPs; what is taken in costs none to speak of.

    Args:
        head: Tells the widths.
        batch: B.
        flops: Of one sample's step.
    """
    columns = head.affinity.bank.size + head.num_classes
    # One product forward and two backward, two FLOPs each.
    per_row = 6 * columns * head.inter_proj.out_features
    joined = {
        rows: (rows - batch) * per_row / (batch * flops)
        for rows in (batch, *ROWS)
        if rows >= batch
    }
    return joined, dict.fromkeys(joined, 0.0)


def measured_shares(
    model: nn.Module, clips: torch.Tensor, batch: int, rounds: int
) -> tuple[dict[int, float], dict[int, float]]:
    """Shares of a step by seconds on the CPU.

    Args:
        model: With losses active.
        clips: For the step, which is taken as proportional to the batch.
        batch: B.
        rounds: How often each is timed; the medians count.
    """
    head = model.cls_head
    sizes = [batch, *(rows for rows in ROWS if rows > batch)]
    calls = {'step': lambda: one_step(model, clips)}
    for rows in sizes:
        joined = JoinedLoss(head, rows)
        calls[f'joined {rows}'] = joined
        calls[f'taken in {rows}'] = joined.take_in
    times = {name: [] for name in calls}
    for _ in track(range(rounds), 'measuring', transient=True):
        for name, (seconds,) in take_turns(calls, 1).items():
            times[name].append(seconds)
    middle = {name: statistics.median(each) for name, each in times.items()}
    step = middle['step'] / len(clips) * batch

    def shares(kind: str) -> dict[int, float]:
        own = middle[f'{kind} {batch}']
        return {
            rows: max(middle[f'{kind} {rows}'] - own, 0.0) / step
            for rows in sizes
        }

    return shares('joined'), shares('taken in')
