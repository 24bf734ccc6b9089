"""Tables for people and for pipes."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_table(
    title: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    console: Console | None = None,
) -> None:
    """Print a table: framed on a terminal, elsewhere in columns of spaces.

    Args:
        title: Above it; may be empty.
        header: Names of the columns.
        rows: Their cells, taken as they are.
        console: Where to. Defaults to None: standard output.
    """
    console = console or Console()
    if console.is_terminal:
        table = Table(title=Text(title) if title else None)
        for number, column in enumerate(header):
            table.add_column(
                Text(column),
                justify='right' if number else 'left',
                overflow='fold',
            )
        for row in rows:
            table.add_row(*map(Text, row))
        console.print(table)
        return
    if title:
        console.out(title, highlight=False)
    widths = [max(map(len, one)) for one in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        cells = zip(row, widths, strict=True)
        text = '  '.join(cell.ljust(size) for cell, size in cells)
        console.out(text.rstrip(), highlight=False)
