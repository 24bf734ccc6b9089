"""Clips per second of an exported model, against PyTorch.

The model as trained, its re-parameterised form and the ONNX file of it, which
ONNX Runtime runs, take turns on the same clips; absent persons are computed
by the file and by nothing else, so both kinds of clips are timed. All give
the same scores, which is checked. Examples::

    python benchmarks/onnx_speed.py --threads 1 --batch-size 1 4
    python benchmarks/onnx_speed.py --frames 64 --base-channels 32
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from aclnet_plugin.models.deploy import reparameterize
from aclnet_plugin.models.deploy.onnx_check import open_session
from aclnet_plugin.models.deploy.onnx_export import export_onnx
from aclnet_plugin.models.deploy.onnx_sizes import ClipSizes
from benchmarks.arguments import positive, width
from benchmarks.plain.models import JOINTS, made_up_clips, recogniser
from benchmarks.timing import (
    keep_freed_memory,
    machine,
    ratio_of,
    spread_of,
    take_turns,
)

PERSONS = 2


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        '--batch-size', type=positive, nargs='+', default=[1, 4]
    )
    parser.add_argument('--steps', type=positive, default=5)
    parser.add_argument('--frames', type=positive, default=100)
    parser.add_argument('--base-channels', type=width, default=96)
    parser.add_argument('--threads', type=positive, help='default: all cores')
    return parser.parse_args(argv)


def trained(base_channels: int, frames: int) -> nn.Module:
    """A recogniser with statistics, and scores far from uniform."""
    model = recogniser(base_channels)
    with torch.no_grad():
        model.train().backbone(torch.randn(2, PERSONS, frames, JOINTS, 3))
        nn.init.normal_(model.cls_head.fc.weight)
    return model.eval()


def callers(
    model: nn.Module, session: Any, clips: Tensor, found: dict[str, Tensor]
) -> dict[str, Callable]:
    """What is timed, by name.

    Args:
        model: As trained.
        session: Of the file.
        clips: ``(N, M, T, V, C)``.
        found: Takes the scores.
    """
    fast = reparameterize(model)

    def torch_call(name: str, module: nn.Module) -> Callable:
        def call() -> None:
            with torch.inference_mode():
                found[name] = module.cls_head(module.backbone(clips))

        return call

    def onnx_call() -> None:
        scores = session.run(['scores'], {'keypoint': clips.numpy()})[0]
        found['ONNX Runtime'] = torch.from_numpy(scores)

    return {
        'as trained': torch_call('as trained', model),
        're-parameterised': torch_call('re-parameterised', fast),
        'ONNX Runtime': onnx_call,
    }


def main(argv: list[str] | None = None) -> None:
    """Measure, then print the table."""
    args = parse_args(argv)
    if args.threads:
        torch.set_num_threads(args.threads)
    keep_freed_memory()
    model = trained(args.base_channels, args.frames)
    content = export_onnx(model, ClipSizes(1, PERSONS, args.frames, JOINTS, 3))
    session = open_session(content, torch.get_num_threads())
    table = Table(title='Clips on a CPU')
    for column in ('persons', 'batch', 'version', 'ms', 'times as fast'):
        table.add_column(column, justify='right')
    table.add_column('error', justify='right')
    for persons in range(1, PERSONS + 1):
        for batch_size in args.batch_size:
            shape = (batch_size, 1, PERSONS, args.frames, JOINTS, 3)
            clips = made_up_clips(shape, one_person=2 - persons).squeeze(1)
            found: dict[str, Tensor] = {}
            seconds = take_turns(
                callers(model, session, clips, found), args.steps
            )
            ours = found['as trained']
            scale = max(1.0, ours.abs().max().item())
            for name, values in seconds.items():
                error = (found[name] - ours).abs().max().item() / scale
                if error > 1e-4:
                    raise SystemExit(f'error: {name} is off by {error}')
                table.add_row(
                    str(persons),
                    str(batch_size),
                    name,
                    spread_of(values),
                    ratio_of(seconds['as trained'], values),
                    f'{error:.0e}',
                )
    console = Console()
    console.print(table)
    import onnxruntime

    console.print(
        f'Medians (lowest to highest) of {args.steps} rounds, '
        f'{args.base_channels} channels, {args.frames} frames, {JOINTS} '
        f'joints, {PERSONS} places for persons; the file has '
        f'{len(content) / 2**20:.1f} MiB. {machine()}, ONNX Runtime '
        f'{onnxruntime.__version__}.'
    )


if __name__ == '__main__':
    main()
