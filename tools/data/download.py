"""Fetch the public annotation files; say where to ask for the others.

Example::

    python tools/data/download.py --list
    python tools/data/download.py ntu60_3d gym_2d
    python tools/data/download.py k400_2d --root /big/disk/skeleton

A download that was interrupted is continued by the same command. A file that
is there already is left alone; ``--check`` compares it with its checksum.
For data that must be requested the page is printed. The exit status is 0 if
all files asked for are there, 1 otherwise.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from aclnet_plugin.datasets.downloads.catalogue import (
    ON_REQUEST,
    PUBLIC,
    OnRequest,
    PublicFile,
)
from aclnet_plugin.datasets.downloads.checksums import check_file
from aclnet_plugin.datasets.downloads.download import fetch_from_any
from aclnet_plugin.datasets.downloads.errors import DownloadError
from aclnet_plugin.datasets.downloads.partial_file import megabytes
from aclnet_plugin.datasets.downloads.transfers import Patience, Watcher


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'names', nargs='*', metavar='NAME', help='which data, see --list'
    )
    parser.add_argument(
        '--list', action='store_true', help='show what there is and stop'
    )
    parser.add_argument(
        '--root',
        type=Path,
        default=Path('data/skeleton'),
        help='folder for the files. Defaults to data/skeleton',
    )
    parser.add_argument(
        '--check',
        action='store_true',
        help='compare files that are there with their checksums; fetch '
        'nothing',
    )
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='fetch files again that are there already',
    )
    parser.add_argument(
        '--timeout',
        type=float,
        default=60.0,
        metavar='SECONDS',
        help='how long to wait for an answer. Defaults to 60',
    )
    parser.add_argument('--quiet', action='store_true', help='no progress bar')
    args = parser.parse_args(argv)
    known = [*PUBLIC, *ON_REQUEST]
    for name in args.names:
        if name not in known:
            parser.error(f'there is no {name!r}; choose {", ".join(known)}')
    if not args.names and not args.list:
        parser.error('name at least one data set, or use --list')
    if args.check and args.overwrite:
        parser.error('--check fetches nothing, so --overwrite has no effect')
    if not args.timeout > 0:
        parser.error('--timeout must be above 0')
    return args


def print_catalogue(console: Console) -> None:
    """Show what can be fetched and what must be requested."""
    table = Table('name', 'what', 'size', 'terms', title='open')
    for name, entry in PUBLIC.items():
        size = megabytes(entry.size) if entry.size else 'not published'
        table.add_row(name, entry.about, size, entry.terms)
    console.print(table)
    table = Table('name', 'what', title='on request')
    table.add_column('where to ask', overflow='fold')
    for name, wanted in ON_REQUEST.items():
        table.add_row(name, wanted.about, wanted.site)
    console.print(table)


def print_request(name: str, entry: OnRequest) -> None:
    """Say where to ask for data and how to go on."""
    print(f'{name}: {entry.about}; to be requested from its makers.')
    print(f'  page: {entry.site}')
    print(f'  ask for: {entry.ask}')
    print(f'  then: docs/data/{entry.page}')


def get_file(
    name: str, entry: PublicFile, args: argparse.Namespace, console: Console
) -> None:
    """Fetch a file unless it is there.

    Args:
        name: What the user calls it.
        entry: Its line of the catalogue.
        args: The parsed command line.
        console: For the progress bar.

    Raises:
        DownloadError: If no address gives it.
    """
    target = args.root / entry.file_name
    if target.is_dir():
        raise DownloadError(f'{target} is a folder; remove or rename it.')
    if target.exists() and not args.overwrite:
        print(f'{name}: {target} is there (--check compares its checksum)')
        return
    print(f'{name}: {entry.about}; terms: {entry.terms}')
    hidden = args.quiet or not console.is_terminal
    columns = (
        TextColumn('{task.description}'),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=hidden) as bar:
        task = bar.add_task(name, total=entry.size)
        watcher = Watcher(
            progress=lambda done, total: bar.update(
                task, completed=done, total=total
            ),
            say=lambda text: print(f'  {text}'),
        )
        patience = Patience(timeout=args.timeout)
        digest = fetch_from_any(
            entry.urls, target, entry.checksum, patience, watcher
        )
    size = megabytes(target.stat().st_size)
    print(f'  {target}: {size}, sha256 {digest}')
    if entry.page:
        print(f'  next: docs/data/{entry.page}')


def check(name: str, entry: PublicFile, root: Path) -> None:
    """Compare a file with its checksum; write it down if there is none.

    Args:
        name: What the user calls it.
        entry: Its line of the catalogue.
        root: Folder of the files.
    """
    target = root / entry.file_name
    digest, compared = check_file(target, entry.checksum)
    how = 'as it should be' if compared else 'nothing to compare with, noted'
    print(f'{name}: {target}: sha256 {digest} ({how})')


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    args = parse_args(argv)
    if args.list:
        print_catalogue(Console())
        return 0
    console = Console(stderr=True)
    lacking = 0
    for name in dict.fromkeys(args.names):
        try:
            if name in ON_REQUEST:
                print_request(name, ON_REQUEST[name])
                lacking += 1
            elif args.check:
                check(name, PUBLIC[name], args.root)
            else:
                get_file(name, PUBLIC[name], args, console)
        except (DownloadError, ValueError, OSError) as error:
            print(f'error: {name}: {error}', file=sys.stderr)
            lacking += 1
        except KeyboardInterrupt:
            print(
                'error: interrupted; start again to continue.', file=sys.stderr
            )
            return 1
    return 1 if lacking else 0


if __name__ == '__main__':
    sys.exit(main())
