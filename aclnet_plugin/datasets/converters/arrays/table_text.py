"""Tables from text files: separators, decimal commas, lines and headers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..outcomes import BadFile

_BLANK = frozenset({'', 'na', 'n/a', 'nan', 'null', 'none', '-'})
_NUMBER = re.compile(r'[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?', re.I)
_DECIMAL_COMMA = re.compile(r'[+-]?\d*,\d+(e[+-]?\d+)?', re.I)


@dataclass(frozen=True)
class Table:
    """Rows of cells, as text.

    Args:
        path: The file, for messages.
        header: Names of the columns, or ``None``.
        rows: The cells, equally many in each row, without outer blanks.
        lines: Line of the file in which each row is.
        comma: Whether numbers have decimal commas.
        notes: What was detected besides the usual.
    """

    path: Path
    header: tuple[str, ...] | None
    rows: list[list[str]]
    lines: list[int]
    comma: bool = False
    notes: tuple[str, ...] = ()

    def where(self, row: int, column: int) -> str:
        """Line and column of a cell, for messages."""
        name = f' ({self.header[column]})' if self.header else ''
        return f'line {self.lines[row]}, column {column + 1}{name}'

    def numbers(self, columns: Sequence[int]) -> np.ndarray:
        """Cells as float64 ``(rows, columns)``, NaN for empty ones.

        Raises:
            BadFile: Names the first cell that is no number.
        """
        try:
            return np.array(
                [
                    [self._number(row[column]) for column in columns]
                    for row in self.rows
                ],
                dtype=np.float64,
            ).reshape(len(self.rows), len(columns))
        except ValueError:
            pass
        for index, row in enumerate(self.rows):
            for column in columns:
                try:
                    self._number(row[column])
                except ValueError:
                    raise BadFile(
                        f'{self.path}, {self.where(index, column)}: '
                        f'{row[column]!r:.60} is not a number. Correct it, '
                        'or leave the cell empty if the value is missing.'
                    ) from None
        raise AssertionError('one of the cells is no number')

    def _number(self, cell: str) -> float:
        if cell.lower() in _BLANK:
            return np.nan
        if '_' in cell:
            raise ValueError
        return float(cell.replace(',', '.', 1) if self.comma else cell)


def read_table(path: Path, header: str = 'auto') -> Table:
    """Read a table whose separator is found out.

    Commas, semicolons, tabs and blanks separate cells; with the others,
    numbers may have decimal commas. The text is UTF-8, or UTF-16 with its
    mark.

    Args:
        path: The file.
        header: Whether the first row has the names of the columns: ``'yes'``,
            ``'no'`` or ``'auto'``, from what it looks like.

    Raises:
        BadFile: If it is empty, ragged, or not text.
        ValueError: If the first row may be both.
    """
    text = _decode(path)
    separator = _separator(path, text)
    rows, lines = _cells(path, text, separator)
    comma = separator != ',' or '"' in text
    comma = comma and any(
        _DECIMAL_COMMA.fullmatch(cell) for row in rows for cell in row
    )
    names, body = _split_header(path, rows, lines, header)
    start = len(rows) - len(body)
    _check_width(path, rows, lines, separator)
    notes = {';': 'semicolons between the cells', '\t': 'tabs', ' ': 'blanks'}
    told = [notes[separator]] if separator in notes else []
    told += ['decimal commas'] * comma
    return Table(path, names, body, lines[start:], comma, tuple(told))


def _decode(path: Path) -> str:
    content = path.read_bytes()
    marked = content[:2] in (b'\xff\xfe', b'\xfe\xff')
    encoding = 'UTF-16' if marked else 'UTF-8'
    try:
        # A mark at the start is no part of the first name.
        text = content.decode(encoding).removeprefix('\ufeff')
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b'\n') + 1
        raise BadFile(
            f'{path}, line {line}: the text is not in {encoding} (byte '
            f'0x{content[error.start]:02x}). Save it as UTF-8, in Excel "CSV '
            'UTF-8".'
        ) from None
    if not text.strip():
        raise BadFile(f'{path} is empty. Remove it, or make it again.')
    if '\0' in text:
        raise BadFile(f'{path} is no text file (it has zero bytes).')
    return text


def _separator(path: Path, text: str) -> str:
    first = next(line for line in text.splitlines() if line.strip())
    # Quoted names may have any of them inside.
    first = re.sub(r'"[^"]*"', '', first)
    for separator in (';', '\t', ','):
        if separator in first:
            return separator
    return ' ' if len(first.split()) > 1 else ','


def _cells(
    path: Path, text: str, separator: str
) -> tuple[list[list[str]], list[int]]:
    rows, lines = [], []
    stream = io.StringIO(text, newline='')
    blanks = separator == ' '
    reader = csv.reader(
        stream, delimiter=separator, skipinitialspace=True, strict=True
    )
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if blanks:
                cells = [cell for cell in cells if cell]
            if any(cells) or len(cells) > 1:
                rows.append(cells)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise BadFile(
            f'{path}, line {reader.line_num}: {error}. Is a quotation mark '
            'not closed?'
        ) from None
    # numpy.savetxt marks its header as a comment.
    rows[0][0] = rows[0][0].removeprefix('#').lstrip()
    if all(len(cells) > 1 and not cells[-1] for cells in rows):
        rows = [cells[:-1] for cells in rows]
    return rows, lines


def _is_number(cell: str) -> bool:
    return bool(_NUMBER.fullmatch(cell)) or cell.lower() in _BLANK


def _split_header(
    path: Path, rows: list[list[str]], lines: list[int], header: str
) -> tuple[tuple[str, ...] | None, list[list[str]]]:
    first = rows[0]
    words = sum(not _is_number(cell) for cell in first)
    counted = [str(number) for number in range(len(first) + 1)]
    counts = len(first) > 2 and first in (counted[:-1], counted[1:])
    if header == 'auto':
        if counts:
            raise ValueError(
                f'{path}, line {lines[0]}: it counts the columns. Pass '
                '--header yes if so, --header no if these are coordinates.'
            )
        header = 'yes' if 2 * words >= len(first) else 'no'
    if header == 'no':
        return None, rows
    if len(rows) == 1:
        raise BadFile(f'{path}: there is no row below the header.')
    if counts or not words:
        return None, rows[1:]
    for column, name in enumerate(first, 1):
        if not name:
            raise BadFile(
                f'{path}, line {lines[0]}: column {column} has no name. Name '
                'it or remove it (in pandas: to_csv(index=False)).'
            )
        if first.index(name) != column - 1:
            raise BadFile(
                f'{path}, line {lines[0]}: the columns '
                f'{first.index(name) + 1} and {column} are both called '
                f'{name!r:.60}.'
            )
    return tuple(first), rows[1:]


def _check_width(
    path: Path, rows: list[list[str]], lines: list[int], separator: str
) -> None:
    width = len(rows[0])
    for cells, line in zip(rows, lines, strict=True):
        if len(cells) == width:
            continue
        hint = ' Leave cells of missing values empty.'
        if separator == ',' and len(cells) == 2 * width:
            hint = (
                ' Are these decimal commas? Save the table with decimal '
                'points, or with semicolons between the cells.'
            )
        raise BadFile(
            f'{path}, line {line}: {len(cells)} cells, but line {lines[0]} '
            f'has {width}.{hint}'
        )
