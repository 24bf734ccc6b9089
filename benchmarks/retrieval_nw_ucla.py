r"""Persons of NW-UCLA, recognised from another view, losses on and off.

The ten subjects become the classes. A network learns some of them and is
tested on the others: each sequence in one camera view looks for its person
among the sequences in another view. Three cameras saw each performance, so
gallery and probe take different executions (even and odd numbers): otherwise
the network could find the performance instead of the person. Example, three
seeds, and later the table alone::

    python benchmarks/retrieval_nw_ucla.py --seeds 0 1 2
    python benchmarks/retrieval_nw_ucla.py --seeds 0 1 2 --table

A seed decides who is tested, and the training; it is the same with the
affinity losses and without. Finished runs in ``--out`` are not repeated,
interrupted ones continue. What so few persons can show is in
``docs/retrieval.md``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from rich.console import Console
from rich.progress import track
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from aclnet_plugin.evaluation.retrieval import (
    Items,
    ReIDProtocol,
    reid_scores,
)
from aclnet_plugin.structures import get_layout
from aclnet_plugin.utils.arguments import make_parser
from aclnet_plugin.utils.atomic import atomic_writer
from aclnet_plugin.utils.safe_pickle import atomic_dump, safe_load
from benchmarks.accuracy_over_seeds import commit, machine

ROOT = Path(__file__).resolve().parents[1]
BASE = (
    ROOT
    / 'configs/aclnet'
    / 'aclnet_1xb16-joint-u52-65e_nw-ucla-xview-keypoint-3d.py'
)
VIEWS = (1, 2, 3)
GALLERY, PROBE = tuple(range(0, 20, 2)), tuple(range(1, 20, 2))
SETTINGS = {
    f'{probe}-{gallery}': dict(
        probe=dict(view=probe, seq=PROBE),
        gallery=dict(view=gallery, seq=GALLERY),
    )
    for probe, gallery in permutations(VIEWS, 2)
}
"""Probe view and gallery view, executions that differ."""

WEIGHTS = {'on': 0.1, 'off': 0.0}
"""Weight of both affinity losses."""

Values = dict[str, float]
"""Rank-1 and mAP, percent, means over all pairs of views."""


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument(
        '--data',
        type=Path,
        default=ROOT / 'data/nw_ucla/nw_ucla.pkl',
        help='made by tools/data/nw_ucla.py. Defaults to %(default)s',
    )
    parser.add_argument(
        '--out',
        type=Path,
        default=ROOT / 'work_dirs/retrieval_nw_ucla',
        help='folder of the runs. Defaults to %(default)s',
    )
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument(
        '--test-subjects',
        type=int,
        default=4,
        help='persons to test on. Defaults to 4',
    )
    parser.add_argument(
        '--epochs', type=int, default=20, help='Defaults to 20'
    )
    parser.add_argument(
        '--width',
        type=int,
        default=16,
        help='channels of the first block; the method has 96. Defaults to 16',
    )
    parser.add_argument(
        '--table', action='store_true', help='print finished runs, train none'
    )
    parser.add_argument('--quiet', action='store_true', help='no progress bar')
    return parser.parse_args(argv)


def relabel(content: Mapping[str, Any]) -> dict[str, Any]:
    """Annotations whose classes are the subjects.

    Args:
        content: Annotation dict of NW-UCLA.

    Returns:
        The same sequences; ``seq`` is the number of the execution.

    Raises:
        ValueError: If subjects, executions or views are not told.
    """
    samples = []
    for sample in content['annotations']:
        lacking = {'subject', 'execution', 'view'}.difference(sample)
        if lacking:
            raise ValueError(
                f'sample {sample.get("frame_dir")!r} has no '
                f'{", ".join(sorted(lacking))}; convert the data anew with '
                f'tools/data/nw_ucla.py.'
            )
        samples.append(
            dict(
                sample,
                label=sample['subject'] - 1,
                condition='na',
                seq=sample['execution'],
            )
        )
    return dict(annotations=samples, split={})


def choose_subjects(
    subjects: Sequence[int], test: int, seed: int
) -> tuple[list[int], list[int]]:
    """Persons to learn, and persons to test on.

    Args:
        subjects: All persons.
        test: How many are for the test.
        seed: Decides which.

    Raises:
        ValueError: If there are not two for each at least.
    """
    if not 2 <= test <= len(subjects) - 2:
        raise ValueError(
            f'--test-subjects {test}: of {len(subjects)} persons, at least 2 '
            f'must be left on either side.'
        )
    mixed = np.random.default_rng(seed).permutation(sorted(subjects)).tolist()
    return sorted(mixed[test:]), sorted(mixed[:test])


def make_config(
    args: argparse.Namespace,
    ann_file: Path,
    subjects: tuple[list[int], list[int]],
    losses: str,
) -> Config:
    """Config of one run.

    Args:
        args: The command line.
        ann_file: Annotations by person.
        subjects: Persons to learn, and to test on.
        losses: ``'on'`` or ``'off'``.
    """
    config = Config.fromfile(BASE)
    learnt, tested = subjects
    weight = dict(loss_weight=WEIGHTS[losses])
    begin = max(1, args.epochs // 5)
    config.merge_from_dict(
        dict(
            model=dict(
                backbone=dict(
                    base_channels=args.width,
                    num_stages=6,
                    inflate_stages=(3, 5),
                    down_stages=(3, 5),
                ),
                cls_head=dict(
                    num_classes=len(learnt),
                    in_channels=4 * args.width,
                    bank_size=256,
                    embedding='pooled',
                    families=dict(top_k=2, overlap_threshold=1),
                    loss_inter=weight,
                    loss_intra=dict(weight),
                ),
            ),
            train_cfg=dict(
                max_epochs=args.epochs, val_begin=args.epochs, val_interval=1
            ),
            optim_wrapper=dict(optimizer=dict(lr=0.05)),
            auto_scale_lr=dict(base_batch_size=32),
            default_hooks=dict(
                checkpoint=dict(save_best=None, max_keep_ckpts=1),
                logger=dict(interval=10),
            ),
        )
    )
    config.param_scheduler[0].T_max = args.epochs
    config.custom_hooks = [
        dict(
            type='ConfusionStatisticsHook', count_begin=begin - 1, begin=begin
        )
    ]
    meta = ('frame_dir', 'subject', 'seq', 'view', 'sample_idx')
    loader = dict(batch_size=32, num_workers=0, persistent_workers=False)
    walks = dict(
        type='GaitPoseDataset',
        ann_file=str(ann_file),
        layout='kinect_v1',
        stream='j',
        # The shortest sequence has one frame.
        min_frames=0,
    )
    pipeline = [*config.val_pipeline[:-1]]
    pipeline.append(dict(type='PackActionInputs', meta_keys=meta))
    config.train_dataloader = dict(
        loader,
        drop_last=True,
        sampler=dict(type='DefaultSampler', shuffle=True),
        dataset=dict(walks, subjects=learnt, pipeline=config.train_pipeline),
    )
    config.val_dataloader = dict(
        loader,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(
            walks, subjects=tested, pipeline=pipeline, test_mode=True
        ),
    )
    config.test_dataloader = config.val_dataloader
    judge = dict(type='ReIDMetric', settings=SETTINGS, topk=(1,))
    config.val_evaluator = config.test_evaluator = [judge]
    return config


def spread(values: Sequence[float]) -> str:
    """Mean, and standard deviation if there is one."""
    mean = f'{statistics.mean(values):.2f}'
    if len(values) == 1:
        return mean
    return f'{mean} ± {statistics.stdev(values):.2f}'


def folder_of(args: argparse.Namespace, seed: int, losses: str) -> Path:
    """Where a run is; what decides its result is in the name."""
    return args.out / (
        f'b{args.width}-{args.epochs}e-{args.test_subjects}p/'
        f'seed{seed}-{losses}'
    )


def run(args: argparse.Namespace, seed: int, losses: str) -> None:
    """Train one network, unless that is done.

    Raises:
        ValueError: If the training fails.
    """
    folder = folder_of(args, seed, losses)
    if (folder / 'result.json').exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    content = relabel(safe_load(args.data))
    # Always, as it might be of other data.
    ann_file = args.out / 'subjects.pkl'
    atomic_dump(content, ann_file)
    subjects = {sample['subject'] for sample in content['annotations']}
    chosen = choose_subjects(sorted(subjects), args.test_subjects, seed)
    config = make_config(args, ann_file, chosen, losses)
    path = folder / 'config.py'
    config.dump(path)
    began, log = time.time(), folder / 'output.log'
    command = [sys.executable, str(ROOT / 'tools/train.py'), str(path)]
    command += ['--work-dir', str(folder), '--seed', str(seed), '--resume']
    with log.open('a') as file:
        done = subprocess.run(command, stdout=file, stderr=file, check=False)
    if done.returncode:
        raise ValueError(f'seed {seed}, losses {losses} failed; see {log}')
    values = read_values(folder)
    values['minutes'] = (time.time() - began) / 60
    with atomic_writer(folder / 'result.json') as file:
        file.write(json.dumps(values, indent=2).encode())


def read_values(folder: Path) -> Values:
    """Means over the pairs of views, of the last epoch of a run.

    Raises:
        ValueError: If it was never tested.
    """
    rows = [
        json.loads(line)
        for path in sorted(folder.glob('*/vis_data/scalars.json'))
        for line in path.read_text().splitlines()
    ]
    tested = [row for row in rows if any('_rank1' in key for key in row)]
    if not tested:
        raise ValueError(
            f'{folder} has a training without a test; remove the folder and '
            f'start again.'
        )
    return means(tested[-1])


def means(scores: Mapping[str, float]) -> Values:
    """Means over the pairs of views.

    Args:
        scores: Values as the metric names them.
    """
    return {
        kind: statistics.mean(
            value for key, value in scores.items() if key.endswith(f'_{kind}')
        )
        for kind in ('rank1', 'mAP')
    }


def bone_lengths(sample: Mapping[str, Any]) -> np.ndarray:
    """Median length of each bone of a sequence, ``(V,)``."""
    pose = np.asarray(sample['keypoint'][0], np.float64)
    bones = pose - pose[:, get_layout('kinect_v1').parents]
    return np.median(np.linalg.norm(bones, axis=-1), axis=0)


def baselines(
    samples: Sequence[Mapping[str, Any]], tested: Sequence[int]
) -> dict[str, Values]:
    """What needs no training: chance, and the size of the body.

    Args:
        samples: Annotations by person.
        tested: Persons of the test.
    """
    samples = [one for one in samples if one['subject'] in tested]
    keys = ('subject', 'seq', 'view')
    meta = {key: [one[key] for one in samples] for key in keys}
    size = np.stack([bone_lengths(one) for one in samples])
    rng = np.random.default_rng(0)
    protocol = ReIDProtocol(SETTINGS, topk=(1,))
    draws = [
        means(reid_scores(Items(noise, meta), protocol).to_dict())
        for noise in rng.normal(size=(20, len(samples), 32))
    ]
    chance = {
        kind: statistics.mean(one[kind] for one in draws)
        for kind in ('rank1', 'mAP')
    }
    return {
        'chance': chance,
        'bone lengths': means(
            reid_scores(Items(size, meta), protocol).to_dict()
        ),
    }


def collect(args: argparse.Namespace) -> dict[str, dict[int, Values]]:
    """Values of finished runs and baselines, by row and seed."""
    samples = relabel(safe_load(args.data))['annotations']
    subjects = sorted({sample['subject'] for sample in samples})
    found: dict[str, dict[int, Values]] = {}
    for seed in args.seeds:
        _, tested = choose_subjects(subjects, args.test_subjects, seed)
        for name, values in baselines(samples, tested).items():
            found.setdefault(name, {})[seed] = values
        for losses in WEIGHTS:
            path = folder_of(args, seed, losses) / 'result.json'
            if path.exists():
                values = json.loads(path.read_text())
                found.setdefault(f'losses {losses}', {})[seed] = values
    return found


def print_table(args: argparse.Namespace, console: Console) -> None:
    """Print what is there: mean and standard deviation over the seeds."""
    found = collect(args)
    table = Table(title='Persons of NW-UCLA across views, percent')
    table.add_column('embedding')
    for column in ('seeds', 'Rank-1', 'mAP', 'minutes a run'):
        table.add_column(column, justify='right')
    for name, by_seed in found.items():
        rows = list(by_seed.values())
        minutes = [row['minutes'] for row in rows if 'minutes' in row]
        table.add_row(
            name,
            ' '.join(map(str, by_seed)),
            spread([row['rank1'] for row in rows]),
            spread([row['mAP'] for row in rows]),
            f'{statistics.mean(minutes):.1f}' if minutes else '',
        )
    on, off = found.get('losses on', {}), found.get('losses off', {})
    both = [seed for seed in on if seed in off]
    if both:
        gains = (
            spread([on[seed][kind] - off[seed][kind] for seed in both])
            for kind in ('rank1', 'mAP')
        )
        table.add_row(
            'on less off, by seed', ' '.join(map(str, both)), *gains, ''
        )
    console.print(table)
    console.print(
        f'width {args.width}, {args.epochs} epochs, {args.test_subjects} test '
        f'persons drawn by seed, last epoch, {machine()}, commit {commit()}'
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Train what is missing, print the table; returns the exit status."""
    args = parse_args(argv)
    runs = [(seed, losses) for seed in args.seeds for losses in WEIGHTS]
    try:
        if not args.table:
            args.out.mkdir(parents=True, exist_ok=True)
            hidden = args.quiet or not sys.stderr.isatty()
            for one in track(
                runs,
                'training',
                disable=hidden,
                console=Console(stderr=True),
            ):
                run(args, *one)
        print_table(args, Console())
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
