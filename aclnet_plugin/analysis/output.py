"""Where an analysis tool writes to: flags and files all of them share."""

from __future__ import annotations

import argparse
import io
import json
import pickle
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..utils import arguments
from ..utils.atomic import atomic_writer
from ..utils.csv_text import csv_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ('png', 'svg')


def make_parser(doc: str) -> argparse.ArgumentParser:
    """A parser with the flags that all analysis tools share.

    Args:
        doc: Docstring of the tool: its first line says what it does, the
            rest, with examples, follows the flags in the help text.
    """
    parser = arguments.make_parser(doc)
    parser.add_argument(
        '--out',
        type=Path,
        metavar='DIR',
        help='folder for pictures and tables; created if needed, files of an '
        'earlier run are replaced. Defaults to a folder beside the input',
    )
    parser.add_argument(
        '--format',
        nargs='+',
        choices=FORMATS,
        default=['png'],
        help='formats of the pictures. Defaults to png',
    )
    return parser


def save_figure(
    figure: Figure, folder: Path, stem: str, formats: Sequence[str] = ('png',)
) -> list[Path]:
    """Write a picture, in one file for each format.

    Args:
        figure: The picture.
        folder: Where to; created if needed.
        stem: Name of the files without their suffix.
        formats: Of :data:`FORMATS`. Defaults to ('png',).

    Returns:
        The files.
    """
    paths = [Path(folder, f'{stem}.{suffix}') for suffix in formats]
    for path, suffix in zip(paths, formats, strict=True):
        picture = io.BytesIO()
        # Without the date, so that equal pictures are equal files.
        extra = {'metadata': {'Date': None}} if suffix == 'svg' else {}
        figure.savefig(picture, format=suffix, dpi=150, **extra)
        with atomic_writer(path) as file:
            file.write(picture.getvalue())
    return paths


def save_csv(rows: Iterable[Sequence[Any]], path: Path) -> Path:
    """Write a table.

    Args:
        rows: The header first.
        path: The file.
    """
    with atomic_writer(path) as file:
        file.write(csv_text(rows).encode())
    return path


def save_json(content: Any, path: Path) -> Path:
    """Write plain Python objects.

    Args:
        content: Without NaN, which JSON does not know: None instead.
        path: The file.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    with atomic_writer(path) as file:
        file.write(f'{text}\n'.encode())
    return path


def run_tool(
    run: Callable[[argparse.Namespace], Iterable[Path]],
    args: argparse.Namespace,
) -> int:
    """Run a tool, list what it wrote and explain what went wrong.

    Args:
        run: Does the work and tells the files as they are written.
        args: The command line.

    Returns:
        The exit status: 0, 1 after an error, 130 after Ctrl-C.
    """
    try:
        for path in run(args):
            # Not through rich, which would break a long path into lines.
            print(f'written to {path}', file=sys.stderr)
    except KeyboardInterrupt:
        print('error: interrupted; complete files stay', file=sys.stderr)
        return 130
    except (ValueError, ImportError, OSError, pickle.UnpicklingError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    return 0
