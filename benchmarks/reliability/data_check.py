"""Time of the data check against the time of an epoch.

The annotations are made up, 20,000 sequences by default, and stay in memory.
The epoch is a lower bound: one process loads every sequence with the training
pipeline of NTU RGB+D and no model is trained. A few hundred sequences are
loaded, the time is scaled::

    python benchmarks/reliability/data_check.py
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from mmaction.datasets import PoseDataset
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.table import Table
from torch.utils.data import Dataset

from aclnet_plugin.datasets import SkeletonDataset
from aclnet_plugin.datasets.inspection import Expectation, inspect_data
from aclnet_plugin.utils.arguments import make_parser

CONFIG = (
    Path(__file__).resolve().parents[2]
    / 'configs'
    / '_base_'
    / 'datasets'
    / 'ntu_3d.py'
)
FITTING = Expectation(
    num_classes=60, joints=25, layout='nturgb+d', in_channels=3
)


class MadeUp(SkeletonDataset):
    """Sequences of noise instead of an annotation file.

    Args:
        total: Number of sequences.
        seed: Of the noise, and part of the names.
        **kwargs: Of :class:`SkeletonDataset`.
    """

    def __init__(self, total: int, seed: int, **kwargs: object) -> None:
        self.total = total
        self.seed = seed
        super().__init__(f'made_up_{seed}.pkl', **kwargs)

    def load_data_list(self) -> list[dict]:
        """Make ``(1, 60, 25, 3)`` float16 key points, 60 classes."""
        rng = np.random.default_rng(self.seed)
        samples = []
        for index in range(self.total):
            noise = rng.standard_normal((1, 60, 25, 3), dtype=np.float32)
            samples.append(
                dict(
                    frame_dir=f'S{self.seed}_{index:06d}',
                    label=index % 60,
                    total_frames=60,
                    keypoint=noise.astype(np.float16),
                )
            )
        return samples


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument('--sequences', type=int, default=20_000)
    parser.add_argument(
        '--loaded', type=int, default=500, help='how many are loaded'
    )
    parser.add_argument('--repeats', type=int, default=5)
    return parser.parse_args(argv)


def seconds(action: Callable[[], object], repeats: int) -> float:
    """Median time of an action, which runs once before."""
    action()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def loading_time(dataset: PoseDataset, count: int, repeats: int) -> float:
    """Seconds that loading the whole dataset takes, scaled from a part."""
    part = range(0, len(dataset), max(len(dataset) // count, 1))

    def load() -> None:
        for index in part:
            dataset[index]

    return seconds(load, repeats) * len(dataset) / len(part)


def cpu_model() -> str:
    """The processor, as far as the system tells."""
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(':')[2] for line in lines if 'model name' in line)
    return next(names, platform.machine()).strip()


def main(argv: list[str] | None = None) -> None:
    """Measure, then print the table."""
    args = parse_args(argv)
    torch.set_num_threads(1)
    init_default_scope('mmaction')
    MMLogger.get_current_instance().setLevel('WARNING')
    config = Config.fromfile(CONFIG)
    train = MadeUp(args.sequences, 0, pipeline=config.train_pipeline)
    # The proportion of NTU RGB+D 60, cross-subject.
    val = MadeUp(
        args.sequences * 2 // 5,
        1,
        pipeline=config.val_pipeline,
        test_mode=True,
    )
    load_train = loading_time(train, args.loaded, args.repeats)
    load_val = loading_time(val, args.loaded, args.repeats)

    def check(**datasets: Dataset) -> float:
        return seconds(lambda: inspect_data(datasets, FITTING), args.repeats)

    table = Table(title='Data check by epoch')
    for column in ('data', 'sequences', 'check, s', 'loading, s', 'ratio'):
        table.add_column(column, justify='right')
    for name, total, checking, loading in (
        ('train', len(train), check(train=train), load_train),
        (
            'train and val',
            len(train) + len(val),
            check(train=train, val=val),
            load_train + load_val,
        ),
    ):
        table.add_row(
            name,
            f'{total:,}',
            f'{checking:.3f}',
            f'{loading:.1f}',
            f'{checking / loading:.2%}',
        )
    console = Console()
    console.print(table)
    console.print(
        f'{cpu_model()}, {os.cpu_count()} cores, torch {torch.__version__}; '
        f'check: median of {args.repeats}; loading: {args.loaded} sequences '
        f'in one process, scaled'
    )


if __name__ == '__main__':
    main()
