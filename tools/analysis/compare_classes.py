r"""Compare two runs class by class: which classes gained, which lost.

Both are files of predictions, of tools/test.py --dump, of the same samples,
which are joined by name. Differences are those of B against A, with bootstrap
intervals that are paired over the samples of a class. A table, a picture of
sorted bars, a CSV and a JSON file show them::

    python tools/analysis/compare_classes.py baseline.pkl aclnet.pkl
    python tools/analysis/compare_classes.py --a base_seed*.pkl \
        --b aclnet_seed*.pkl --labels baseline ACLNet --classes names.txt
    python tools/analysis/compare_classes.py baseline.pkl aclnet.pkl \
        --top 20 --level 0.9 --resamples 20000 --out compared

Of several files on a side, such as the seeds of a training, accuracies are
averaged. Intervals tell how far a difference depends on which samples were
tested. They do not tell how far it depends on the seed: for that, compare
the accuracies of the single runs, which are listed, too. Among many classes
some intervals leave 0 out by chance alone; how many is said.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import _common  # noqa: F401  (first: finds an uninstalled checkout)
import numpy as np
from _flags import add_classes, add_intervals, add_seed
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aclnet_plugin.analysis.class_accuracy import (
    Change,
    Comparison,
    Runs,
    class_means,
    compare,
    load_groups,
)
from aclnet_plugin.analysis.class_names import names_for
from aclnet_plugin.analysis.output import (
    make_parser,
    run_tool,
    save_csv,
    save_figure,
    save_json,
)
from aclnet_plugin.utils.arguments import number_above_0
from aclnet_plugin.visualization.class_difference_plot import (
    plot_class_differences,
)


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument(
        'files',
        nargs='*',
        type=Path,
        metavar='A.pkl B.pkl',
        help='predictions of one run each, or --a and --b instead',
    )
    for side, what in (('a', 'is compared with'), ('b', 'is compared')):
        parser.add_argument(
            f'--{side}',
            nargs='+',
            type=Path,
            metavar='FILE',
            help=f'runs of what {what}',
        )
    parser.add_argument(
        '--labels',
        nargs=2,
        metavar=('A', 'B'),
        help='what to call the two. Defaults to the names of the files',
    )
    add_classes(parser, 'class indices')
    parser.add_argument(
        '--top',
        type=number_above_0,
        default=15,
        metavar='N',
        help='of more than 2 N classes show the N largest gains and losses; '
        'the files have all. Defaults to 15',
    )
    add_intervals(parser)
    add_seed(parser)
    args = parser.parse_args(argv)
    if (args.a is None) != (args.b is None) or (args.a and args.files):
        parser.error('give A.pkl B.pkl, or --a FILE ... and --b FILE ...')
    if args.a is None:
        if len(args.files) != 2:
            parser.error(
                f'give two files, A.pkl B.pkl, not {len(args.files)}; '
                f'several runs go after --a and --b'
            )
        args.a, args.b = [args.files[0]], [args.files[1]]
    return args


def run(args: argparse.Namespace) -> Iterator[Path]:
    """Compare, print and write.

    Args:
        args: The command line.

    Yields:
        The files.
    """
    labels = args.labels or _labels(args.a[0], args.b[0])
    groups = list(zip(labels, (args.a, args.b), strict=True))
    (before, after), notes = load_groups(groups)
    for note in notes:
        print(f'note: {note}', file=sys.stderr)
    names = names_for(args.classes, None, before.num_classes)
    found = compare(before, after, args.resamples, args.level, args.seed)
    _print(args, names, before, after, found)
    out = args.out or args.b[0].parent / 'compare_classes'
    figure = plot_class_differences(
        names,
        found.difference,
        found.low,
        found.high,
        found.overall.difference,
        args.top,
        f'{after.name} against {before.name}, class by class',
        _subtitle(args, before, after, found),
    )
    stem = 'class_differences'
    yield from save_figure(figure, out, stem, args.format)
    yield save_csv(_rows(names, found), out / f'{stem}.csv')
    content = _content(args, names, before, after, found)
    yield save_json(content, out / f'{stem}.json')


def _labels(first: Path, second: Path) -> tuple[str, str]:
    """Names of the files; with their folders if they are equal."""
    if first.stem != second.stem:
        return first.stem, second.stem
    pair = [
        f'{path.absolute().parent.name}/{path.stem}'
        for path in (first, second)
    ]
    return ('A', 'B') if pair[0] == pair[1] else (pair[0], pair[1])


def _said(change: Change) -> str:
    return (
        f'{100 * change.before:.2f} to {100 * change.after:.2f}, '
        f'{100 * change.difference:+.2f} '
        f'[{100 * change.low:+.2f}, {100 * change.high:+.2f}]'
    )


def _subtitle(
    args: argparse.Namespace, before: Runs, after: Runs, found: Comparison
) -> str:
    runs = [len(r.hits) for r in (before, after)]
    several = (
        f'means of {runs[0]} and {runs[1]} runs; ' if max(runs) > 1 else ''
    )
    return (
        f'{several}{found.samples.sum()} samples; '
        f'{100 * args.level:g} % intervals, paired bootstrap\n'
        f'all samples: {_said(found.overall)}'
    )


def _chance(args: argparse.Namespace, found: Comparison) -> str:
    count = len(found.order)
    return (
        f'{int(found.clear.sum())} of {count} classes have an interval that '
        f'leaves 0 out; were there no difference, some '
        f'{(1 - args.level) * count:.1f} would by chance.'
    )


def _print(
    args: argparse.Namespace,
    names: Sequence[str],
    before: Runs,
    after: Runs,
    found: Comparison,
) -> None:
    console = Console()
    order = found.order
    shown = order
    if len(order) > 2 * args.top:
        shown = np.concatenate([order[: args.top], order[-args.top :]])
    rows = [
        (
            names[i],
            str(found.samples[i]),
            f'{100 * found.before[i]:.2f}',
            f'{100 * found.after[i]:.2f}',
            f'{100 * found.difference[i]:+.2f}',
            f'[{100 * found.low[i]:+.2f}, {100 * found.high[i]:+.2f}]',
        )
        for i in shown.tolist()
    ]
    if not console.is_terminal:
        for name, samples, first, second, difference, interval in rows:
            print(
                f'{name}: {first} to {second}, {difference} {interval}, '
                f'{samples} samples'
            )
    else:
        table = Table(title=Text(f'{after.name} against {before.name}'))
        table.add_column('class', overflow='fold')
        for head in ('samples', before.name, after.name, 'difference'):
            table.add_column(Text(head), justify='right')
        table.add_column('interval')
        for place, (name, *row) in enumerate(rows):
            gap = len(shown) < len(order) and place == args.top - 1
            table.add_row(Text(name), *map(Text, row), end_section=gap)
        console.print(table)
    if len(shown) < len(order):
        rest = len(order) - len(shown)
        print(f'... and {rest} in between; the files have them.')
    empty = int((found.samples == 0).sum())
    if empty:
        print(f'{empty} classes have no samples.')
    for runs in (before, after):
        if len(runs.hits) > 1:
            each = ', '.join(f'{100 * x:.2f}' for x in runs.hits.mean(1))
            print(
                f'runs of {runs.name}: {each}; in a class they differ by up '
                f'to {100 * _spread(runs):.1f}, which no interval includes'
            )
    print(f'all samples: {_said(found.overall)}')
    print(f'mean over classes: {_said(found.balanced)}')
    print(_chance(args, found))


def _spread(runs: Runs) -> float:
    """The largest range of single runs in a class."""
    single = [
        class_means(hits, runs.labels, runs.num_classes) for hits in runs.hits
    ]
    return float(np.nanmax(np.ptp(single, axis=0)))


def _rows(names: Sequence[str], found: Comparison) -> list[list]:
    header = ['class', 'name', 'samples', 'accuracy_a', 'accuracy_b']
    header += ['difference', 'low', 'high']
    columns = (found.before, found.after, found.difference)
    columns += (found.low, found.high)
    return [
        header,
        *(
            [
                *(i, names[i], int(found.samples[i])),
                *(round(float(column[i]), 6) for column in columns),
            ]
            for i in found.order.tolist()
        ),
    ]


def _content(
    args: argparse.Namespace,
    names: Sequence[str],
    before: Runs,
    after: Runs,
    found: Comparison,
) -> dict:
    header, *rows = _rows(names, found)
    return {
        'runs': {
            side: {
                'name': runs.name,
                'files': [str(path) for path in paths],
                'accuracies': runs.hits.mean(1).tolist(),
            }
            for side, runs, paths in (
                ('a', before, args.a),
                ('b', after, args.b),
            )
        },
        'level': args.level,
        'resamples': args.resamples,
        'seed': args.seed,
        'overall': vars(found.overall)
        | {'difference': found.overall.difference},
        'mean_over_classes': vars(found.balanced)
        | {'difference': found.balanced.difference},
        'clear': int(found.clear.sum()),
        'classes': [dict(zip(header, row, strict=True)) for row in rows],
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    return run_tool(run, parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
