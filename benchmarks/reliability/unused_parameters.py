"""What ``find_unused_parameters=True`` costs a training step.

The projections take no part while their loss is inactive, so that DDP has to
look for parameters without a gradient. Two gloo processes on this machine
train ACLNet with both losses active (then nothing is unused, and both
settings work), alternately with and without the search. Example::

    python benchmarks/reliability/unused_parameters.py --steps 6
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.table import Table

import aclnet_plugin  # noqa: F401  (registers everything)
from aclnet_plugin.utils.arguments import make_parser

CLASSES, JOINTS = 60, 25


class Trainee(MMDistributedDataParallel):
    """DDP as MMEngine does it, with the search as told."""

    def __init__(self, module: torch.nn.Module, search: bool) -> None:
        super().__init__(module, find_unused_parameters=search)


def build(width: int) -> torch.nn.Module:
    """The full ACLNet of NTU60, of a given width."""
    init_default_scope('mmaction')
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='RecognizerGCN',
            backbone=dict(
                type='ACLGCN',
                base_channels=width,
                graph_cfg=dict(layout='nturgb+d'),
            ),
            cls_head=dict(
                type='ACLHead',
                num_classes=CLASSES,
                in_channels=4 * width,
                relation_dim=JOINTS**2,
            ),
        )
    )


def work(rank: int, folder: str, args: argparse.Namespace) -> None:
    """One rank: times of the steps, as a JSON file of rank 0."""
    torch.set_num_threads(1)
    dist.init_process_group(
        'gloo', init_method=f'file://{folder}/meet', rank=rank, world_size=2
    )
    models = {search: Trainee(build(args.width), search) for search in (0, 1)}
    shape = (args.batch, 1, args.persons, args.frames, JOINTS, 3)
    times: dict[int, list[float]] = {0: [], 1: []}
    for step in range(args.steps + 2):
        inputs = torch.randn(shape)
        samples = [
            ActionDataSample().set_gt_label(int(label))
            for label in torch.randint(CLASSES, (args.batch,))
        ]
        for search, model in models.items():
            state = model.module.cls_head.affinity
            state.set_epoch(31, True, True, rebuild=step == 0)
            dist.barrier()
            begun = time.perf_counter()
            losses = model(inputs, samples, mode='loss')
            sum(v for k, v in losses.items() if 'loss' in k).backward()
            model.zero_grad()
            if step >= 2:
                times[search].append(time.perf_counter() - begun)
    if rank == 0:
        Path(folder, 'times.json').write_text(json.dumps(times))
    dist.destroy_process_group()


def main(argv: list[str] | None = None) -> int:
    """Run the command line."""
    parser = make_parser(__doc__)
    parser.add_argument('--steps', type=int, default=6)
    parser.add_argument('--width', type=int, default=96)
    parser.add_argument('--batch', type=int, default=2, help='of a rank')
    parser.add_argument('--frames', type=int, default=100)
    parser.add_argument('--persons', type=int, default=2)
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        mp.spawn(work, (folder, args), nprocs=2)
        times = json.loads(Path(folder, 'times.json').read_text())
    table = Table('search', 'median, s', 'least, s', 'most, s')
    for search, values in times.items():
        table.add_row(
            'on' if search == '1' else 'off',
            f'{statistics.median(values):.3f}',
            f'{min(values):.3f}',
            f'{max(values):.3f}',
        )
    console = Console()
    console.print(table)
    ratio = statistics.median(
        one / zero for zero, one in zip(times['0'], times['1'], strict=True)
    )
    console.print(
        f'on over off, median of {args.steps} pairs: {ratio:.3f}; width '
        f'{args.width}, batch 2 x {args.batch}, gloo, one thread each, torch '
        f'{torch.__version__}, {platform.machine()}'
    )
    return 0


if __name__ == '__main__':
    sys.exit(main())
