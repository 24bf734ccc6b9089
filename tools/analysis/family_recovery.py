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
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import _common  # noqa: F401  (first: finds an uninstalled checkout)
import numpy as np
from rich.console import Console
from rich.progress import track

from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.family_recovery import (
    Recovery,
    Snapshot,
    mean_of,
    pairs_of,
    read_groups,
    read_history,
    recovery_by_epoch,
    recovery_grid,
)
from aclnet_plugin.analysis.output import (
    make_parser,
    run_tool,
    save_csv,
    save_figure,
    save_json,
)
from aclnet_plugin.analysis.text_table import print_table
from aclnet_plugin.utils.arguments import number_above_0, whole_from
from aclnet_plugin.visualization.curves_plot import Line, plot_curves
from aclnet_plugin.visualization.sweep_map import plot_sweep_map

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANELS = {
    'precision': 'Precision',
    'recall': 'Recall',
    'size': 'Members of a family',
}


ByEpoch = dict[int, list[Recovery]]


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
    left = iter(histories)
    return [
        Method(name, list(islice(left, len(paths)))) for name, paths in given
    ]


class Grid(NamedTuple):
    """What other numbers make of the counts of the last epoch.

    Attributes:
        top_k: Values of K, the rows.
        thresholds: Values of n_o, the columns.
        cells: For each row and column, one entry for each training.
    """

    top_k: list[int]
    thresholds: list[int]
    cells: list[list[list[Recovery]]]


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
    curves = {m.name: recovery_by_epoch(m.runs, together) for m in methods}
    _print_epochs(curves)
    first = args.trainings[0].rpartition('=')[2].split(',')[0]
    out = args.out or Path(first, 'family_recovery')
    figure = _curves(methods, curves, f'{total} classes, {len(set(groups))}')
    yield from save_figure(figure, out, 'family_recovery', args.format)
    yield save_csv(_rows(curves), out / 'family_recovery.csv')
    grids = {}
    if args.top_k or args.overlap_threshold:
        grids = {m.name: _grid(args, m, together) for m in methods}
    for number, one in enumerate(methods[: len(grids)]):
        _print_grid(one, grids[one.name])
        for key in ('precision', 'recall'):
            figure = _map(one, grids[one.name], key)
            yield from save_figure(figure, out, f'{key}_{number}', args.format)
    content = {
        'groups': groups,
        'epochs': {
            name: [
                {'epoch': epoch, 'runs': list(map(_entry, some))}
                for epoch, some in epochs.items()
            ]
            for name, epochs in curves.items()
        },
        'grids': {name: _plain(grid) for name, grid in grids.items()},
    }
    yield save_json(content, out / 'family_recovery.json')


def _grid(
    args: argparse.Namespace, method: Method, together: np.ndarray
) -> Grid:
    rule = method.runs[0][-1].rule
    top_k = args.top_k or [rule.top_k]
    thresholds = args.overlap_threshold or [rule.overlap_threshold]
    runs = [
        recovery_grid(history[-1], together, top_k, thresholds)
        for history in method.runs
    ]
    cells = [
        [list(cell) for cell in zip(*rows, strict=True)]
        for rows in zip(*runs, strict=True)
    ]
    return Grid(top_k, thresholds, cells)


def _percent(value: float) -> str:
    return f'{100 * value:.1f}' if math.isfinite(value) else '-'


def _print_epochs(curves: dict[str, ByEpoch]) -> None:
    header = ('training', 'epoch', 'precision %', 'recall %', 'members')
    rows = [
        (
            name,
            str(epoch),
            _percent(mean_of(some, 'precision')),
            _percent(mean_of(some, 'recall')),
            f'{mean_of(some, "size"):.1f}',
        )
        for name, epochs in curves.items()
        for epoch, some in epochs.items()
    ]
    print_table('Families in force at the end of an epoch', header, rows)


def _print_grid(method: Method, grid: Grid) -> None:
    title = (
        f'{method.name}: precision / recall in % by K and threshold, counts '
        f'of epoch {method.runs[0][-1].epoch}'
    )
    header = ['K', *(f'n_o = {n_o}' for n_o in grid.thresholds)]
    rows = [
        [
            str(k),
            *(
                f'{_percent(mean_of(some, "precision"))} / '
                f'{_percent(mean_of(some, "recall"))}'
                for some in row
            ),
        ]
        for k, row in zip(grid.top_k, grid.cells, strict=True)
    ]
    print_table(title, header, rows)


def _curves(
    methods: Sequence[Method], curves: dict[str, ByEpoch], what: str
) -> Figure:
    counts = sorted({len(one.runs) for one in methods})
    plural = '' if counts == [1] else 's'
    return plot_curves(
        {
            title: {name: _line(e, key) for name, e in curves.items()}
            for key, title in PANELS.items()
        },
        list(curves),
        'epoch',
        title='Families found and groups planted',
        subtitle=f'{what} groups; mean over '
        f'{" or ".join(map(str, counts))} training{plural}',
    )


def _line(epochs: ByEpoch, key: str) -> Line:
    means = {epoch: mean_of(some, key) for epoch, some in epochs.items()}
    known = [epoch for epoch, value in means.items() if math.isfinite(value)]
    return Line(np.array(known), np.array([means[epoch] for epoch in known]))


def _map(method: Method, grid: Grid, key: str) -> Figure:
    last = method.runs[0][-1]
    place = None
    try:
        place = (
            grid.top_k.index(last.rule.top_k),
            grid.thresholds.index(last.rule.overlap_threshold),
        )
    except ValueError:
        pass  # the numbers of the training are not among them
    values = [
        [
            [100 * x for one in some if math.isfinite(x := getattr(one, key))]
            for some in row
        ]
        for row in grid.cells
    ]
    return plot_sweep_map(
        list(map(str, grid.top_k)),
        list(map(str, grid.thresholds)),
        values,
        ('K', 'overlap threshold'),
        f'{key} (%)',
        base=place,
        title=f'{PANELS[key]} of the families, {method.name}',
        subtitle=f'counts of epoch {last.epoch}',
    )


def _rows(curves: dict[str, ByEpoch]) -> list[list]:
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


def _plain(grid: Grid) -> list[dict]:
    return [
        {
            'top_k': k,
            'overlap_threshold': n_o,
            'runs': list(map(_entry, some)),
        }
        for k, row in zip(grid.top_k, grid.cells, strict=True)
        for n_o, some in zip(grid.thresholds, row, strict=True)
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    return run_tool(run, parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
