r"""Show what the affinity state in a checkpoint has learned.

Prints the training epoch, the most frequent confusions and the Motion
Families as tables, and writes two pictures, ``confusion`` and ``families``,
with ``confusions.csv`` and ``families.csv``. Needs neither data set nor
config::

    python tools/analysis/affinity_report.py work_dirs/x/epoch_40.pth \
        --classes names.txt --out work_dirs/x/affinity

The confusions of a test instead of those counted in training, with the
families of the checkpoint, or, without one, with families made from these
confusions::

    python tools/test.py CONFIG work_dirs/x/epoch_40.pth --dump test.pkl
    python tools/analysis/affinity_report.py work_dirs/x/epoch_40.pth \
        --predictions test.pkl
    python tools/analysis/affinity_report.py --predictions test.pkl \
        --top-k 10 --overlap-threshold 4
"""

from __future__ import annotations

import argparse
import pickle
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import _common  # noqa: F401  (first: finds an uninstalled checkout)
import numpy as np
from _flags import add_classes
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aclnet_plugin.analysis.class_names import names_for
from aclnet_plugin.analysis.confusions import (
    HEADER,
    confusion_rows,
    count_predictions,
)
from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.family_rules import FamilyRule, affinities
from aclnet_plugin.analysis.learned_state import (
    LearnedState,
    confused,
    family_members,
    load_state,
)
from aclnet_plugin.analysis.metrics_file import read_metrics
from aclnet_plugin.analysis.output import (
    FORMATS,
    save_csv,
    save_figure,
    save_json,
)
from aclnet_plugin.evaluation import load_predictions
from aclnet_plugin.models.heads.behaviours import BEHAVIOURS
from aclnet_plugin.utils import arguments
from aclnet_plugin.utils.arguments import number_above_0, whole_from
from aclnet_plugin.visualization import (
    plot_confusion,
    plot_family_graph,
    top_confusions,
)

_MAX_FAMILY_ROWS = 60
_MAX_MEMBERS = 8  # of a family, in the table; the files have all


def load_metrics(path: Path) -> dict[str, float]:
    """Read the metrics of a test run.

    Args:
        path: The JSON file a test run writes, or a folder, of which the
            newest such file is taken.

    Raises:
        AnalysisError: If there is no such file or no metric in it.
    """
    if path.is_dir():
        files = sorted(
            path.rglob('*.json'),
            key=lambda file: file.stat().st_mtime,
            reverse=True,
        )
    elif path.is_file():
        files = [path]
    else:
        raise AnalysisError(f'there is no {str(path)!r} for --result')
    for file in files:
        metrics = read_metrics(file)
        if metrics:
            return metrics
    raise AnalysisError(f'{str(path)!r} holds no metrics of a test run')


def print_report(
    console: Console,
    state: LearnedState,
    names: Sequence[str],
    top: int,
    metrics: dict[str, float],
    source: str | None = None,
) -> None:
    """Print everything that fits into tables.

    Args:
        console: Where to print.
        state: What the checkpoint holds.
        names: K class names.
        top: How many confusions to list.
        metrics: Metrics of a test run, possibly empty.
        source: File of predictions that the confusions are from. Defaults
            to None: counted in training.
    """
    total = len(names)
    sizes = state.member.sum(1)
    sizes = sizes[sizes > 0]
    summary = Table(title='Affinity state', show_header=False, min_width=44)
    summary.add_column(style='bold')
    summary.add_column(justify='right')
    if source is None:
        summary.add_row('training epoch', _or_unknown(state.epoch))
    summary.add_row('classes', str(total))
    if source is None:
        seen = None if state.seen is None else f'{state.seen} of {total}'
        summary.add_row('classes with a prototype', _or_unknown(seen))
    else:
        summary.add_row('confusions of', Text(source))
    summary.add_row('confusions counted', f'{confused(state.counts):,}')
    summary.add_row('classes with a family', f'{len(sizes)} of {total}')
    if len(sizes):
        summary.add_row(
            'family size, mean (min to max)',
            f'{sizes.mean():.1f} ({sizes.min()} to {sizes.max()})',
        )
    for key, value in metrics.items():
        summary.add_row(f'test {key}', f'{value:.4f}')
    console.print(summary)
    if state.others:
        console.print(
            f'Shown is {state.prefix}; the checkpoint also has: '
            + ', '.join(state.others),
            markup=False,
        )
    if confused(state.counts):
        _print_confusions(console, state.counts, names, top)
    elif source is not None:
        console.print('No confusions: every prediction is correct.')
    else:
        console.print(
            'No confusions yet: counting had not begun at this epoch, or no '
            'sample was misclassified since. See count_begin of '
            'ConfusionStatisticsHook in the config.',
            markup=False,
        )
    if len(sizes):
        _print_families(console, state, names)
    else:
        console.print(
            'No Motion Families yet: they are built in the first epoch with '
            'the inter-class loss (begin of ConfusionStatisticsHook).',
            markup=False,
        )


def _print_confusions(
    console: Console, counts: np.ndarray, names: Sequence[str], top: int
) -> None:
    table = Table(title='Most frequent confusions')
    table.add_column('true class')
    table.add_column('taken for')
    table.add_column('count', justify='right')
    table.add_column('share of its confusions', justify='right')
    for pair in top_confusions(counts, top):
        table.add_row(
            Text(names[pair.true]),
            Text(names[pair.pred]),
            f'{pair.count:,}',
            f'{pair.share:.0%}',
        )
    console.print(table)


def _print_families(
    console: Console, state: LearnedState, names: Sequence[str]
) -> None:
    table = Table(title='Motion Families', show_lines=False)
    table.add_column('class')
    table.add_column('size', justify='right')
    table.add_column('family, most confused first', overflow='fold')
    owners = np.flatnonzero(state.member.any(1)).tolist()
    for owner in owners[:_MAX_FAMILY_ROWS]:
        family = family_members(state, owner)
        table.add_row(
            Text(names[owner]),
            str(len(family)),
            Text('; '.join(names[i] for i in family[:_MAX_MEMBERS]))
            + ('' if len(family) <= _MAX_MEMBERS else '; ...'),
        )
    console.print(table)
    rest = len(owners) - _MAX_FAMILY_ROWS
    if rest > 0:
        console.print(f'... and {rest} more; families.csv has all of them.')


def _or_unknown(value: object) -> str:
    return 'unknown' if value is None else str(value)


def save_figures(
    state: LearnedState,
    names: Sequence[str],
    out_dir: Path,
    formats: Sequence[str] = ('png',),
    order: str = 'family',
) -> list[Path]:
    """Save the pictures there is something to show in.

    Args:
        state: What the checkpoint holds.
        names: K class names.
        out_dir: Target folder; created if needed.
        formats: Of the pictures. Defaults to ('png',).
        order: Of the classes in the heat map, ``'family'`` or
            ``'confusion'``; the latter if there are no families.

    Returns:
        The files written.
    """
    written = []
    grouped = order == 'family' and state.member.any()
    if confused(state.counts):
        figure = plot_confusion(
            state.counts, names, state.member if grouped else None
        )
        written += save_figure(figure, out_dir, 'confusion', formats)
    if state.member.any():
        figure = plot_family_graph(state.member, state.counts, names)
        written += save_figure(figure, out_dir, 'families', formats)
    return written


def save_tables(
    state: LearnedState, names: Sequence[str], out_dir: Path
) -> list[Path]:
    """Write all confusions and families as CSV, as far as there are any.

    Args:
        state: What the checkpoint holds.
        names: K class names.
        out_dir: Target folder; created if needed.

    Returns:
        The files written.
    """
    written = []
    if confused(state.counts):
        rows = [HEADER, *confusion_rows(state.counts, names)]
        written.append(save_csv(rows, out_dir / 'confusions.csv'))
    if state.member.any():
        rows = [['class', 'name', 'member', 'member_name']]
        for owner in np.flatnonzero(state.member.any(1)).tolist():
            for other in family_members(state, owner):
                rows.append([owner, names[owner], other, names[other]])
        written.append(save_csv(rows, out_dir / 'families.csv'))
    return written


def save_report(
    state: LearnedState,
    names: Sequence[str],
    top: int,
    metrics: dict[str, float],
    path: Path,
) -> Path:
    """Write the whole report as JSON; families and confusions by index."""
    content = {
        'epoch': state.epoch,
        'classes': list(names),
        'confusions_counted': confused(state.counts),
        'top_confusions': [
            pair._asdict() for pair in top_confusions(state.counts, top)
        ],
        'families': {
            str(owner): family_members(state, owner)
            for owner in np.flatnonzero(state.member.any(1)).tolist()
        },
        'metrics': metrics,
    }
    return save_json(content, path)


def make_state(args: argparse.Namespace) -> LearnedState:
    """The state to report: of the checkpoint, the predictions, or both.

    Args:
        args: The command line.

    Raises:
        AnalysisError: If there is neither, or they do not fit together.
    """
    rule = (args.behaviour, args.top_k, args.overlap_threshold)
    if args.checkpoint is not None and any(v is not None for v in rule):
        raise AnalysisError(
            'the families are those of the checkpoint; leave out '
            '--behaviour, --top-k and --overlap-threshold, or see '
            'tools/analysis/family_of_class.py'
        )
    if args.checkpoint is None and args.predictions is None:
        raise AnalysisError('give a checkpoint, --predictions FILE, or both')
    state = None if args.checkpoint is None else load_state(args.checkpoint)
    if args.predictions is None:
        return state
    found = load_predictions(args.predictions)
    counts = count_predictions(found, state and len(state.counts))
    if state is not None:
        return state._replace(counts=counts)
    member = affinities(counts, FamilyRule().changed(*rule)).member
    return LearnedState(counts, member, None, None, None, '', [])


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = arguments.make_parser(__doc__)
    parser.add_argument(
        'checkpoint',
        type=Path,
        nargs='?',
        help='checkpoint file; may be left out with --predictions',
    )
    parser.add_argument(
        '--predictions',
        type=Path,
        metavar='FILE',
        help='show the confusions of these predictions, of tools/test.py '
        '--dump, instead of those counted in training',
    )
    add_classes(parser)
    parser.add_argument(
        '--out',
        '--out-dir',
        dest='out_dir',
        type=Path,
        metavar='DIR',
        help='folder for pictures and tables. Defaults to "affinity" beside '
        'the checkpoint or the predictions',
    )
    parser.add_argument(
        '--format',
        nargs='+',
        choices=FORMATS,
        default=['png'],
        help='formats of the pictures. Defaults to png',
    )
    parser.add_argument(
        '--order',
        choices=('family', 'confusion'),
        default='family',
        help='of the classes in the heat map: families in one piece and '
        'framed, or by a clustering of the confusions. Defaults to family',
    )
    parser.add_argument(
        '--behaviour',
        choices=tuple(BEHAVIOURS),
        help='rule of families that are made from predictions alone. '
        'Defaults to paper',
    )
    parser.add_argument(
        '--top-k',
        type=number_above_0,
        metavar='K',
        help='neighbours of a class in these families. Defaults to 10',
    )
    parser.add_argument(
        '--overlap-threshold',
        type=whole_from(0),
        metavar='N',
        help='overlap threshold of these families. Defaults to 4',
    )
    parser.add_argument(
        '--top',
        type=number_above_0,
        default=10,
        metavar='N',
        help='how many confusions to list. Defaults to 10',
    )
    parser.add_argument(
        '--result',
        type=Path,
        metavar='PATH',
        help='JSON file of a test run, or the work folder of one: its '
        'metrics are printed too',
    )
    parser.add_argument(
        '--dump-json',
        action='store_true',
        help='also write report.json to the output folder',
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command; leaves with status 1 after an error."""
    args = parse_args(argv)
    try:
        state = make_state(args)
        names = names_for(args.classes, state.names, len(state.counts))
        metrics = load_metrics(args.result) if args.result else {}
        beside = (args.checkpoint or args.predictions).parent
        out_dir = args.out_dir or beside / 'affinity'
        source = args.predictions and args.predictions.name
        print_report(Console(), state, names, args.top, metrics, source)
        written = []
        if args.dump_json:
            target = out_dir / 'report.json'
            written.append(
                save_report(state, names, args.top, metrics, target)
            )
        written += save_figures(state, names, out_dir, args.format, args.order)
        written += save_tables(state, names, out_dir)
    except (ValueError, ImportError, OSError, pickle.UnpicklingError) as error:
        sys.exit(f'error: {error}')
    for path in written:
        # Not through rich, which would break a long path into lines.
        print(f'wrote {path}')


if __name__ == '__main__':
    main()
