r"""Convert the 3D windows of CASIA-B (TranSG, SGELA) to annotations.

The input is the unpacked folder of one length, with a folder for training
and, for each condition, one for tests. Example::

    python tools/data/casiab_windows3d.py CASIA_B_match/40 \
        data/skeleton/casia_b_windows.pkl

The files do not say the view and the walk of a window. Pickled dictionaries
among them (``ids_*.npy``) are not opened. See docs/data/casia_b.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console

from aclnet_plugin.datasets.converters import report_and_write, run_tool
from aclnet_plugin.datasets.converters.casia_b.command import (
    add_basic_arguments,
    add_report_argument,
)
from aclnet_plugin.datasets.converters.casia_b.count_report import (
    check_report_path,
    new_table,
    print_lines,
    write_report,
)
from aclnet_plugin.datasets.converters.casia_b.windows3d import (
    convert_windows,
    summarize_windows,
)
from aclnet_plugin.utils.arguments import make_parser
from aclnet_plugin.utils.shown import shown_some


def work(args: argparse.Namespace) -> None:
    """Convert, write and count."""
    check_report_path(args.report, args.overwrite)
    if args.length is not None and args.length < 1:
        raise ValueError('--length must be positive.')
    content, done = convert_windows(
        args.folder, args.length, args.on_error, args.quiet
    )
    report_and_write(content, args.out, args.overwrite, done)
    rows = summarize_windows(content)
    heads = ('windows', 'persons', 'fewest', 'most')
    table = new_table(
        'Windows, and how many a person has', ('split', 'condition'), heads
    )
    for row in rows:
        numbers = (f'{row[head]:,}' for head in heads)
        table.add_row(row['split'], row['condition'], *numbers)
    console = Console()
    console.print(table)
    print_lines(console, remarks(content['annotations']))
    if args.report is not None:
        write_report(args.report, rows, dict(rows=rows))
        print(f'counts written to {args.report}')


def remarks(samples: list[dict[str, Any]]) -> Iterator[str]:
    """What to know of the persons before results are compared."""
    train = {s['subject'] for s in samples if s['condition'] == 'na'}
    test = {s['subject'] for s in samples} - train
    tested = {s['subject'] for s in samples if s['condition'] != 'na'}
    both = sorted(train & tested)
    yield f'{len(train)} persons for training, {len(tested)} for tests.'
    if both:
        yield (
            f'WARNING: {len(both)} persons are in both: {shown_some(both)}. '
            'Tests do not show how unknown persons are recognised.'
        )
    elif not train or not test:
        yield 'WARNING: training or tests are missing.'


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = make_parser(__doc__)
    parser.add_argument(
        'folder', type=Path, help='the one with CASIA_B_train_npy_data in it'
    )
    add_basic_arguments(parser, 'window or file')
    parser.add_argument(
        '--length',
        type=int,
        metavar='F',
        help='of the windows, if the folder has several',
    )
    add_report_argument(parser)
    return run_tool(work, parser.parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
