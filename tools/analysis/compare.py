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
    # The same on the test samples that a training could not have seen.
    python tools/analysis/compare.py --arms $joint \
        --grid-file configs/aclnet/sweeps/rivals.yml --settings CE both \
        --plot-only --out unseen --ann-file data/nw_ucla/nw_ucla.pkl \
        --split xview_val_unseen
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
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _common import local_file  # first: finds an uninstalled checkout
from _flags import add_cfg_options, add_classes, add_intervals, add_seed
from _many_runs import (
    SCRIPTS,
    add_launching,
    add_metric,
    add_seeds,
    carry_out,
    print_commands,
    run_command,
)
from rich.console import Console

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
    save_csv,
    save_figure,
    save_json,
)
from aclnet_plugin.analysis.sweep.grid import read_grid
from aclnet_plugin.analysis.sweep.runs import (
    check_owner,
)
from aclnet_plugin.analysis.tested_samples import samples_of
from aclnet_plugin.analysis.text_table import print_table
from aclnet_plugin.utils.arguments import number_above_0
from aclnet_plugin.utils.atomic import atomic_writer


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
    add_metric(parser)
    add_intervals(parser, ' over seeds; up to 5 seeds all there are')
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
    parser.add_argument(
        '--ann-file',
        type=local_file,
        metavar='FILE',
        help='with --split: count only the test samples of a split of this '
        'annotation file; the predictions are there, nothing is tested again',
    )
    parser.add_argument('--split', metavar='NAME', help='see --ann-file')
    add_launching(parser)
    args = parser.parse_args(argv)
    if (args.ann_file is None) != (args.split is None):
        parser.error('--ann-file and --split go together')
    if args.split and args.no_test:
        parser.error('--split chooses test samples; leave --no-test out')
    return args


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
    add_seeds(parser, 'arm')
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
    args.samples = None
    if args.ann_file:
        args.samples = samples_of(args.ann_file, args.split)
    if args.classes:
        # Now, not after hours of training.
        head = plan.ordered[0].resolved.model.get('cls_head') or {}
        load_names(args.classes, head.get('num_classes'))
    return plan


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
        print_table(f'{title}, {one["name"]}', header, rows, console)
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
        print_table('', [*header, 'p'], rows, console)
    console.out(report['worth'], highlight=False)
    for note in report['notes']:
        console.out(f'note: {note}', highlight=False)


def run(args: argparse.Namespace) -> Iterator[Path]:
    """Run the comparison; print and write what it found.

    Args:
        args: The command line; ``missing`` is set in it, the number of runs
            without a result.

    Yields:
        The files.
    """
    plan = read_plan(args)
    test = not args.no_test
    if args.dry_run or args.slurm:
        print_commands(plan.ordered, SCRIPTS, test, args)
        return
    outcomes = carry_out(plan.ordered, SCRIPTS, test, args, plan.root)
    choices = Choices(
        args.metric, test, args.level, args.resamples, args.seed,
        args.classes, args.samples,
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
    return run_command(run, parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
