"""Labels and whatever else a table says about the files."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ....utils.shown import shown_some
from ..outcomes import BadFile
from .labels import Labels, unknown_class
from .table_text import Table, read_table

RESERVED = (
    'frame_dir', 'filename', 'total_frames', 'keypoint', 'keypoint_score',
    'img_shape', 'original_shape', 'frame_inds', 'stream', 'layout',
    'modality', 'start_index',
)  # fmt: skip
"""Fields of a sample that a column of the table must not replace."""

MAX_DIGITS = 18
"""Of a label; longer ones are something else."""


def labels_from_table(
    path: Path,
    files: Mapping[str, Path],
    classes: Sequence[str] | None,
    renumber: bool = False,
) -> Labels:
    """Labels from a table with the columns ``name`` and ``label``.

    Args:
        path: The table.
        files: Name (path below their folder without its ending) to file.
        classes: Names of the classes, if their order is given.
        renumber: Whether numbers are counted anew, without gaps.

    Raises:
        ValueError: Names the line of what is wrong.
    """
    table = read_table(path, 'yes')
    columns = {name.lower(): c for c, name in enumerate(table.header or ())}
    for wanted in ('name', 'label'):
        if wanted not in columns:
            raise BadFile(
                f'{path}: there is no column {wanted!r}, but '
                f'{shown_some(table.header or (), 8)}. The table needs name '
                '(of the file) and label.'
            )
    bad = [name for name in columns if name in RESERVED]
    if bad:
        raise BadFile(f'{path}: rename the column {bad[0]!r}, it is taken.')
    names, lost = _match(table, columns['name'], files)
    words = [row[columns['label']] for row in table.rows]
    numbers, order = _number(table, columns['label'], words, classes, renumber)
    extra = {c: n for c, n in columns.items() if c not in ('name', 'label')}
    values = {key: _column(table, column) for key, column in extra.items()}
    found = [(row, name) for row, name in enumerate(names) if name is not None]
    known = {name for _, name in found}
    return Labels(
        of={name: numbers[row] for row, name in found},
        classes=order,
        fields={
            name: {key: column[row] for key, column in values.items()}
            for row, name in found
        },
        unlabelled=[name for name in files if name not in known],
        lost=lost,
    )


def _match(
    table: Table, column: int, files: Mapping[str, Path]
) -> tuple[list[str | None], list[str]]:
    """The file that each row means, and those that do not exist."""
    keys: dict[str, set[str]] = {}
    for name, file in files.items():
        for key in (name, name + file.suffix, file.stem, file.name):
            keys.setdefault(key, set()).add(name)
    names: list[str | None] = []
    lost: list[str] = []
    first: dict[str, int] = {}
    for row, cells in enumerate(table.rows):
        where = f'{table.path}, {table.where(row, column)}'
        cell = cells[column].removeprefix('./')
        meant = keys.get(cell, set())
        if cell in files:
            meant = {cell}
        if len(meant) > 1:
            raise BadFile(
                f'{where}: {cell!r} may be {shown_some(sorted(meant))}. Write '
                'the folder, too.'
            )
        name = next(iter(meant), None)
        names.append(name)
        if name is None:
            near = difflib.get_close_matches(cell, keys, 1)
            hint = f' (is it {near[0]!r}?)' if near else ''
            lost.append(f'{where}: there is no file {cell!r}{hint}')
        elif first.setdefault(name, row) != row:
            raise BadFile(
                f'{where}: {cell!r} is in line {table.lines[first[name]]} '
                'already. Remove one of them.'
            )
    return names, lost


def _number(
    table: Table,
    column: int,
    words: Sequence[str],
    classes: Sequence[str] | None,
    renumber: bool,
) -> tuple[list[int], list[str]]:
    """Labels as numbers from 0, and the names of the classes."""
    for row, word in enumerate(words):
        if not word:
            where = table.where(row, column)
            raise BadFile(f'{table.path}, {where}: the label is empty.')
        if word.isdecimal() and len(word) > MAX_DIGITS:
            where = table.where(row, column)
            raise BadFile(
                f'{table.path}, {where}: a label of {len(word)} digits. '
                'Labels count from 0.'
            )
    if all(re.fullmatch(r'\d+\.0*', word) for word in words):
        raise BadFile(
            f'{table.path}, {table.where(0, column)}: {words[0]!r} is no '
            'whole number. Write labels without a point (in pandas: '
            'astype(int)).'
        )
    digits = [word.isdecimal() for word in words]
    if classes is not None and not all(digits):
        order = list(classes)
        for row, word in enumerate(words):
            if word not in order:
                where = f'{table.path}, {table.where(row, column)}'
                raise BadFile(unknown_class(where, word, order))
        return [order.index(word) for word in words], order
    if not any(digits):
        order = sorted(set(words))
        return [order.index(word) for word in words], order
    if not all(digits):
        odd = digits.index(sum(digits) * 2 < len(digits))
        raise BadFile(
            f'{table.path}, {table.where(odd, column)}: {words[odd]!r:.60} '
            'among labels of another kind. Labels are all numbers from 0, or '
            'all names.'
        )
    numbers = [int(word) for word in words]
    found = sorted(set(numbers))
    if renumber:
        return [found.index(n) for n in numbers], [str(n) for n in found]
    total = len(classes or found)
    if found[-1] >= total:
        row = numbers.index(found[-1])
        reason = f'there are {total} names in --classes'
        if classes is None:
            reason = f'no sequence has {_gaps(found)}'
        raise BadFile(
            f'{table.path}, {table.where(row, column)}: labels count from 0 '
            f'without gaps. They go from {found[0]} to {found[-1]}, but '
            f'{reason}. Pass --renumber to count them anew, or correct the '
            'table.'
        )
    return numbers, list(classes or map(str, found))


def _gaps(found: Sequence[int], show: int = 3) -> str:
    """The first numbers that ascending labels leave out, and how many."""
    rest = found[-1] + 1 - len(found) - show
    known = set(found)
    free = (str(n) for n in itertools.count() if n not in known)
    text = ', '.join(itertools.islice(free, show + min(rest, 0)))
    return f'{text} and {rest} more' if rest > 0 else text


def _column(table: Table, column: int) -> list[Any]:
    """Cells of a column, as integers if all are."""
    cells = [row[column] for row in table.rows]
    if all(cell.isdecimal() and len(cell) < 10 for cell in cells):
        return [int(cell) for cell in cells]
    return cells
