r"""Convert the raw skeleton files of NTU RGB+D 60 or 120.

The input is one or more folders or zip archives with files named
``S001C001P001R001A001.skeleton``. Archives are read in place. Examples::

    python tools/data/ntu_raw.py nturgbd_skeletons_s001_to_s017.zip \
        data/skeleton/ntu60_3d.pkl --benchmark 60 --workers 4
    python tools/data/ntu_raw.py nturgbd_skeletons_s001_to_s017.zip \
        nturgbd_skeletons_s018_to_s032.zip \
        data/skeleton/ntu120_3d.pkl --benchmark 120 --workers 4

What is finished is kept beside the output (``*.parts``) until all is done;
the same command goes on where it was interrupted. The steps and the splits
are described in docs/data/ntu_rgbd.md.
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
from aclnet_plugin.datasets.converters.ntu.convert import convert
from aclnet_plugin.datasets.converters.ntu.protocol import summarize
from aclnet_plugin.utils.arguments import make_parser


def work(args: argparse.Namespace) -> None:
    """Convert, write and summarize."""
    parts = Path(f'{args.out}.parts')
    content, done = convert(
        args.sources,
        args.benchmark,
        args.dtype,
        workers=args.workers,
        on_error=args.on_error,
        quiet=args.quiet,
        parts=parts,
    )
    report_and_write(content, args.out, args.overwrite, done, parts)
    print(summarize(content, args.benchmark))


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = make_parser(__doc__)
    parser.add_argument(
        'sources', type=Path, nargs='+', help='folders or zip archives'
    )
    add_arguments(parser)
    parser.add_argument(
        '--benchmark',
        type=int,
        choices=(60, 120),
        required=True,
        help='which of the two data sets to make',
    )
    parser.add_argument(
        '--dtype',
        choices=('float16', 'float32'),
        default='float16',
        help='type of the coordinates. Defaults to float16, as in the public '
        'annotation files',
    )
    return run_tool(work, parser.parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
