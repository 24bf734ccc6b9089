"""Counts as tables for reading, and as files for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ....utils.atomic import atomic_writer
from ....utils.shown import shown_some
from .counts import Count, Counts
from .protocol import SUBJECTS, VIEWS, WALKS

FORMATS = ('.csv', '.json')


def check_report_path(path: Path | None, overwrite: bool) -> None:
    """Refuse a report that could not be written, before any work.

    Args:
        path: ``.csv`` or ``.json``; ``None`` for none.
        overwrite: Whether an existing one is replaced.

    Raises:
        ValueError: If the name says another format, it exists, or it would
            be in something that is no folder.
    """
    if path is None:
        return
    if path.suffix not in FORMATS:
        raise ValueError(f'--report {path} must end in .csv or .json.')
    if path.exists() and not overwrite:
        raise ValueError(f'{path} exists; use --overwrite to replace it.')
    above = next(p for p in path.absolute().parents if p.exists())
    if not above.is_dir() or path.is_dir():
        wrong = path if path.is_dir() else above
        should = 'a file' if path.is_dir() else 'a folder'
        raise ValueError(f'--report {path}: {wrong} is not {should}.')


def write_report(
    path: Path, rows: Sequence[Mapping[str, Any]], content: Any
) -> None:
    """Write counts for programs.

    Args:
        path: ``.csv`` for the rows, ``.json`` for everything.
        rows: All with the same keys.
        content: What becomes JSON.
    """
    text = io.StringIO()
    if path.suffix == '.csv':
        table = csv.DictWriter(text, list(rows[0]), lineterminator='\n')
        table.writeheader()
        table.writerows(rows)
    else:
        json.dump(content, text, indent=2)
        text.write('\n')
    with atomic_writer(path) as file:
        file.write(text.getvalue().encode())


def print_counts(console: Console, counts: Counts) -> None:
    """Print counts of walks as two tables and a few lines.

    Args:
        console: Where to.
        counts: The counts.
    """
    title = f'Walks, and how many have fewer than {counts.min_frames} frames'
    left = ('split', 'condition', 'walks', 'role')
    table = new_table(title, left, ('found', 'nominal', 'short'))
    for group in _grouped(counts.rows):
        sums = (sum(getattr(row, key) for row in group) for key in _SUMMED)
        table.add_row(*group[0][:4], *(f'{total:,}' for total in sums))
    console.print(table)
    shown = [row for row in counts.rows if row.split in ('train', 'test')]
    groups = _grouped(shown)
    heads = [_head(group[0]) for group in groups]
    table = new_table('Found / nominal by view', ('view',), heads)
    for place, view in enumerate(VIEWS):
        cells = [f'{g[place].found}/{g[place].nominal}' for g in groups]
        table.add_row(f'{view:03d}', *cells)
    console.print(table)
    print_lines(console, _sentences(counts))


_SUMMED = ('found', 'nominal', 'short')


def new_table(title: str, left: Iterable[str], right: Iterable[str]) -> Table:
    """A table that can be read with and without a terminal.

    Args:
        title: Above it.
        left: Heads of the columns of words.
        right: Heads of the columns of numbers.
    """
    table = Table(title=title, box=box.SIMPLE, title_justify='left')
    for head in left:
        table.add_column(head, no_wrap=True)
    for head in right:
        table.add_column(head, justify='right')
    return table


def print_lines(console: Console, lines: Iterable[str]) -> None:
    """Print sentences as they are, each on a line of its own.

    Args:
        console: Where to.
        lines: The sentences.
    """
    for line in lines:
        console.print(Text(line), soft_wrap=True)


def _grouped(rows: Sequence[Count]) -> list[list[Count]]:
    """Rows that differ in their view only, in the order of the views."""
    groups: dict[tuple, list[Count]] = {}
    for row in rows:
        groups.setdefault(row[:4], []).append(row)
    return list(groups.values())


def _head(row: Count) -> str:
    part = 'gallery' if row.role == 'gallery' else row.condition
    # In two lines, so that seven of them fit into 80 columns.
    return f'{row.split}\n{part}'


def _sentences(counts: Counts) -> Iterator[str]:
    nominal = len(SUBJECTS) * len(VIEWS) * sum(WALKS.values())
    yield f'{counts.found:,} of {nominal:,} walks.'
    if counts.absent:
        whole = len(VIEWS) * sum(WALKS.values())
        times: dict[str, int] = {}
        for name in counts.absent:
            times[name[:3]] = times.get(name[:3], 0) + 1
        gone = [person for person, count in times.items() if count == whole]
        if gone:
            yield f'{len(gone)} persons are absent: {shown_some(gone)}.'
        names = [name for name in counts.absent if name[:3] not in gone]
        if names:
            more = ' of the other persons' * bool(gone)
            told = shown_some(names)
            yield f'{len(names):,} walks{more} are absent: {told}.'
    if counts.short:
        names = [f'{name} ({frames})' for name, frames in counts.short.items()]
        yield (
            f'{len(names):,} walks have fewer than {counts.min_frames} '
            'frames, which gait recognition leaves out: '
            f'{shown_some(names)}.'
        )
