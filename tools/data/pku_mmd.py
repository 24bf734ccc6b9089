r"""Cut PKU-MMD (phase 1) into one skeleton sequence per action.

The input is the unpacked folders of the skeletons (``0002-L.txt``, ...), of
the labels (files of the same names) and of the splits (``cross-subject.txt``,
``cross-view.txt``). Example::

    python tools/data/pku_mmd.py Data/PKU_Skeleton_Renew \
        Label/Train_Label_PKU_final Split data/skeleton/pkummd_3d.pkl \
        --workers 4 --on-error skip

With ``--on-error skip``, rows of the labels that cannot be cut are left out
and named. What is finished is kept beside the output (``*.parts``) until all
is done; the same command goes on where it was interrupted. See
docs/data/pku_mmd.md.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from aclnet_plugin.datasets.converters import (
    add_arguments,
    report_and_write,
    run_tool,
)
from aclnet_plugin.datasets.converters.pku_mmd.convert import convert
from aclnet_plugin.datasets.converters.pku_mmd.splits import summarize
from aclnet_plugin.utils.arguments import make_parser


def work(args: argparse.Namespace) -> None:
    """Convert, write and summarize."""
    parts = Path(f'{args.out}.parts')
    content, done = convert(
        args.skeletons,
        args.labels,
        args.splits,
        args.dtype,
        args.on_error,
        workers=args.workers,
        quiet=args.quiet,
        parts=parts,
    )
    report_and_write(content, args.out, args.overwrite, done, parts)
    print(summarize(content, done, args.splits))


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = make_parser(__doc__)
    for name in ('skeletons', 'labels', 'splits'):
        parser.add_argument(name, type=Path, help=f'folder of the {name}')
    add_arguments(parser)
    parser.add_argument(
        '--dtype',
        choices=('float16', 'float32'),
        default='float16',
        help='type of the coordinates. Defaults to float16',
    )
    return run_tool(work, parser.parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
