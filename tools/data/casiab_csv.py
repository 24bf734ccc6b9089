r"""Convert tables of key points of CASIA-B (GaitGraph) to annotations.

The input is one or more of the tables ``casia-b_pose_*.csv``: a header, then
a row for each frame with x, y and confidence of the 17 joints of COCO. Tables
may not have walks in common. Examples::

    python tools/data/casiab_csv.py casia-b_pose_coco.csv \
        data/skeleton/casia_b.pkl
    python tools/data/casiab_csv.py casia-b_pose_train_valid.csv \
        casia-b_pose_test.csv data/skeleton/casia_b.store \
        --report counts.csv

Rows that have not 51 numbers are left out and named, as the protocol has it.
--on-error skip leaves out walks and tables that are wrong as well. See
docs/data/casia_b.md.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from aclnet_plugin.datasets.converters import run_tool
from aclnet_plugin.datasets.converters.casia_b.command import (
    add_basic_arguments,
    add_walk_arguments,
    check_walk_arguments,
    finish_walks,
)
from aclnet_plugin.datasets.converters.casia_b.csv_tables import (
    convert_tables,
)
from aclnet_plugin.utils.arguments import make_parser


def work(args: argparse.Namespace) -> None:
    """Convert, write and count."""
    subjects = check_walk_arguments(args)
    done = convert_tables(args.tables, args.on_error, args.quiet)
    finish_walks(args, done, subjects)


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = make_parser(__doc__)
    parser.add_argument(
        'tables', type=Path, nargs='+', help='tables, .csv, with a header'
    )
    add_basic_arguments(parser, 'walk or table')
    add_walk_arguments(parser)
    return run_tool(work, parser.parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
