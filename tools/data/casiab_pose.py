r"""Convert the folders of CASIA-B-Pose to annotations.

The input is the unpacked folder with a pickle for each walk,
``001/nm-01/090/090.pkl``: an array or list of frames, x, y and confidence of
the 17 joints of COCO. Example::

    python tools/data/casiab_pose.py CASIA-B-pose \
        data/skeleton/casia_b_pose.pkl --workers 4 --report counts.json

What is finished is kept beside the output (``*.parts``) until all is done;
the same command goes on where it was interrupted. See docs/data/casia_b.md.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from aclnet_plugin.datasets.converters import add_arguments, run_tool
from aclnet_plugin.datasets.converters.casia_b.command import (
    add_walk_arguments,
    check_walk_arguments,
    finish_walks,
)
from aclnet_plugin.datasets.converters.casia_b.pose_files import (
    convert_folder,
)
from aclnet_plugin.utils.arguments import make_parser


def work(args: argparse.Namespace) -> None:
    """Convert, write and count."""
    subjects = check_walk_arguments(args)
    parts = Path(f'{args.out}.parts')
    done = convert_folder(
        args.folder,
        args.on_error,
        workers=args.workers,
        quiet=args.quiet,
        parts=parts,
    )
    finish_walks(args, done, subjects, parts)


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = make_parser(__doc__)
    parser.add_argument('folder', type=Path, help='folder of the persons')
    add_arguments(parser)
    add_walk_arguments(parser)
    return run_tool(work, parser.parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
