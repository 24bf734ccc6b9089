"""Flags and endings that the converters of walks share."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ....utils.shown import shown_some
from ..command_line import report_and_write
from ..running import Conversion
from .count_report import (
    check_report_path,
    print_counts,
    print_lines,
    write_report,
)
from .counts import count_walks
from .protocol import MIN_FRAMES
from .subjects import REID, choose_subjects, make_splits, shared_persons


def add_report_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--report``."""
    parser.add_argument(
        '--report',
        type=Path,
        metavar='FILE',
        help='write the counts to a .csv or .json file, too',
    )


def add_basic_arguments(parser: argparse.ArgumentParser, what: str) -> None:
    """Add ``out`` and the flags of a tool that is one process.

    Args:
        parser: The command line.
        what: What may be broken, such as ``'table'``.
    """
    parser.add_argument('out', type=Path, help='.pkl or .store to write')
    parser.add_argument(
        '--on-error',
        choices=('stop', 'skip'),
        default='stop',
        help=f'what to do with a {what} that is broken. Defaults to stop',
    )
    parser.add_argument(
        '--overwrite', action='store_true', help='replace an existing result'
    )
    parser.add_argument('--quiet', action='store_true', help='no progress bar')


def add_walk_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of splits and counts."""
    group = parser.add_argument_group('splits and counts')
    group.add_argument(
        '--reid-split',
        choices=tuple(REID),
        default='62-62',
        help='persons of reid_train and reid_test. Defaults to 62-62',
    )
    group.add_argument(
        '--subjects',
        type=Path,
        metavar='FILE',
        help='text file with lists of persons for splits, a line each, such '
        'as "reid_train: 001-062, 070"',
    )
    group.add_argument(
        '--min-frames',
        type=int,
        default=MIN_FRAMES,
        help='count walks with fewer frames; all are written. Defaults to '
        f'{MIN_FRAMES}',
    )
    add_report_argument(group)


def check_walk_arguments(args: argparse.Namespace) -> dict[str, Any]:
    """Refuse wrong flags before any work; returns persons by split."""
    check_report_path(args.report, args.overwrite)
    if args.min_frames < 0:
        raise ValueError('--min-frames must be 0 or more.')
    return dict(choose_subjects(args.reid_split, args.subjects))


def finish_walks(
    args: argparse.Namespace,
    done: Conversion,
    subjects: dict[str, Any],
    parts: Path | None = None,
) -> None:
    """Write walks with their splits, and report what there is.

    Args:
        args: The parsed command line.
        done: The walks.
        subjects: Result of :func:`check_walk_arguments`.
        parts: What was kept for another attempt; it is removed.
    """
    content = dict(
        split=make_splits(done.samples, subjects), annotations=done.samples
    )
    report_and_write(content, args.out, args.overwrite, done, parts)
    counts = count_walks(done.samples, subjects, args.min_frames)
    console = Console()
    print_counts(console, counts)
    print_lines(console, _remarks(done, subjects))
    if args.report is not None:
        rows = [row._asdict() for row in counts.rows]
        write_report(args.report, rows, counts.as_dict())
        print(f'counts written to {args.report}')


def _remarks(done: Conversion, subjects: dict[str, Any]) -> Iterator[str]:
    frames = [sample['total_frames'] for sample in done.samples]
    yield (
        f'{min(frames)} to {max(frames)} frames, mean '
        f'{sum(frames) / len(frames):.1f}.'
    )
    largest = max(np.abs(s['keypoint']).max() for s in done.samples)
    if largest <= 2:
        yield (
            f'WARNING: no coordinate is larger than {largest:g}; pixels of '
            'images of 320 x 240 were expected. The noise that training adds '
            'is in pixels.'
        )
    for (first, second), persons in shared_persons(subjects).items():
        yield (
            f'WARNING: {len(persons)} persons are in both {first} and '
            f'{second}: {shown_some(persons)}.'
        )
