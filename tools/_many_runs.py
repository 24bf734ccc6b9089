"""What the tools share that start many trainings."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.output import run_tool
from aclnet_plugin.analysis.sweep.commands import shell_commands, slurm_script
from aclnet_plugin.analysis.sweep.launching import run_all
from aclnet_plugin.analysis.sweep.outcomes import Outcome, known_outcome
from aclnet_plugin.analysis.sweep.progress import SweepProgress
from aclnet_plugin.analysis.sweep.runs import Run, Scripts, claim_folder
from aclnet_plugin.utils.arguments import number_above_0, whole_from

TOOLS = Path(__file__).resolve().parent
SCRIPTS = Scripts(TOOLS / 'train.py', TOOLS / 'test.py')


def add_seeds(parser: argparse.ArgumentParser, trained: str) -> None:
    """``--seeds``.

    Args:
        parser: Gets the flag.
        trained: What is trained with each of them.
    """
    parser.add_argument(
        '--seeds',
        type=whole_from(0),
        nargs='+',
        default=[0],
        metavar='N',
        help=f'of each {trained}. Defaults to 0 alone',
    )


def add_metric(parser: argparse.ArgumentParser) -> None:
    """``--metric``."""
    parser.add_argument(
        '--metric',
        default='acc/top1',
        help='key of what is told. Defaults to acc/top1',
    )


def add_launching(parser: argparse.ArgumentParser) -> None:
    """How runs are started, or what happens instead."""
    parser.add_argument(
        '--jobs',
        type=number_above_0,
        metavar='N',
        help='runs side by side. Defaults to the number of GPUs given, or 1',
    )
    parser.add_argument(
        '--gpus',
        nargs='+',
        default=[],
        metavar='ID',
        help='GPUs to use, as CUDA_VISIBLE_DEVICES names them, a run on each',
    )
    parser.add_argument(
        '--retry-failed', action='store_true', help='run failed ones again'
    )
    parser.add_argument('--quiet', action='store_true', help='no progress')
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument(
        '--plot-only',
        action='store_true',
        help='run nothing; tell what is there, also of runs under slurm',
    )
    instead.add_argument(
        '--dry-run',
        action='store_true',
        help='write nothing; print the commands of what is missing',
    )
    instead.add_argument(
        '--slurm',
        metavar='PARTITION',
        help='print a shell script that runs what is missing under slurm; '
        '--plot-only later tells what came out',
    )


def print_commands(
    runs: Sequence[Run],
    scripts: Scripts,
    test: bool,
    args: argparse.Namespace,
) -> None:
    """Print what would be, or has to be, started.

    Args:
        runs: All runs; those that neither finished nor failed are missing.
        scripts: What trains and tests.
        test: Whether runs are tested.
        args: Flags of :func:`add_launching`.
    """
    missing = [
        one
        for one in runs
        if known_outcome(one, test, args.retry_failed, write=False) is None
    ]
    if args.slurm:
        for one in missing:
            one.folder.mkdir(parents=True, exist_ok=True)
            claim_folder(one)
        lines = slurm_script(missing, TOOLS, args.slurm, test)
    else:
        lines = shell_commands(missing, scripts, test)
    for line in lines:
        print(line)
    print(f'{len(missing)} of {len(runs)} runs are missing', file=sys.stderr)


def carry_out(
    runs: Sequence[Run],
    scripts: Scripts,
    test: bool,
    args: argparse.Namespace,
    root: Path,
) -> list[Outcome]:
    """Run what is missing, or only look what is there.

    Args:
        runs: All runs.
        scripts: What trains and tests.
        test: Whether runs are tested.
        args: Flags of :func:`add_launching`; ``missing`` is set in it, the
            number of runs without a result.
        root: Folder of the runs, for messages.

    Raises:
        AnalysisError: If no run has a result.
    """
    if args.plot_only:
        outcomes = [
            known_outcome(one, test, False) or Outcome(one, 'missing')
            for one in runs
        ]
    else:
        with SweepProgress(len(runs), quiet=args.quiet) as progress:
            outcomes = run_all(
                runs,
                scripts,
                test=test,
                jobs=args.jobs,
                gpus=args.gpus,
                retry_failed=args.retry_failed,
                watch=progress.watch,
            )
    args.missing = sum(one.status != 'finished' for one in outcomes)
    if args.missing == len(outcomes):
        raise AnalysisError(
            f'none of {len(outcomes)} runs in {root} has finished'
        )
    return outcomes


def run_command(
    run: Callable[[argparse.Namespace], Iterable[Path]],
    args: argparse.Namespace,
) -> int:
    """Run a tool; the exit status also tells whether a run is missing.

    Args:
        run: See :func:`~aclnet_plugin.analysis.output.run_tool`.
        args: The command line.
    """
    args.missing = 0
    # A batch system ends jobs this way; the trainings have to end, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return run_tool(run, args) or int(args.missing > 0)
