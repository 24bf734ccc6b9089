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
import statistics
import sys
from pathlib import Path

import torch
from mmengine.config import DictAction
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.sweep.circumstances import commit, machine
from aclnet_plugin.analysis.sweep.launching import run_all
from aclnet_plugin.analysis.sweep.outcomes import Outcome
from aclnet_plugin.analysis.sweep.resolve import resolve
from aclnet_plugin.analysis.sweep.results import read_validation
from aclnet_plugin.analysis.sweep.runs import Run, Scripts, make_run
from aclnet_plugin.utils.arguments import make_parser

ROOT = Path(__file__).resolve().parents[1]


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument('config', type=Path)
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument(
        '--jobs', type=int, help='runs side by side. Defaults to all'
    )
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    return parser.parse_args(argv)


def make_runs(args: argparse.Namespace) -> list[Run]:
    """The run of each seed.

    Args:
        args: The command line.
    """
    resolved = resolve(args.config, args.cfg_options or {})
    return [
        make_run(
            args.config.stem,
            args.config,
            args.cfg_options or {},
            seed,
            args.out / f'seed{seed}',
            resolved,
        )
        for seed in args.seeds
    ]


def train_all(args: argparse.Namespace) -> list[Outcome]:
    """Train every seed.

    Args:
        args: The command line.

    Raises:
        SystemExit: If one of them does not finish.
    """
    tools = ROOT / 'tools'
    try:
        outcomes = run_all(
            make_runs(args),
            Scripts(tools / 'train.py', tools / 'test.py'),
            jobs=args.jobs or len(args.seeds),
            retry_failed=True,
        )
    except AnalysisError as error:
        raise SystemExit(f'error: {error}') from None
    for outcome in outcomes:
        if outcome.result is None:
            raise SystemExit(
                f'seed {outcome.run.seed} {outcome.status}: {outcome.reason}'
            )
    return outcomes


def read_top1(folder: Path) -> list[float]:
    """Top-1 (percent) after each epoch, from the logs of a run.

    Args:
        folder: Its work folder.
    """
    rows = read_validation(folder).values()
    return [100 * row['acc/top1'] for row in rows]


def spread(values: list[float]) -> str:
    """Mean and standard deviation."""
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f'{statistics.mean(values):.2f} ± {deviation:.2f}'


def main(argv: list[str] | None = None) -> None:
    """Train, then print the table."""
    args = parse_args(argv)
    outcomes = train_all(args)
    table = Table(title=args.config.stem)
    for column in ('seed', 'epochs', 'last top-1', 'best top-1', 'minutes'):
        table.add_column(column, justify='right')
    last, best = [], []
    for run, _, result, _ in outcomes:
        top1 = read_top1(run.folder)
        last.append(top1[-1])
        best.append(max(top1))
        seconds = result.seconds
        table.add_row(
            str(run.seed),
            str(len(top1)),
            f'{last[-1]:.2f}',
            f'{best[-1]:.2f}',
            '' if seconds is None else f'{seconds / 60:.1f}',
        )
    table.add_row('all', '', spread(last), spread(best), '')
    width = outcomes[0].run.resolved.model.backbone.base_channels
    console = Console()
    console.print(table)
    console.print(
        f'width {width}, {machine()}, torch '
        f'{torch.__version__}, commit {commit()}; validation with one clip, '
        f'minutes of trainings that were not interrupted'
    )


if __name__ == '__main__':
    main()
