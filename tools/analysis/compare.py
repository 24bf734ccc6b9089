r"""Train two or more configs with the same seeds; tell how far they differ.

Arms are configs, or the settings of a grid file of ``tools/analysis/sweep.py``
in one config, or in each of several. The first arm, or --baseline, is what
the others are compared with::

    joint=configs/aclnet/aclnet_1xb16-joint-u52-65e_nw-ucla-xview-keypoint-3d.py
    python tools/analysis/compare.py --arms baseline=ce.py ACLNet=$joint \
        --seeds 0 1 2 3 4
    # The losses and their rivals on two backbones, a run on each GPU.
    python tools/analysis/compare.py --arms ACLGCN=$joint STGCN++=stgcnpp.py \
        --grid-file configs/aclnet/sweeps/rivals.yml \
        --settings CE 'CE + inter' 'CE + intra' both 'CE + SupCon' \
        --seeds 0 1 2 3 4 --gpus 0 1
    # Six streams of each, and the fusion of 2, 4 and 6 of them.
    python tools/analysis/compare.py --arms $joint \
        --grid-file configs/aclnet/sweeps/rivals.yml --settings CE both \
        --streams j b k jm bm km --seeds 0 1 2 3 4
    # A look before anything starts; under slurm, and what came out of it.
    python tools/analysis/compare.py --arms a.py b.py --dry-run
    python tools/analysis/compare.py --arms a.py b.py --slurm PART | bash
    python tools/analysis/compare.py --arms a.py b.py --plot-only

Arms may differ in one thing: loss (the head, and when it acts), backbone
(with the widths the head takes from it), data (data sets, pipelines),
schedule (optimizer, epochs, batch size, hooks) or other. If they differ in
more, nothing is run, and the entries are listed: a difference would have more
than one cause. --compare names the thing, --allow what may differ as well,
which the report then says. With settings of several configs, this holds for
settings within a config, and for a setting in two configs.

Each run is a process of its own, trained and then tested by tools/test.py at
its last epoch, never at the best one, which would be chosen on the samples
that are counted. The same command again goes on where the last one ended;
results belong to what a config comes to, so that more seeds, arms or streams
keep what is there. Failed runs stay as they are unless --retry-failed.

The report (compare.md, compare.json, tables and pictures) has mean and
standard deviation of each arm, the difference by seed with the intervals of
the paired t test and of a bootstrap over seeds, what these are worth with so
few seeds, p values with and without Holm's adjustment, gains and losses of
single classes, and what each arm costs. Seeds are paired because equal seeds
draw equal batches; weights start equal only if the models are equal.

The exit status is 0, 1 if a run is missing or after an error, 2 for a wrong
command line, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _common import local_file  # first: finds an uninstalled checkout
from _flags import add_cfg_options, add_classes, add_seed
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aclnet_plugin.analysis.class_names import load_names
from aclnet_plugin.analysis.comparison.arms import (
    choose,
    make_arms,
    parse_arms,
)
from aclnet_plugin.analysis.comparison.fairness import GROUPS
from aclnet_plugin.analysis.comparison.markdown import (
    as_markdown,
    interval,
    mean_text,
    number,
    p_text,
)
from aclnet_plugin.analysis.comparison.picture import draw_all
from aclnet_plugin.analysis.comparison.plan import Plan, make_plan
from aclnet_plugin.analysis.comparison.report import Choices, make_report
from aclnet_plugin.analysis.comparison.statistics import check_interval
from aclnet_plugin.analysis.comparison.streams import STREAMS
from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.output import (
    make_parser,
    run_tool,
    save_csv,
    save_figure,
    save_json,
)
from aclnet_plugin.analysis.sweep.commands import shell_commands, slurm_script
from aclnet_plugin.analysis.sweep.grid import read_grid
from aclnet_plugin.analysis.sweep.launching import run_all
from aclnet_plugin.analysis.sweep.outcomes import Outcome, known_outcome
from aclnet_plugin.analysis.sweep.progress import SweepProgress
from aclnet_plugin.analysis.sweep.runs import (
    Scripts,
    check_owner,
    claim_folder,
)
from aclnet_plugin.utils.arguments import number_above_0, whole_from
from aclnet_plugin.utils.atomic import atomic_writer

TOOLS = Path(__file__).resolve().parents[1]
SCRIPTS = Scripts(TOOLS / 'train.py', TOOLS / 'test.py')


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    _add_what(parser)
    parser.add_argument(
        '--work-dir',
        type=Path,
        metavar='DIR',
        help='folder of the runs. Defaults to work_dirs/compare_<config>, '
        'that of the first arm',
    )
    parser.add_argument(
        '--no-test',
        action='store_true',
        help='compare the validations after the last epoch; there are no '
        'predictions then, so no classes and no fusion',
    )
    parser.add_argument(
        '--metric',
        default='acc/top1',
        help='key of what is told. Defaults to acc/top1',
    )
    parser.add_argument(
        '--level',
        type=float,
        default=0.95,
        metavar='SHARE',
        help='of the intervals. Defaults to 0.95',
    )
    parser.add_argument(
        '--resamples',
        type=number_above_0,
        default=10_000,
        metavar='N',
        help='bootstrap samples over seeds; up to 5 seeds all there are. '
        'Defaults to 10000',
    )
    add_seed(parser, 'of the bootstrap')
    add_classes(parser, 'class indices')
    parser.add_argument(
        '--top',
        type=number_above_0,
        default=5,
        metavar='N',
        help='list the N classes with the largest gains, and losses; '
        'compare_classes.csv has all. Defaults to 5',
    )
    _add_how(parser)
    return parser.parse_args(argv)


def _add_what(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--arms',
        nargs='+',
        required=True,
        metavar='NAME=CONFIG',
        help='configs, named like their files if there is no NAME',
    )
    parser.add_argument(
        '--grid-file',
        type=local_file,
        metavar='FILE',
        help='compare these settings of each config; see sweep.py and '
        'configs/aclnet/sweeps',
    )
    parser.add_argument(
        '--settings',
        nargs='+',
        default=[],
        metavar='NAME',
        help='only these of --grid-file, in this order',
    )
    parser.add_argument(
        '--baseline',
        metavar='NAME',
        help='arm or setting that others are compared with. Defaults to the '
        'first one',
    )
    parser.add_argument(
        '--compare',
        choices=GROUPS,
        metavar='THING',
        help=f'what may differ, of {", ".join(GROUPS)}. Defaults to the one '
        f'thing that does',
    )
    parser.add_argument(
        '--allow',
        nargs='+',
        choices=GROUPS,
        default=[],
        metavar='THING',
        help='what may differ, too',
    )
    parser.add_argument(
        '--seeds',
        type=whole_from(0),
        nargs='+',
        default=[0],
        metavar='N',
        help='of each arm. Defaults to 0 alone',
    )
    parser.add_argument(
        '--streams',
        nargs='+',
        choices=STREAMS,
        default=[],
        metavar='STREAM',
        help=f'train each arm on these, of {" ".join(STREAMS)}, and fuse '
        f'them. Defaults to the stream of the config',
    )
    add_cfg_options(parser, 'those of all configs')


def _add_how(parser: argparse.ArgumentParser) -> None:
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


def read_plan(args: argparse.Namespace) -> Plan:
    """Read and check all arms.

    Args:
        args: The command line.

    Raises:
        AnalysisError: If one of them cannot be trained, or they cannot be
            compared.
    """
    check_interval(args.level, args.resamples)
    configs = parse_arms(args.arms)
    if args.settings and not args.grid_file:
        raise AnalysisError('--settings needs --grid-file')
    settings = []
    if args.grid_file:
        settings = choose(read_grid(args.grid_file).settings, args.settings)
    arms = make_arms(configs, settings)
    root = args.work_dir or Path('work_dirs', f'compare_{configs[0][1].stem}')
    with Console(stderr=True).status('checking the arms') as status:

        def advance() -> None:
            advance.done += 1
            status.update(f'checking the arms: {advance.done} of {len(arms)}')

        advance.done = 0
        plan = make_plan(
            arms,
            args.seeds,
            args.streams,
            root,
            baseline=args.baseline,
            compare=args.compare,
            allow=args.allow,
            options=args.cfg_options,
            test=not args.no_test,
            advance=advance,
        )
    for one in plan.ordered:
        check_owner(one)
    if args.classes:
        # Now, not after hours of training.
        head = plan.ordered[0].resolved.model.get('cls_head') or {}
        load_names(args.classes, head.get('num_classes'))
    return plan


def print_commands(plan: Plan, args: argparse.Namespace) -> None:
    """Print what would be, or has to be, started.

    Args:
        plan: The comparison.
        args: The command line.
    """
    test = not args.no_test
    runs = [
        one
        for one in plan.ordered
        if known_outcome(one, test, args.retry_failed) is None
    ]
    if args.slurm:
        for one in runs:
            one.folder.mkdir(parents=True, exist_ok=True)
            claim_folder(one)
        lines = slurm_script(runs, TOOLS, args.slurm, test)
    else:
        lines = shell_commands(runs, SCRIPTS, test)
    for line in lines:
        print(line)
    print(f'{len(runs)} of {len(plan.runs)} runs are missing', file=sys.stderr)


def carry_out(plan: Plan, args: argparse.Namespace) -> list[Outcome]:
    """Run what is missing, or only look what is there.

    Args:
        plan: The comparison.
        args: The command line.
    """
    test = not args.no_test
    if args.plot_only:
        return [
            known_outcome(one, test, False) or Outcome(one, 'missing')
            for one in plan.ordered
        ]
    with SweepProgress(len(plan.runs), quiet=args.quiet) as progress:
        return run_all(
            plan.ordered,
            SCRIPTS,
            test=test,
            jobs=args.jobs,
            gpus=args.gpus,
            retry_failed=args.retry_failed,
            watch=progress.watch,
        )


def print_report(report: dict, console: Console) -> None:
    """Print the tables of streams and fusions, and what they are worth.

    Args:
        report: See :func:`make_report`.
        console: Where to.
    """
    unit = f' ({report["unit"]})' if report['unit'] else ''
    title = f'{report["metric"]}{unit}, {report["protocol"]}'
    for one in report['series']:
        header = ['arm', 'mean ± sd', 'seeds']
        rows = [
            [arm['name'], mean_text(arm), str(len(arm['values']))]
            for arm in one['arms']
        ]
        _print_table(f'{title}, {one["name"]}', header, rows, console)
        header = ['against', 'arm', 'difference', 't interval', 'bootstrap']
        rows = [
            [
                pair['before'],
                pair['after'],
                number(pair['mean'], True),
                interval(pair['low'], pair['high']),
                interval(pair['boot_low'], pair['boot_high']),
                p_text(pair['p']),
            ]
            for pair in one['pairs']
        ]
        _print_table('', [*header, 'p'], rows, console)
    console.out(report['worth'], highlight=False)
    for note in report['notes']:
        console.out(f'note: {note}', highlight=False)


def _print_table(
    title: str, header: list[str], rows: list[list[str]], console: Console
) -> None:
    if console.is_terminal:
        table = Table(title=Text(title) if title else None)
        for column in header:
            table.add_column(column, overflow='fold')
        for row in rows:
            table.add_row(*map(Text, row))
        console.print(table)
        return
    if title:
        console.out(title, highlight=False)
    widths = [max(map(len, one)) for one in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        cells = zip(row, widths, strict=True)
        text = '  '.join(cell.ljust(size) for cell, size in cells)
        console.out(text.rstrip(), highlight=False)


def run(args: argparse.Namespace) -> Iterator[Path]:
    """Run the comparison; print and write what it found.

    Args:
        args: The command line; ``missing`` is added to it, the number of
            runs without a result.

    Yields:
        The files.
    """
    args.missing = 0
    plan = read_plan(args)
    if args.dry_run or args.slurm:
        print_commands(plan, args)
        return
    outcomes = carry_out(plan, args)
    args.missing = sum(one.status != 'finished' for one in outcomes)
    if args.missing == len(outcomes):
        raise AnalysisError(
            f'none of {len(outcomes)} runs in {plan.root} has finished'
        )
    choices = Choices(
        args.metric, not args.no_test, args.level, args.resamples, args.seed,
        args.classes,
    )  # fmt: skip
    report = make_report(plan, outcomes, choices)
    print_report(report, Console())
    out = args.out or plan.root / 'report'
    pictures = []
    for stem, figure in draw_all(report):
        paths = save_figure(figure, out, stem, args.format)
        pictures.append(paths[0].name)
        yield from paths
    yield save_csv(_rows(report['runs']), out / 'compare.csv')
    if report['classes']:
        rows = [
            {k: one[k] for k in ('before', 'after', 'stream')}
            | {f'class_{k}' if k in one else k: v for k, v in row.items()}
            for one in report['classes']
            for row in one['classes']
        ]
        yield save_csv(_rows(rows), out / 'compare_classes.csv')
    with atomic_writer(out / 'compare.md') as file:
        file.write(as_markdown(report, args.top, pictures).encode())
    yield out / 'compare.md'
    yield save_json(report, out / 'compare.json')


def _rows(content: list[dict]) -> list[list]:
    header = list(content[0])
    return [header, *(['' if x is None else x for x in row.values()]
                      for row in content)]  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    args = parse_args(argv)
    # A batch system ends jobs this way; the trainings have to end, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    status = run_tool(run, args)
    return status or int(args.missing > 0)


if __name__ == '__main__':
    sys.exit(main())
