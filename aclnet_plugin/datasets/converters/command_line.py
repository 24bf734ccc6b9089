"""Flags, endings and messages that the converters share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..store import write_annotations
from .outcomes import BadFile
from .running import Conversion, forget_parts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``out`` and the flags that all converters have."""
    parser.add_argument(
        'out',
        type=Path,
        help='annotation file (.pkl) or memory-mapped store (.store) to write',
    )
    parser.add_argument(
        '--on-error',
        choices=('stop', 'skip'),
        default='stop',
        help='what to do with a file that is broken. Defaults to stop',
    )
    parser.add_argument(
        '--workers',
        type=int,
        default=1,
        help='number of processes. Defaults to 1',
    )
    parser.add_argument(
        '--overwrite', action='store_true', help='replace an existing result'
    )
    parser.add_argument('--quiet', action='store_true', help='no progress bar')


def report_and_write(
    content: Mapping[str, Any],
    out: Path,
    overwrite: bool = False,
    done: Conversion | None = None,
    parts: Path | None = None,
) -> None:
    """Write annotations and say what was skipped, left out and written.

    Args:
        content: Dict with ``annotations``, ``split`` and ``classes``.
        out: ``.pkl`` or ``.store``.
        overwrite: Whether an existing result is replaced.
        done: What the conversion said.
        parts: What was kept for another attempt; it is removed.
    """
    write_annotations(content, out, overwrite=overwrite)
    if parts is not None:
        forget_parts(parts)
    if done is not None:
        for problem in done.problems:
            print(f'skipped: {problem}')
        for reason, count in done.left_out.most_common():
            print(f'left out: {count} ({reason})')
        if done.resumed:
            print(f'{done.resumed} files were taken from an earlier attempt')
    print(f'{len(content["annotations"])} sequences written to {out}')
    for name, ids in content.get('split', {}).items():
        print(f'  {name}: {len(ids)}')


def run_tool(work: Callable[[argparse.Namespace], None], args: Any) -> int:
    """Do the work of a converter; errors of the user become one line.

    Args:
        work: Raises ``ValueError`` or ``OSError`` for what the user can mend.
        args: The parsed command line, with ``out`` and ``overwrite``.

    Returns:
        The exit status.
    """
    if args.out.suffix not in ('.pkl', '.store'):
        return _fail(f'{args.out} must end in .pkl or .store.')
    if args.out.exists() and not args.overwrite:
        return _fail(f'{args.out} exists; use --overwrite to replace it.')
    try:
        work(args)
    except BadFile as error:
        return _fail(f'{error}\n(--on-error skip leaves it out)')
    except (ValueError, OSError) as error:
        return _fail(str(error))
    except MemoryError as error:
        return _fail(f'there is too little memory: {error}')
    except KeyboardInterrupt:
        return _fail(
            'interrupted; nothing was replaced. The same command starts '
            'again, from what was kept if the tool keeps parts.'
        )
    return 0


def _fail(message: str) -> int:
    print(f'error: {message}', file=sys.stderr)
    return 1
