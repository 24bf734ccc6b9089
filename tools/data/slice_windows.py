r"""Cut the sequences of an annotation file into windows of one length.

Windows start with the first frame; what is left at the end is in none of
them, and shorter sequences give none. The file is a pickle or a store, and
so is the result. Examples::

    python tools/data/slice_windows.py data/skeleton/casia_b.pkl \
        data/skeleton/casia_b_w40.pkl --splits reid_train reid_test
    python tools/data/slice_windows.py data/skeleton/casia_b.store \
        data/skeleton/casia_b_w40.store --splits reid_train reid_test \
        --stride reid_train=20 --joints openpose14

Windows are named after their sequence, with -w00, -w01, ... at the end. See
docs/data/casia_b.md.
"""

from __future__ import annotations

import argparse
import pickle
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from aclnet_plugin.datasets.converters import (
    Conversion,
    report_and_write,
    run_tool,
)
from aclnet_plugin.datasets.converters.casia_b.command import (
    add_basic_arguments,
)
from aclnet_plugin.datasets.converters.casia_b.joints import to_openpose14
from aclnet_plugin.datasets.converters.casia_b.windows import cut_content
from aclnet_plugin.datasets.store import SkeletonStore, is_store
from aclnet_plugin.utils.arguments import make_parser
from aclnet_plugin.utils.safe_pickle import safe_load

JOINTS = dict(all=None, openpose14=to_openpose14)


def read(source: Path) -> Any:
    """What an annotation file or a store holds."""
    if is_store(source):
        return SkeletonStore(source).to_content()
    try:
        return safe_load(source)
    except pickle.UnpicklingError as error:
        raise ValueError(str(error)) from None


def read_strides(items: Iterable[str]) -> tuple[int | None, dict[str, int]]:
    """The stride for all splits, and those for single ones."""
    common, single = None, {}
    for item in items:
        split, named, text = item.rpartition('=')
        if not text.isdecimal() or (named and not split):
            raise ValueError(
                f'--stride {item}: expected a number, or reid_train=20.'
            )
        if split in single or (not named and common is not None):
            raise ValueError(f'--stride {item}: this stride is given twice.')
        if named:
            single[split] = int(text)
        else:
            common = int(text)
    return common, single


def work(args: argparse.Namespace) -> None:
    """Cut, write and report."""
    console = Console(stderr=True)
    hidden = args.quiet or not console.is_terminal

    def shown(places: list[int]) -> Iterator[int]:
        return track(
            places,
            'cutting',
            console=console,
            disable=hidden,
            transient=True,
        )

    stride, split_strides = read_strides(args.stride)
    content, cutting = cut_content(
        read(args.source),
        str(args.source),
        args.length,
        stride,
        split_strides,
        args.splits,
        JOINTS[args.joints],
        args.on_error,
        shown,
    )
    done = Conversion(problems=cutting.problems)
    report_and_write(content, args.out, args.overwrite, done)
    print(
        f'cut from {cutting.sequences} sequences; {cutting.short} have fewer '
        f'than {args.length} frames and gave none; {cutting.rest} frames are '
        'in no window'
    )
    if cutting.unlisted:
        print(f'{cutting.unlisted} sequences are in no split that is cut')
    for warning in cutting.warnings:
        print(f'WARNING: {warning}')
    for split, names in content.get('split', {}).items():
        if not names:
            print(f'WARNING: the split {split} has no window.')


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = make_parser(__doc__)
    parser.add_argument(
        'source', type=Path, help='annotation file (.pkl) or store'
    )
    add_basic_arguments(parser, 'sequence')
    parser.add_argument(
        '--length',
        type=int,
        default=40,
        metavar='F',
        help='frames of a window. Defaults to 40',
    )
    parser.add_argument(
        '--stride',
        nargs='+',
        default=(),
        metavar='[SPLIT=]N',
        help='frames from the start of a window to the next, for all splits '
        'or for one. Defaults to the length',
    )
    parser.add_argument(
        '--splits',
        nargs='+',
        metavar='SPLIT',
        help='cut these and leave out all else. Defaults to all splits',
    )
    parser.add_argument(
        '--joints',
        choices=tuple(JOINTS),
        default='all',
        help='openpose14 makes the 14 joints of OpenPose out of the 17 of '
        'COCO. Defaults to all, no change',
    )
    return run_tool(work, parser.parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
