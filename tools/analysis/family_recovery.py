r"""Compare Motion Families with groups of classes that are known beforehand.

Precision is the share of the members of families that belong to the group of
the class, recall the share of the classes of the group that its family has,
both over all pairs of classes. They are told for every epoch that has a
checkpoint, of one or more trainings; several seeds are joined by commas. The
groups come from an annotation file of tools/data/synthetic.py, which plants
them, or from a text file with the group of each class, one a line::

    python tools/train.py CONFIG --cfg-options \
        default_hooks.checkpoint.max_keep_ckpts=-1
    python tools/analysis/family_recovery.py \
        paper=work_dirs/paper_0,work_dirs/paper_1 release=work_dirs/release_0 \
        --groups data/synthetic/synthetic.pkl
    # What other K and thresholds make of the counts of the last epoch.
    python tools/analysis/family_recovery.py work_dirs/x --groups groups.txt \
        --top-k 2 3 5 10 --overlap-threshold 0 1 2 4

With other numbers a training would have made other mistakes; the tables of K
and threshold apply the rule to the same counts, and do not train again.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import _common  # noqa: F401  (first: finds an uninstalled checkout)
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.family_recovery import (
    Recovery,
    Snapshot,
    pairs_of,
    read_groups,
    read_history,
    recovery,
    recovery_grid,
)
from aclnet_plugin.analysis.output import (
    make_parser,
    run_tool,
    save_csv,
    save_figure,
    save_json,
)
from aclnet_plugin.utils.arguments import number_above_0, whole_from
from aclnet_plugin.visualization.curves_plot import Line, plot_curves
from aclnet_plugin.visualization.sweep_map import plot_sweep_map

PANELS = {
    'precision': 'Precision',
    'recall': 'Recall',
    'size': 'Members of a family',
}


class Method(NamedTuple):
    """Trainings that differ in their seed only.

    Attributes:
        name: For people.
        runs: The history of each.
    """

    name: str
    runs: list[list[Snapshot]]


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument(
        'trainings',
        nargs='+',
        metavar='NAME=DIR',
        help='work folders, those of several seeds joined by commas, named '
        'like the first if there is no NAME',
    )
    parser.add_argument(
        '--groups',
        type=Path,
        required=True,
        metavar='FILE',
        help='group of each class: an annotation file with groups, or a text '
        'file with one a line',
    )
    parser.add_argument(
        '--top-k',
        type=number_above_0,
        nargs='+',
        default=[],
        metavar='K',
        help='also tell what these neighbour set sizes make of the counts. '
        'Defaults to that of the training',
    )
    parser.add_argument(
        '--overlap-threshold',
        type=whole_from(0),
        nargs='+',
        default=[],
        metavar='N',
        help='the same for these overlap thresholds',
    )
    return parser.parse_args(argv)


def read_methods(arguments: Sequence[str]) -> list[Method]:
    """Read all trainings.

    Args:
        arguments: ``NAME=DIR,DIR`` each, from the command line.

    Raises:
        AnalysisError: If one cannot be read, two have one name, or they do
            not have the same classes.
    """
    given = []
    for text in arguments:
        name, found, folders = text.partition('=')
        paths = [Path(p) for p in (folders if found else text).split(',') if p]
        if not paths or not (name or not found):
            raise AnalysisError(
                f'{text!r} is not like NAME=DIR or NAME=DIR,DIR'
            )
        given.append((name if found else paths[0].name, paths))
    names = [name for name, _ in given]
    if len(set(names)) < len(names):
        raise AnalysisError(f'two trainings have one name: {", ".join(names)}')
    count = sum(len(paths) for _, paths in given)
    folders = (path for _, paths in given for path in paths)
    read = track(
        map(read_history, folders),
        'reading checkpoints',
        count,
        console=Console(stderr=True),
        transient=True,
    )
    histories = list(read)
    sizes = {len(one.counts) for history in histories for one in history}
    if len(sizes) > 1:
        raise AnalysisError(
            f'the trainings have different numbers of classes: '
            f'{", ".join(map(str, sorted(sizes)))}'
        )
    methods = []
    for name, paths in given:
        methods.append(Method(name, histories[: len(paths)]))
        del histories[: len(paths)]
    return methods


def run(args: argparse.Namespace) -> Iterator[Path]:
    """Compare, print and write.

    Args:
        args: The command line.

    Yields:
        The files.
    """
    methods = read_methods(args.trainings)
    total = len(methods[0].runs[0][0].counts)
    groups = read_groups(args.groups, total)
    together = pairs_of(groups)
    if not together.any():
        raise AnalysisError(
            f'no two classes of {str(args.groups)!r} are in one group: there '
            f'is nothing to be found'
        )
    curves = {one.name: _epochs(one, together) for one in methods}
    _print_epochs(curves)
    first = args.trainings[0].partition('=')[2] or args.trainings[0]
    out = args.out or Path(first.split(',')[0], 'family_recovery')
    subtitle = (
        f'{total} classes in {len(set(groups))} groups; '
        f'mean over {_seeds(methods)}'
    )
    figure = plot_curves(
        {
            title: {
                name: _line(epochs, key) for name, epochs in curves.items()
            }
            for key, title in PANELS.items()
        },
        list(curves),
        'epoch',
        title='Families found and groups planted',
        subtitle=subtitle,
    )
    yield from save_figure(figure, out, 'family_recovery', args.format)
    yield save_csv(_rows(curves), out / 'family_recovery.csv')
    content: dict = {'groups': groups, 'epochs': _plain(curves), 'grids': {}}
    if args.top_k or args.overlap_threshold:
        for number, one in enumerate(methods):
            rule = one.runs[0][-1].rule
            top_k = args.top_k or [rule.top_k]
            thresholds = args.overlap_threshold or [rule.overlap_threshold]
            grids = [
                recovery_grid(history[-1], together, top_k, thresholds)
                for history in one.runs
            ]
            for key in ('precision', 'recall'):
                figure = _map(one, grids, key, top_k, thresholds)
                stem = f'{key}_{number}'
                yield from save_figure(figure, out, stem, args.format)
            _print_grid(one, grids, top_k, thresholds)
            content['grids'][one.name] = _plain_grid(grids, top_k, thresholds)
    yield save_json(content, out / 'family_recovery.json')


def _epochs(method: Method, together: np.ndarray) -> dict[int, list[Recovery]]:
    """For each epoch, one entry for each training that kept it."""
    found: dict[int, list[Recovery]] = {}
    for history in method.runs:
        for one in history:
            found.setdefault(one.epoch, []).append(
                recovery(one.member, together)
            )
    return dict(sorted(found.items()))


def _mean(some: Sequence[Recovery], key: str) -> float:
    """Over the trainings that have a value."""
    values = np.array([getattr(one, key) for one in some])
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else float('nan')


def _line(epochs: dict[int, list[Recovery]], key: str) -> Line:
    means = {epoch: _mean(some, key) for epoch, some in epochs.items()}
    known = [epoch for epoch, value in means.items() if math.isfinite(value)]
    return Line(np.array(known), np.array([means[epoch] for epoch in known]))


def _seeds(methods: Sequence[Method]) -> str:
    counts = sorted({len(one.runs) for one in methods})
    text = ' or '.join(map(str, counts))
    return f'{text} training{"" if counts == [1] else "s"}'


def _percent(value: float) -> str:
    return f'{100 * value:.1f}' if math.isfinite(value) else '-'


def _print_epochs(curves: dict[str, dict[int, list[Recovery]]]) -> None:
    table = Table(title='Families in force at the end of an epoch')
    for title in ('training', 'epoch', 'precision %', 'recall %', 'members'):
        table.add_column(
            title, justify='left' if title == 'training' else 'right'
        )
    lines = [
        (
            name,
            str(epoch),
            _percent(_mean(some, 'precision')),
            _percent(_mean(some, 'recall')),
            f'{_mean(some, "size"):.1f}',
        )
        for name, epochs in curves.items()
        for epoch, some in epochs.items()
    ]
    _show(table, lines)


def _print_grid(
    method: Method,
    grids: Sequence[list[list[Recovery]]],
    top_k: Sequence[int],
    thresholds: Sequence[int],
) -> None:
    epoch = method.runs[0][-1].epoch
    table = Table(
        title=f'{method.name}: precision / recall in % by K and threshold, '
        f'counts of epoch {epoch}'
    )
    table.add_column('K')
    for n_o in thresholds:
        table.add_column(f'n_o = {n_o}', justify='right')
    lines = []
    for row, k in enumerate(top_k):
        cells = [
            [grid[row][c] for grid in grids] for c in range(len(thresholds))
        ]
        lines.append(
            (
                str(k),
                *(
                    f'{_percent(_mean(some, "precision"))} / '
                    f'{_percent(_mean(some, "recall"))}'
                    for some in cells
                ),
            )
        )
    _show(table, lines)


def _show(table: Table, lines: Sequence[Sequence[str]]) -> None:
    console = Console()
    if console.is_terminal:
        for line in lines:
            table.add_row(*map(Text, line))
        console.print(table)
        return
    print(table.title)
    header = [str(column.header) for column in table.columns]
    widths = [max(map(len, one)) for one in zip(header, *lines, strict=True)]
    for line in (header, *lines):
        cells = (cell.ljust(w) for cell, w in zip(line, widths, strict=True))
        print('  '.join(cells).rstrip())


def _map(
    method: Method,
    grids: Sequence[list[list[Recovery]]],
    key: str,
    top_k: Sequence[int],
    thresholds: Sequence[int],
) -> object:
    last = method.runs[0][-1]
    base = None
    if last.rule.top_k in top_k and last.rule.overlap_threshold in thresholds:
        base = (
            top_k.index(last.rule.top_k),
            thresholds.index(last.rule.overlap_threshold),
        )
    values = [
        [
            [
                100 * value
                for grid in grids
                if math.isfinite(value := getattr(grid[row][column], key))
            ]
            for column in range(len(thresholds))
        ]
        for row in range(len(top_k))
    ]
    return plot_sweep_map(
        list(map(str, top_k)),
        list(map(str, thresholds)),
        values,
        ('K', 'overlap threshold'),
        f'{key} (%)',
        base=base,
        title=f'{PANELS[key]} of the families, {method.name}',
        subtitle=f'counts of epoch {last.epoch}',
    )


def _rows(curves: dict[str, dict[int, list[Recovery]]]) -> list[list]:
    rows: list[list] = [['training', 'run', 'epoch', *Recovery._fields]]
    for name, epochs in curves.items():
        for epoch, some in epochs.items():
            for number, one in enumerate(some):
                cells = [round(x, 6) if math.isfinite(x) else '' for x in one]
                rows.append([name, number, epoch, *cells])
    return rows


def _entry(one: Recovery) -> dict[str, float | None]:
    return {
        key: value if math.isfinite(value) else None
        for key, value in one._asdict().items()
    }


def _plain(curves: dict[str, dict[int, list[Recovery]]]) -> dict:
    return {
        name: [
            {'epoch': epoch, 'runs': [_entry(one) for one in some]}
            for epoch, some in epochs.items()
        ]
        for name, epochs in curves.items()
    }


def _plain_grid(
    grids: Sequence[list[list[Recovery]]],
    top_k: Sequence[int],
    thresholds: Sequence[int],
) -> list[dict]:
    return [
        {
            'top_k': k,
            'overlap_threshold': n_o,
            'runs': [_entry(grid[row][column]) for grid in grids],
        }
        for row, k in enumerate(top_k)
        for column, n_o in enumerate(thresholds)
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    return run_tool(run, parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
