"""Input speed of one worker: MMAction2's way against ours, step by step.

The files are made up: skeletons as in NTU RGB+D (25 joints, float16, 20 to
300 frames, 83 on average, one in ten with two persons). Both sides read the
same annotation file, run the training pipeline of NTU RGB+D in this process
and give equal samples, which is checked first: there, and only there, both
draw frames with our sampler, because MMAction2's draws other random numbers.
MMAction2 has no random rotation, so both sides use ours::

    python benchmarks/input_pipeline.py
"""

from __future__ import annotations

import argparse
import copy
import os
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import mmaction
import numpy as np
import torch
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.table import Table

from aclnet_plugin.datasets.sample_seeding import seed_generators
from aclnet_plugin.utils.arguments import make_parser
from aclnet_plugin.utils.safe_pickle import atomic_dump

CONFIG = Path(__file__).parents[1] / 'configs/_base_/datasets/ntu_3d.py'
# The streams that MMAction2 knows, too.
STREAMS = ('j', 'b', 'jm', 'bm')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__, defaults=True)
    parser.add_argument('--sequences', type=int, default=500)
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args(argv)


def made_up_annotations(total: int, seed: int) -> dict:
    """Random walks with the sizes of NTU RGB+D."""
    rng = np.random.default_rng(seed)
    samples = []
    for index in range(total):
        frames = int(np.clip(rng.gamma(6, 14), 20, 300))
        persons = 2 if rng.random() < 0.1 else 1
        steps = rng.normal(scale=0.02, size=(persons, frames, 25, 3))
        samples.append(
            dict(
                frame_dir=f'S{index:06d}',
                label=index % 60,
                total_frames=frames,
                keypoint=steps.cumsum(axis=1).astype(np.float16),
            )
        )
    names = [sample['frame_dir'] for sample in samples]
    return dict(annotations=samples, split=dict(xsub_train=names))


def stock_pipeline(stream: str, sampler: list[dict]) -> list[dict]:
    """What a user of MMAction2 writes."""
    return [
        dict(type='PreNormalize3D', align_spine=False, align_shoulder=False),
        dict(type='RandomRot', theta=0.2),
        dict(type='GenSkeFeat', dataset='nturgb+d', feats=[stream]),
        *sampler,
        dict(type='PoseDecode'),
        dict(type='FormatGCNInput', num_person=2),
        dict(type='PackActionInputs'),
    ]


def build(kind: str, file: Path, **options: object) -> BaseDataset:
    """A dataset on the made-up file."""
    config = dict(type=kind, ann_file=str(file), split='xsub_train', **options)
    return DATASETS.build(copy.deepcopy(config))


def draw_equal(stock: BaseDataset, ours: BaseDataset) -> int:
    """Compare all samples of two datasets, seeded alike; their number."""
    for index in range(len(stock)):
        drawn = []
        for dataset in (stock, ours):
            seed_generators(7, index)
            drawn.append(dataset[index])
        left, right = (sample['inputs'] for sample in drawn)
        if left.dtype != right.dtype or not torch.equal(left, right):
            raise SystemExit(f'sample {index} differs')
    return len(stock)


def seconds_per_sample(dataset: BaseDataset) -> float:
    """Time of one pass."""
    start = time.perf_counter()
    for index in range(len(dataset)):
        dataset[index]
    return (time.perf_counter() - start) / len(dataset)


def seconds_per_step(dataset: BaseDataset) -> dict[str, float]:
    """Time of every step, the reading of the annotation first."""
    spent: dict[str, float] = defaultdict(float)
    for index in range(len(dataset)):
        start = time.perf_counter()
        sample = dataset.get_data_info(index)
        spent['annotation'] += time.perf_counter() - start
        for step in dataset.pipeline.transforms:
            start = time.perf_counter()
            sample = step(sample)
            spent[type(step).__name__] += time.perf_counter() - start
    return {name: total / len(dataset) for name, total in spent.items()}


def main(argv: list[str] | None = None) -> None:
    """Measure, then print the tables."""
    args = parse_args(argv)
    torch.set_num_threads(1)
    init_default_scope('mmaction')
    MMLogger.get_current_instance().setLevel('WARNING')
    pipeline = Config.fromfile(CONFIG).train_pipeline
    clip_len = next(step.clip_len for step in pipeline if 'clip_len' in step)
    own = [dict(type='UniformSampleFrames', clip_len=clip_len)]
    shared = [dict(type='UniformSampleClips', clip_len=clip_len)]
    console = Console()
    summary = Table(title='Training samples per second in one worker')
    for column in ('stream', 'MMAction2', 'ours', 'ratio', 'range'):
        summary.add_column(column, justify='right')
    steps = Table(title='Microseconds per sample and step')
    for column in ('stream', 'side', 'steps'):
        steps.add_column(column)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, 'made_up.pkl')
        atomic_dump(made_up_annotations(args.sequences, args.seed), file)
        for stream in STREAMS:
            ours = build(
                'SkeletonDataset', file, pipeline=pipeline, stream=stream
            )
            stock, same_draws = (
                build(
                    'PoseDataset',
                    file,
                    pipeline=stock_pipeline(stream, sampler),
                )
                for sampler in (own, shared)
            )
            equal = draw_equal(same_draws, ours)
            # Alternating, so that a slow moment of the machine hits both.
            pairs = [
                (seconds_per_sample(stock), seconds_per_sample(ours))
                for _ in range(args.repeats)
            ]
            ratios = sorted(left / right for left, right in pairs)
            left, right = map(statistics.median, zip(*pairs, strict=True))
            summary.add_row(
                stream,
                f'{1 / left:,.0f}',
                f'{1 / right:,.0f}',
                f'{statistics.median(ratios):.1f}',
                f'{ratios[0]:.1f} to {ratios[-1]:.1f}',
            )
            for side, dataset in (('MMAction2', stock), ('ours', ours)):
                told = seconds_per_step(dataset)
                steps.add_row(
                    stream,
                    side,
                    ', '.join(f'{k} {v * 1e6:.0f}' for k, v in told.items()),
                )
    console.print(steps)
    console.print(summary)
    console.print(
        f'{equal} samples of every stream were equal. Medians of '
        f'{args.repeats} passes; {os.cpu_count()} cores, one thread, torch '
        f'{torch.__version__}, numpy {np.__version__}, mmaction2 '
        f'{mmaction.__version__}.'
    )


if __name__ == '__main__':
    main()
