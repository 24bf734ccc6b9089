"""Time of a training step: our backbone against the plain one.

The full model of NTU RGB+D with both contrastive losses active; a step is
forward, backward and the SGD update. ``plain`` has backbone and losses as a
reader of the paper would write them (benchmarks/plain), with the same
weights. With ``--one-person``, ``shared`` computes absent persons once. The
first step of all versions gives the same losses, which is checked. The
versions take turns. Examples::

    python benchmarks/training_step.py --batch-size 4 16
    python benchmarks/training_step.py --one-person 0.8
    python benchmarks/training_step.py --device cuda --batch-size 16 64 128 \
        --amp bf16 --compile
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from mmaction.structures import ActionDataSample
from rich.console import Console
from rich.table import Table
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.arguments import (
    AMP,
    add_model_flags,
    positive,
    set_up_torch,
    whole_from,
)
from benchmarks.plain.models import (
    CLASSES,
    JOINTS,
    made_up_clips,
    recogniser,
    with_plain_backbone,
    with_plain_losses,
)
from benchmarks.timing import (
    keep_freed_memory,
    machine,
    ratio_of,
    spread_of,
    take_turns,
)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        '--batch-size', type=whole_from(2), nargs='+', default=[4, 16]
    )
    parser.add_argument('--steps', type=positive, default=7)
    parser.add_argument('--warmup', type=whole_from(0), default=1)
    add_model_flags(parser, one_person=0.0)
    parser.add_argument(
        '--channels-last',
        action='store_true',
        help='one more version: ours, convolutions in channels-last order',
    )
    return parser.parse_args(argv)


def in_channels_last(model: nn.Module) -> nn.Module:
    """Give all convolutions their weights and inputs in that order."""
    model.to(memory_format=torch.channels_last)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_pre_hook(
                lambda _, inputs: inputs[0].contiguous(
                    memory_format=torch.channels_last
                )
            )
    return model


class Step:
    """A model and its optimiser.

    Args:
        model: In training mode.
        clips: ``(N, 1, M, T, V, C)``.
        args: The command line.
    """

    def __init__(
        self, model: nn.Module, clips: torch.Tensor, args: argparse.Namespace
    ) -> None:
        self.device = args.device
        self.dtype = AMP[args.amp]
        self.model = model.to(args.device).train()
        self.clips = clips.to(args.device)
        self.samples = [
            ActionDataSample().set_gt_label(number % CLASSES)
            for number in range(len(clips))
        ]
        for sample in self.samples:
            sample.to(args.device)
        # Both losses take part from the first step on.
        model.cls_head.affinity.set_epoch(
            1, counting=True, scoring=True, rebuild=True
        )
        model.cls_head.loss_intra.full_only = False
        self.optimizer = torch.optim.SGD(
            model.parameters(),
            lr=0.025,
            momentum=0.9,
            nesterov=True,
            weight_decay=5e-4,
        )
        enabled = self.dtype is torch.float16
        self.scaler = torch.amp.GradScaler(args.device, enabled=enabled)
        self.loss: Callable = model
        if args.compile:
            self.loss = torch.compile(model)

    def __call__(self) -> float:
        """One step; its loss."""
        with (
            torch.autocast(self.device.split(':')[0], self.dtype)
            if self.dtype
            else contextlib.nullcontext()
        ):
            losses = self.loss(self.clips, self.samples, mode='loss')
        total = sum(v for k, v in losses.items() if 'loss' in k)
        self.optimizer.zero_grad()
        self.scaler.scale(total).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return total.item()


def versions(
    batch_size: int, args: argparse.Namespace
) -> dict[str, Callable[[], float]]:
    """One step function for each version, all with the same weights."""
    shape = (batch_size, 1, 2, args.frames, JOINTS, 3)
    clips = made_up_clips(shape, args.one_person)
    models = {
        'plain': with_plain_losses(
            with_plain_backbone(recogniser(args.base_channels))
        ),
        'ours': recogniser(args.base_channels),
    }
    models['ours'].backbone.share_absent = 'never'
    if args.one_person:
        models['ours, shared'] = recogniser(args.base_channels)
        models['ours, shared'].backbone.share_absent = 'always'
    if args.channels_last:
        models['ours, channels last'] = in_channels_last(
            recogniser(args.base_channels)
        )
    return {name: Step(model, clips, args) for name, model in models.items()}


def main(argv: list[str] | None = None) -> None:
    """Measure, then print the table."""
    args = parse_args(argv)
    set_up_torch(args)
    keep_freed_memory()
    table = Table(title='Milliseconds per training step')
    for column in ('batch', 'version', 'time', 'times as fast', 'memory'):
        table.add_column(column, justify='right')
    for batch_size in args.batch_size:
        steps = versions(batch_size, args)
        first = {name: step() for name, step in steps.items()}
        tolerance = 1e-4 if args.amp == 'none' and not args.tf32 else 5e-2
        for loss in first.values():
            if abs(loss - first['plain']) > tolerance * abs(first['plain']):
                raise SystemExit(f'error: other losses: {first}')
        seconds = take_turns(steps, args.steps, args.device, args.warmup)
        for name, values in seconds.items():
            table.add_row(
                str(batch_size),
                name,
                spread_of(values),
                ratio_of(seconds['plain'], values),
                memory_of(steps[name], args.device),
            )
    console = Console()
    console.print(table)
    console.print(
        f'Medians (lowest to highest) of {args.steps} steps, '
        f'{args.base_channels} channels, {args.frames} frames, {JOINTS} '
        f'joints, 2 persons, {args.one_person:.0%} of the samples with one; '
        f'amp {args.amp}, TF32 {args.tf32}, compiled {args.compile}. '
        f'{machine(args.device)}.'
    )


def memory_of(step: Callable[[], float], device: str) -> str:
    """Peak memory of one more step on a GPU."""
    if not device.startswith('cuda'):
        return '-'
    torch.cuda.reset_peak_memory_stats(device)
    step()
    return f'{torch.cuda.max_memory_allocated(device) / 2**30:.1f} GiB'


if __name__ == '__main__':
    main()
