r"""Gather what is known about a training in one HTML page.

The page holds the results of tests, the training curves, confusions and
Motion Families of the last checkpoint, the accuracy of each class where
predictions lie in the folder (``tools/test.py --dump WORK_DIR/test.pkl``),
and every picture and table that other analysis tools left there. It is one
file: no server, no network, to be sent as it is. Examples::

    python tools/analysis/report.py work_dirs/x
    python tools/analysis/report.py work_dirs/x --classes names.txt \
        --out report.html

The exit status is 0, 1 after an error, 2 for a wrong command line.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import _common  # noqa: F401  (first: finds an uninstalled checkout)
from _flags import add_classes

from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.output import run_tool
from aclnet_plugin.analysis.report.assemble import report
from aclnet_plugin.utils.arguments import make_parser
from aclnet_plugin.utils.atomic import atomic_writer


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument('work_dir', type=Path, help='of a training')
    parser.add_argument(
        '--out',
        type=Path,
        metavar='FILE.html',
        help='the page; replaced if it exists. Defaults to report.html in '
        'the work folder',
    )
    add_classes(parser)
    return parser.parse_args(argv)


def run(args: argparse.Namespace) -> Iterator[Path]:
    """Make the page.

    Args:
        args: The command line.

    Yields:
        The file.
    """
    out = args.out or args.work_dir / 'report.html'
    if out.suffix.lower() not in ('.html', '.htm'):
        raise AnalysisError(f'--out {out} is no name of an HTML file')
    page = report(args.work_dir, args.classes)
    with atomic_writer(out) as file:
        file.write(page.encode())
    yield out


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    return run_tool(run, parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
