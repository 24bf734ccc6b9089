"""Train one config with several seeds; print mean and spread of top-1.

The README's accuracies come from here. Seeds run side by side, because one
small model leaves an accelerator idle. Example, the full-width NW-UCLA joint
stream on a GPU::

    config=aclnet_1xb16-joint-u52-65e_nw-ucla-xview-keypoint-3d
    python benchmarks/accuracy_over_seeds.py configs/aclnet/$config.py \
        --seeds 0 1 2 --out work_dirs/nw_ucla_joint

Runs that are already complete in ``--out`` are not repeated, interrupted
ones continue.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch
from mmengine.config import Config
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('config', type=Path)
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument(
        '--jobs', type=int, help='runs side by side. Defaults to all'
    )
    parser.add_argument('--cfg-options', nargs='+', default=[])
    return parser.parse_args(argv)


def train_all(args: argparse.Namespace) -> dict[int, float]:
    """Train every seed; returns the wall-clock seconds of each run."""
    waiting = list(args.seeds)
    running: dict[int, tuple[subprocess.Popen, float]] = {}
    seconds: dict[int, float] = {}
    while waiting or running:
        while waiting and len(running) < (args.jobs or len(args.seeds)):
            seed = waiting.pop(0)
            running[seed] = (start(args, seed), time.time())
        for seed, (process, began) in list(running.items()):
            if process.poll() is None:
                continue
            if process.returncode:
                raise SystemExit(
                    f'seed {seed} failed; see {log_of(args.out, seed)}'
                )
            seconds[seed] = time.time() - began
            del running[seed]
        time.sleep(0.5)
    return seconds


def log_of(out: Path, seed: int) -> Path:
    """Where a run's output goes."""
    return out / f'seed{seed}.log'


def start(args: argparse.Namespace, seed: int) -> subprocess.Popen:
    """Start one run."""
    args.out.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        str(ROOT / 'tools' / 'train.py'),
        str(args.config),
        '--work-dir',
        str(args.out / f'seed{seed}'),
        '--seed',
        str(seed),
        '--resume',
    ]
    if args.cfg_options:
        command += ['--cfg-options', *args.cfg_options]
    with log_of(args.out, seed).open('a') as log:
        return subprocess.Popen(command, stdout=log, stderr=log)


def read_top1(folder: Path) -> list[float]:
    """Top-1 (percent) after each epoch, from the logs of a run."""
    by_epoch = {}
    for path in sorted(folder.glob('*/vis_data/scalars.json')):
        for line in path.read_text().splitlines():
            row = json.loads(line)
            if 'acc/top1' in row:
                by_epoch[row['step']] = 100 * row['acc/top1']
    return [by_epoch[epoch] for epoch in sorted(by_epoch)]


def commit() -> str:
    """The commit of this checkout, if it is one."""
    done = subprocess.run(
        ['git', '-C', str(ROOT), 'describe', '--always', '--dirty'],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or 'unknown'


def machine() -> str:
    """What it ran on."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f'{platform.machine()} CPU, {os.cpu_count()} cores'


def spread(values: list[float]) -> str:
    """Mean and standard deviation."""
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f'{statistics.mean(values):.2f} ± {deviation:.2f}'


def main(argv: list[str] | None = None) -> None:
    """Train, then print the table."""
    args = parse_args(argv)
    config = Config.fromfile(args.config)
    seconds = train_all(args)
    table = Table(title=args.config.stem)
    for column in ('seed', 'epochs', 'last top-1', 'best top-1', 'minutes'):
        table.add_column(column, justify='right')
    last, best = [], []
    for seed in args.seeds:
        top1 = read_top1(args.out / f'seed{seed}')
        last.append(top1[-1])
        best.append(max(top1))
        table.add_row(
            str(seed),
            str(len(top1)),
            f'{last[-1]:.2f}',
            f'{best[-1]:.2f}',
            f'{seconds[seed] / 60:.1f}',
        )
    table.add_row('all', '', spread(last), spread(best), '')
    console = Console()
    console.print(table)
    console.print(
        f'width {config.model.backbone.base_channels}, {machine()}, torch '
        f'{torch.__version__}, commit {commit()}; validation with one clip, '
        f'minutes of this call'
    )


if __name__ == '__main__':
    main()
