r"""Compare runs on easy and on hard classes: BASELINE.pkl RUN.pkl ...

Classes are sorted by how often a baseline is right about them and put into
bands, by default four of equally many classes; the accuracy of a run in a
band is the mean over its classes. Files are predictions of tools/test.py
--dump; those of several seeds, joined by commas, are averaged. A table, a
picture of grouped bars, a CSV and a JSON file show it::

    python tools/analysis/difficulty_levels.py baseline.pkl aclnet.pkl
    python tools/analysis/difficulty_levels.py base_1.pkl,base_2.pkl \
        acl_1.pkl,acl_2.pkl --labels baseline ACLNet --thresholds 0.8 0.9 0.95
    python tools/analysis/difficulty_levels.py baseline.pkl aclnet.pkl \
        --bands-from other_seed.pkl

Mind regression to the mean: a class that a baseline got wrong more often
than it would with another seed or other samples counts as hard, and whatever
is compared with that baseline looks better there and worse on easy classes.
--bands-from other runs of the baseline, with other seeds, avoids it.
--holdout, which sorts by half of the samples and measures on the other half,
takes away what is due to the samples, not what is due to the baseline's seed.
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
    Runs,
    class_means,
    load_groups,
)
from aclnet_plugin.analysis.class_names import names_for
from aclnet_plugin.analysis.difficulty import (
    Band,
    band_changes,
    equal_bands,
    split_halves,
    threshold_bands,
)
from aclnet_plugin.analysis.output import (
    make_parser,
    run_tool,
    save_csv,
    save_figure,
    save_json,
)
from aclnet_plugin.utils.arguments import number_above_0
from aclnet_plugin.visualization.difficulty_plot import plot_difficulty

_WARNING = (
    'the bands were made from a run that is compared. Hard classes are in '
    'part those that it got wrong by chance, so that the others look better '
    'there than they are, and worse on easy ones (regression to the mean). '
    'See --bands-from and --holdout.'
)
_NOTE = (
    'the bands are free of what is due to the samples by chance, but not of '
    "what is due to the baseline's seed; --bands-from other seeds is."
)


def files(text: str) -> list[Path]:
    """Files of one method, joined by commas.

    Args:
        text: What the command line says.
    """
    return [Path(part) for part in text.split(',') if part]


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument(
        'baseline', type=files, metavar='BASELINE.pkl', help='predictions'
    )
    parser.add_argument(
        'runs',
        type=files,
        nargs='*',
        metavar='RUN.pkl',
        help='predictions to compare with it',
    )
    parser.add_argument(
        '--labels',
        nargs='+',
        metavar='NAME',
        help='what to call baseline and runs. Defaults to the names of the '
        'files',
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        '--bands',
        type=number_above_0,
        default=4,
        metavar='N',
        help='so many bands of equally many classes. Defaults to 4',
    )
    how.add_argument(
        '--thresholds',
        type=float,
        nargs='+',
        metavar='ACCURACY',
        help='bands between these accuracies of the baseline instead, for '
        'example 0.8 0.9 0.95 for four bands',
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        '--bands-from',
        type=files,
        metavar='FILE',
        help='sort the classes by these predictions instead of BASELINE',
    )
    source.add_argument(
        '--holdout',
        action='store_true',
        help='sort the classes by one half of the samples of each, drawn '
        'with --seed, and measure all runs on the other half',
    )
    add_classes(parser, 'class indices')
    add_intervals(parser)
    add_seed(parser)
    args = parser.parse_args(argv)
    count = 1 + len(args.runs)
    if not all([args.baseline, *args.runs]):
        parser.error('a file name is empty')
    if args.labels and len(args.labels) != count:
        parser.error(f'--labels needs {count} names, got {len(args.labels)}')
    return args


def labels_of(args: argparse.Namespace) -> list[str]:
    """Names of baseline and runs, each different.

    Args:
        args: The command line.
    """
    if args.labels:
        return args.labels
    paths = [group[0] for group in (args.baseline, *args.runs)]
    names = [path.stem for path in paths]
    if len(set(names)) < len(names):
        names = [f'{p.absolute().parent.name}/{p.stem}' for p in paths]
    return names


def run(args: argparse.Namespace) -> Iterator[Path]:
    """Compare, print and write.

    Args:
        args: The command line.

    Yields:
        The files.
    """
    groups = list(
        zip(labels_of(args), (args.baseline, *args.runs), strict=True)
    )
    if args.bands_from:
        groups.append(('bands', args.bands_from))
    methods, notes = load_groups(groups)
    for note in notes:
        print(f'note: {note}', file=sys.stderr)
    sorter = methods.pop() if args.bands_from else methods[0]
    if args.holdout:
        half = split_halves(sorter.labels, args.seed)
        sorter = sorter.take(half)
        methods = [one.take(~half) for one in methods]
    compared = {
        path for group in (args.baseline, *args.runs) for path in group
    }
    biased = (
        bool(args.runs)
        and not args.holdout
        and bool(compared.intersection(args.bands_from or args.baseline))
    )
    names = names_for(args.classes, None, sorter.num_classes)
    accuracy = class_means(sorter.share, sorter.labels, sorter.num_classes)
    if args.thresholds:
        bands = threshold_bands(accuracy, args.thresholds)
    else:
        bands = equal_bands(accuracy, args.bands)
    every = Band('all', np.flatnonzero(np.isfinite(accuracy)))
    changes = [
        band_changes(
            methods[0],
            one,
            [*bands, every],
            args.resamples,
            args.level,
            args.seed,
        )
        for one in methods
    ]
    _print(args, methods, [*bands, every], changes)
    if biased:
        print(f'warning: {_WARNING}', file=sys.stderr)
    elif args.holdout and args.runs:
        print(f'note: {_NOTE}', file=sys.stderr)
    out = args.out or args.baseline[0].parent / 'difficulty_levels'
    figure = plot_difficulty(
        [band.label for band in bands],
        [len(band.classes) for band in bands],
        [one.name for one in methods],
        *(_grid(changes, len(bands), key) for key in ('after', 'low', 'high')),
        'Accuracy on hard and on easy classes',
        _subtitle(args, methods, biased),
    )
    stem = 'difficulty_levels'
    yield from save_figure(figure, out, stem, args.format)
    yield save_csv(
        _rows(methods, [*bands, every], changes), out / f'{stem}.csv'
    )
    yield save_json(
        {
            'bands_from': [
                str(path) for path in args.bands_from or args.baseline
            ],
            'holdout': args.holdout,
            'biased_by_regression_to_the_mean': biased,
            'level': args.level,
            'resamples': args.resamples,
            'seed': args.seed,
            'bands': [
                {
                    'label': band.label,
                    'classes': [
                        {
                            'class': i,
                            'name': names[i],
                            'sorted_by': float(accuracy[i]),
                        }
                        for i in band.classes.tolist()
                    ],
                }
                for band in bands
            ],
            'runs': [
                {
                    'name': one.name,
                    'bands': [_as_dict(c) for c in mine[:-1]],
                    'all': _as_dict(mine[-1]),
                }
                for one, mine in zip(methods, changes, strict=True)
            ],
        },
        out / f'{stem}.json',
    )


def _as_dict(change: Change | None) -> dict | None:
    if change is None:
        return None
    return {
        'accuracy': change.after,
        'difference': change.difference,
        'low': change.low,
        'high': change.high,
    }


def _grid(
    changes: list[list[Change | None]], bands: int, key: str
) -> np.ndarray:
    return np.array(
        [
            [np.nan if c is None else getattr(c, key) for c in mine[:bands]]
            for mine in changes
        ]
    )


def _subtitle(
    args: argparse.Namespace, methods: list[Runs], biased: bool
) -> str:
    text = f'means over classes; {methods[0].hits.shape[1]} samples'
    if args.holdout:
        text += ', other samples than those that made the bands'
    if args.runs:
        text += f'\n{100 * args.level:g} % intervals, paired bootstrap'
    if biased:
        text += '; differences biased by regression to the mean'
    return text


def _rows(
    methods: list[Runs],
    bands: list[Band],
    changes: list[list[Change | None]],
) -> list[list]:
    header = ['run', 'band', 'classes', 'accuracy', 'difference']
    rows: list[list] = [[*header, 'low', 'high']]
    for one, mine in zip(methods, changes, strict=True):
        for band, change in zip(bands, mine, strict=True):
            values = [] if change is None else _as_dict(change).values()
            cells = [round(value, 6) for value in values] or [''] * 4
            rows.append([one.name, band.label, len(band.classes), *cells])
    return rows


def _print(
    args: argparse.Namespace,
    methods: list[Runs],
    bands: list[Band],
    changes: list[list[Change | None]],
) -> None:
    console = Console()

    def said(row: int, change: Change | None) -> str:
        if change is None:
            return 'no classes'
        text = f'{100 * change.after:.2f}'
        if row:
            text += (
                f' ({100 * change.difference:+.2f} '
                f'[{100 * change.low:+.2f}, {100 * change.high:+.2f}])'
            )
        return text

    if not console.is_terminal:
        for place, band in enumerate(bands):
            print(f'band {band.label}: {len(band.classes)} classes')
            for row, (one, mine) in enumerate(
                zip(methods, changes, strict=True)
            ):
                print(f'  {one.name}: {said(row, mine[place])}')
        return
    table = Table(title='Accuracy by difficulty (%), means over classes')
    table.add_column('sorted by accuracy')
    table.add_column('classes', justify='right')
    for one in methods:
        table.add_column(Text(one.name))
    for place, band in enumerate(bands):
        cells = [said(row, mine[place]) for row, mine in enumerate(changes)]
        table.add_row(
            band.label,
            str(len(band.classes)),
            *map(Text, cells),
            end_section=place == len(bands) - 2,
        )
    console.print(table)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    return run_tool(run, parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
