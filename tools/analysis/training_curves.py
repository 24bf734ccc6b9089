r"""Draw what trainings logged: losses, families, prototypes, accuracy.

From the JSON logs in work folders, one small panel for each quantity, all
runs in each. A training that was resumed has several logs; they are joined,
and what was trained twice counts once. A picture, a CSV and a JSON file::

    python tools/analysis/training_curves.py work_dirs/x
    python tools/analysis/training_curves.py work_dirs/baseline work_dirs/x \
        --labels baseline ACLNet --smooth 9 --format svg
    python tools/analysis/training_curves.py work_dirs/x --keys loss \
        "affinity/*" lr --axis step

By default the panels are the losses, number and mean size of the Motion
Families, the drift of the prototypes (the mean cosine distance that they move
in an epoch) and accuracies, as far as they were logged. --keys takes any
logged name and patterns; the files hold all that was logged.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import _common  # noqa: F401  (first: finds an uninstalled checkout)
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aclnet_plugin.analysis.curves import chosen_keys, panels_of, title_of
from aclnet_plugin.analysis.output import (
    make_parser,
    run_tool,
    save_csv,
    save_figure,
    save_json,
)
from aclnet_plugin.analysis.training_log import TrainingLog, read_training
from aclnet_plugin.utils.arguments import number_above_0
from aclnet_plugin.visualization.curves_plot import plot_curves

_STEM = 'training_curves'


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument(
        'work_dirs',
        nargs='+',
        type=Path,
        metavar='WORK_DIR',
        help='of a training; or a log itself, vis_data/scalars.json',
    )
    parser.add_argument(
        '--labels',
        nargs='+',
        metavar='NAME',
        help='what to call the runs. Defaults to the names of the folders',
    )
    parser.add_argument(
        '--keys',
        nargs='+',
        metavar='KEY',
        help='what to draw: logged names or patterns such as "affinity/*"',
    )
    parser.add_argument(
        '--axis',
        choices=('epoch', 'step'),
        default='epoch',
        help='horizontal axis. Defaults to epoch, to step if a log does not '
        'tell how many steps an epoch has',
    )
    parser.add_argument(
        '--smooth',
        type=number_above_0,
        default=5,
        metavar='N',
        help='running mean over so many logged values, of quantities of '
        'single training steps; 1 for none. Defaults to 5',
    )
    args = parser.parse_args(argv)
    if args.labels and len(args.labels) != len(args.work_dirs):
        parser.error(
            f'--labels needs {len(args.work_dirs)} names, got '
            f'{len(args.labels)}'
        )
    return args


def run(args: argparse.Namespace) -> Iterator[Path]:
    """Read, print, draw and write.

    Args:
        args: The command line.

    Yields:
        The files.
    """
    labels = args.labels or [None] * len(args.work_dirs)
    logs = [
        read_training(path, label)
        for path, label in zip(args.work_dirs, labels, strict=True)
    ]
    _name_apart(logs, args.work_dirs)
    for log in logs:
        for note in log.notes:
            print(f'note: {note}', file=sys.stderr)
    keys = chosen_keys(logs, args.keys)
    axis = args.axis
    if axis == 'epoch' and any(log.steps_per_epoch is None for log in logs):
        axis = 'step'
        print(
            'note: a log does not tell how many steps an epoch has; the axis '
            'shows steps, and validations by epoch are left out.',
            file=sys.stderr,
        )
    _print(logs, keys)
    out = args.out or _folder(args.work_dirs[0]) / _STEM
    panels = panels_of(logs, keys, axis, args.smooth)
    smooth = ''
    if args.smooth > 1 and any(
        line.smooth is not None
        for lines in panels.values()
        for line in lines.values()
    ):
        smooth = f'losses are running means of {args.smooth} logged values'
    figure = plot_curves(
        panels, [log.name for log in logs], axis, subtitle=smooth
    )
    yield from save_figure(figure, out, _STEM, args.format)
    yield save_csv(_rows(logs), out / f'{_STEM}.csv')
    yield save_json(
        [
            {
                'run': log.name,
                'files': [str(file) for file in log.files],
                'steps_per_epoch': log.steps_per_epoch,
                'series': {
                    key: {
                        'step': one.steps.tolist(),
                        'value': one.values.tolist(),
                        'not_finite': one.skipped,
                    }
                    for key, one in log.series.items()
                },
            }
            for log in logs
        ],
        out / f'{_STEM}.json',
    )


def _name_apart(logs: Sequence[TrainingLog], paths: Sequence[Path]) -> None:
    """Give runs of equal names the folder above, or a number, as well."""
    names = [log.name for log in logs]
    for log, path in zip(logs, paths, strict=True):
        if names.count(log.name) > 1:
            log.name = f'{path.resolve().parent.name}/{log.name}'
    taken: set[str] = set()
    for log in logs:
        name, number = log.name, 2
        while log.name in taken:
            log.name, number = f'{name} ({number})', number + 1
        taken.add(log.name)


def _folder(path: Path) -> Path:
    return path.parent if path.is_file() else path


def _rows(logs: Sequence[TrainingLog]) -> list[list]:
    rows: list[list] = [['run', 'key', 'step', 'epoch', 'value']]
    for log in logs:
        for key, one in log.series.items():
            for step, value in zip(
                one.steps.tolist(), one.values.tolist(), strict=True
            ):
                epoch = ''
                if log.steps_per_epoch:
                    epoch = round(step / log.steps_per_epoch, 4)
                rows.append([log.name, key, step, epoch, value])
    return rows


def _print(logs: Sequence[TrainingLog], keys: Sequence[str]) -> None:
    """The last value of each quantity."""
    console = Console()
    cells = [
        [
            f'{log.series[key].values[-1]:.4g}'
            if key in log.series and len(log.series[key].values)
            else ''
            for log in logs
        ]
        for key in keys
    ]
    if not console.is_terminal:
        for place, log in enumerate(logs):
            last = max(
                int(s.steps[-1]) for s in log.series.values() if len(s.steps)
            )
            parts = 'log' if len(log.files) == 1 else 'logs joined'
            print(f'{log.name}: {len(log.files)} {parts}, {last} steps')
            for key, row in zip(keys, cells, strict=True):
                if row[place]:
                    print(f'  {title_of(key)}: {row[place]}')
        return
    table = Table(title='Last values')
    table.add_column('')
    for log in logs:
        table.add_column(Text(log.name), justify='right')
    for key, row in zip(keys, cells, strict=True):
        table.add_row(Text(title_of(key)), *row)
    console.print(table)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    return run_tool(run, parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
