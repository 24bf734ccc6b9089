"""Clips per second of the 10-clip test, against one sample at a time.

The stock way is the plain backbone (benchmarks/plain) on one sample, with its
10 clips, after the other. Ours is timed at several batch sizes, as trained
and re-parameterised for deployment. All give the same scores, which is
checked. The versions take turns. Examples::

    python benchmarks/inference.py --batch-size 1 4 16 64
    python benchmarks/inference.py --device cuda --amp fp16 --compile
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from mmaction.structures import ActionDataSample
from rich.console import Console
from rich.table import Table
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from aclnet_plugin.models.deploy import reparameterize
from benchmarks.arguments import AMP, add_model_flags, positive, set_up_torch
from benchmarks.plain.models import (
    JOINTS,
    made_up_clips,
    recogniser,
    with_plain_backbone,
)
from benchmarks.timing import machine, ratio_of, take_turns


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        '--batch-size', type=positive, nargs='+', default=[1, 4]
    )
    parser.add_argument(
        '--samples', type=positive, help='default: the largest batch size'
    )
    parser.add_argument('--clips', type=positive, default=10)
    parser.add_argument('--steps', type=positive, default=5)
    add_model_flags(parser, one_person=0.8)
    return parser.parse_args(argv)


def scores_of(
    model: nn.Module,
    clips: torch.Tensor,
    batch_size: int,
    dtype: torch.dtype | None,
) -> torch.Tensor:
    """Test all samples.

    Args:
        model: In evaluation mode.
        clips: ``(N, clips, M, T, V, C)``.
        batch_size: Samples at a time.
        dtype: For autocast.

    Returns:
        ``(N, K)``.
    """
    scores = []
    with (
        torch.inference_mode(),
        torch.autocast(clips.device.type, dtype)
        if dtype
        else contextlib.nullcontext(),
    ):
        for batch in clips.split(batch_size):
            samples = [ActionDataSample() for _ in batch]
            found = model(batch, samples, mode='predict')
            scores += [sample.pred_score.float().cpu() for sample in found]
    return torch.stack(scores)


def versions(args: argparse.Namespace) -> dict[str, nn.Module]:
    """All models, with the same weights and statistics."""
    ours = recogniser(args.base_channels)
    # Statistics of a batch, so that evaluation is not in the wrong range.
    shape = (2, 2, args.frames, JOINTS, 3)
    with torch.no_grad():
        ours.train().backbone(torch.randn(shape))
        # Scores far from uniform, so that a difference would show.
        torch.nn.init.normal_(ours.cls_head.fc.weight)
    models = {
        'plain': with_plain_backbone(ours),
        'ours': ours,
        're-parameterised': reparameterize(ours),
    }
    for model in models.values():
        model.to(args.device).eval()
        if args.compile:
            model.backbone = torch.compile(model.backbone)
    return models


def main(argv: list[str] | None = None) -> None:
    """Measure, then print the table."""
    args = parse_args(argv)
    set_up_torch(args)
    total = args.samples or max(args.batch_size)
    shape = (total, args.clips, 2, args.frames, JOINTS, 3)
    # Mixed, so that every batch has its share.
    order = torch.randperm(total, generator=torch.Generator().manual_seed(1))
    clips = made_up_clips(shape, args.one_person)[order].to(args.device)
    models = versions(args)
    found: dict[str, torch.Tensor] = {}

    def call(model: nn.Module, batch_size: int, name: str) -> Callable:
        def test() -> None:
            found[name] = scores_of(model, clips, batch_size, AMP[args.amp])

        return test

    calls = {'plain, 1': call(models['plain'], 1, 'plain, 1')}
    for batch_size in args.batch_size:
        for version in ('ours', 're-parameterised'):
            name = f'{version}, {batch_size}'
            calls[name] = call(models[version], batch_size, name)
    seconds = take_turns(calls, args.steps, args.device)
    table = Table(title='Clips per second in the test')
    for column in ('version', 'batch', 'clips/s', 'times as fast', 'error'):
        table.add_column(column, justify='right')
    stock = found['plain, 1']
    for name, values in seconds.items():
        error = (found[name] - stock).abs().max().item()
        if error > (1e-5 if args.amp == 'none' and not args.tf32 else 5e-2):
            raise SystemExit(f'error: scores of {name!r} are off by {error}')
        version, batch_size = name.split(', ')
        speed = total * args.clips / statistics.median(values)
        table.add_row(
            version,
            batch_size,
            f'{speed:.1f}',
            ratio_of(seconds['plain, 1'], values),
            f'{error:.0e}',
        )
    console = Console()
    console.print(table)
    console.print(
        f'Medians (lowest to highest) of {args.steps} passes over {total} '
        f'samples of {args.clips} clips, {args.base_channels} channels, '
        f'{args.frames} frames, {JOINTS} joints, {args.one_person:.0%} of '
        f'the samples with one person; amp {args.amp}, TF32 {args.tf32}, '
        f'compiled {args.compile}. The error is that of the '
        f'scores. '
        f'{machine(args.device)}.'
    )


if __name__ == '__main__':
    main()
