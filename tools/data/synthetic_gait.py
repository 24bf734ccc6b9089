"""Write an annotation file of synthetic walks, in the form of CASIA-B.

Example::

    python tools/data/synthetic_gait.py data/synthetic/gait.pkl --subjects 40

The file has the splits ``train``, ``test``, ``train_sub``, ``val``,
``reid_train`` and ``reid_test``. The same settings always give the same
walks.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.progress import track

from aclnet_plugin.datasets.converters.command_line import (
    report_and_write,
    run_tool,
)
from aclnet_plugin.datasets.synthetic_gait import (
    VIEWS,
    generate_synthetic_gait,
)
from aclnet_plugin.utils.arguments import make_parser


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument(
        'out',
        type=Path,
        help='annotation file (.pkl) or memory-mapped store (.store) to write',
    )
    parser.add_argument(
        '--subjects', type=int, default=20, help='persons. Defaults to 20'
    )
    parser.add_argument(
        '--views',
        type=int,
        nargs='+',
        default=VIEWS,
        metavar='DEGREES',
        help='directions, 0 to 180. Defaults to 0 18 ... 180',
    )
    parser.add_argument(
        '--walks',
        type=int,
        nargs=3,
        default=(6, 2, 2),
        metavar=('NM', 'BG', 'CL'),
        help='walks of each person, normal, with a bag and in a coat. '
        'Defaults to 6 2 2',
    )
    parser.add_argument(
        '--layout',
        choices=('coco', 'openpose14'),
        default='coco',
        help='17 joints in pixels, or 14 in three dimensions. '
        'Defaults to coco',
    )
    parser.add_argument(
        '--num-frames',
        type=int,
        nargs=2,
        default=(70, 100),
        metavar=('MIN', 'MAX'),
        help='shortest and longest sequence. Defaults to 70 100',
    )
    parser.add_argument(
        '--noise',
        type=float,
        default=0.02,
        help='in metres, per coordinate. Defaults to 0.02',
    )
    parser.add_argument('--seed', type=int, default=0, help='Defaults to 0')
    parser.add_argument(
        '--overwrite', action='store_true', help='replace an existing result'
    )
    parser.add_argument('--quiet', action='store_true', help='no progress bar')
    return parser.parse_args(argv)


def work(args: argparse.Namespace) -> None:
    """Generate the walks and write them."""
    content = generate_synthetic_gait(
        num_subjects=args.subjects,
        views=args.views,
        walks=args.walks,
        layout=args.layout,
        num_frames=args.num_frames,
        noise=args.noise,
        seed=args.seed,
        track=lambda persons: track(
            persons, 'walking', disable=args.quiet, transient=True
        ),
    )
    report_and_write(content, args.out, overwrite=args.overwrite)


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    return run_tool(work, parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
