r"""Which sequences look like this one: EMBEDDINGS.npz --query NAME [flags].

For example, the 10 nearest of another subject, as a table and as files::

    python tools/search_embeddings.py test.npz --query 075-nm-01-090 \
        --exclude-same subject --json found.json --csv found.csv

The files are made by tools/extract_embeddings.py. The query itself is never
among its neighbours.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import _common  # noqa: F401  (first: finds an uninstalled checkout)
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aclnet_plugin.evaluation.embeddings import (
    Embeddings,
    EmbeddingsError,
    Match,
    read_embeddings,
    search,
)
from aclnet_plugin.evaluation.embeddings.neighbours import EXCLUSIONS
from aclnet_plugin.utils.arguments import make_parser, number_above_0
from aclnet_plugin.utils.atomic import atomic_writer
from aclnet_plugin.utils.csv_text import csv_text

Found = dict[str, list[Match]]
"""Neighbours by query."""


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument('embeddings', type=Path, help='where the query is')
    parser.add_argument(
        '--query',
        nargs='+',
        required=True,
        metavar='NAME',
        help='frame_dir of the sequences to find neighbours of',
    )
    parser.add_argument(
        '--top',
        type=number_above_0,
        default=10,
        metavar='N',
        help='how many neighbours. Defaults to 10',
    )
    parser.add_argument(
        '--gallery',
        type=Path,
        metavar='OTHER.npz',
        help='search here. Defaults to the file of the query',
    )
    parser.add_argument(
        '--exclude-same',
        choices=tuple(EXCLUSIONS),
        help="leave out what is of the query's subject, or from its video "
        '(the same subject, condition, seq and view)',
    )
    for name in ('json', 'csv'):
        parser.add_argument(
            f'--{name}',
            type=Path,
            metavar='FILE',
            help=f'also write the neighbours here, as {name.upper()}',
        )
    parser.add_argument(
        '--overwrite', action='store_true', help='replace these files'
    )
    return parser.parse_args(argv)


def print_matches(
    console: Console, source: Embeddings, query: str, matches: list[Match]
) -> None:
    """Print the neighbours of one query.

    Args:
        console: Where to.
        source: Where the query is.
        query: Its name.
        matches: Its neighbours.
    """
    table = Table(title=Text(f'Like {_described(source, query)}'))
    table.add_column('rank', justify='right')
    table.add_column('name', overflow='fold')
    table.add_column('label', justify='right')
    table.add_column('class', overflow='fold')
    table.add_column('cosine', justify='right')
    for match in matches:
        table.add_row(
            str(match.rank),
            Text(match.name),
            str(match.label),
            Text(match.class_name),
            f'{match.cosine:.4f}',
        )
    console.print(table)


def print_plain(query: str, matches: list[Match]) -> None:
    """Print the neighbours of one query, two blanks between the columns.

    ``--csv`` and ``--json`` are for other programs.
    """
    for match in matches:
        print(
            *(query, match.rank, match.name, match.label, match.class_name),
            f'{match.cosine:.4f}',
            sep='  ',
        )


def _described(source: Embeddings, query: str) -> str:
    place = source.place_of(query)
    name = source.class_of(place)
    return f'{query} (label {source.labels[place]}{name and f", {name}"})'


def as_json(found: Found, about: dict[str, Any]) -> str:
    """The neighbours and where they are from, as JSON.

    Args:
        found: The neighbours.
        about: What else is told.
    """
    matches = {
        query: [match._asdict() for match in matches]
        for query, matches in found.items()
    }
    content = about | {'matches': matches}
    return json.dumps(content, indent=2, ensure_ascii=False) + '\n'


def as_csv(found: Found) -> str:
    """The neighbours as CSV.

    Args:
        found: The neighbours.
    """
    rows = [
        [query, *match]
        for query, matches in found.items()
        for match in matches
    ]
    return csv_text([['query', *Match._fields], *rows])


def run(args: argparse.Namespace) -> None:
    """Search, print and write.

    Args:
        args: The command line.
    """
    for path in (args.json, args.csv):
        if path is not None and path.exists():
            _refuse_to_replace(path, args)
    source = read_embeddings(args.embeddings)
    gallery = source
    if args.gallery is not None:
        gallery = read_embeddings(args.gallery)
    found = {
        query: search(source, query, gallery, args.top, args.exclude_same)
        for query in args.query
    }
    console = Console()
    for query, matches in found.items():
        if console.is_terminal:
            print_matches(console, source, query, matches)
        else:
            print_plain(query, matches)
        if len(matches) < args.top:
            print(
                f'note: {gallery.path} has only {len(matches)} sequences to '
                f'compare {query} with.',
                file=sys.stderr,
            )
    about = {
        'embeddings': source.path,
        'gallery': gallery.path,
        'exclude_same': args.exclude_same,
        **source.about,
    }
    for path, text in (
        (args.json, args.json and as_json(found, about)),
        (args.csv, args.csv and as_csv(found)),
    ):
        if path is not None:
            with atomic_writer(path) as file:
                file.write(text.encode())
            print(f'written to {path}', file=sys.stderr)


def _refuse_to_replace(path: Path, args: argparse.Namespace) -> None:
    """What is read must not be written, whatever --overwrite says."""
    read = [args.embeddings, args.gallery]
    if any(file and file.exists() and path.samefile(file) for file in read):
        raise EmbeddingsError(
            f'{path} is one of the files to read; write to another name.'
        )
    if not args.overwrite:
        raise EmbeddingsError(
            f'{path} exists; choose another name or use --overwrite.'
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    args = parse_args(argv)
    try:
        run(args)
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
