"""A self-contained HTML page: text, tables and pictures in one file.

No link, font, script or picture of it lies elsewhere: pictures are data
addresses. Names from configs and data sets are escaped, so that none of them
becomes markup.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_KINDS = {'.png': 'image/png', '.svg': 'image/svg+xml', '.gif': 'image/gif'}
PICTURES = tuple(_KINDS)
"""Suffixes of pictures that a page can hold."""


@dataclass(frozen=True)
class Picture:
    """A picture and what it shows.

    Args:
        content: The file.
        suffix: Its kind, of :data:`PICTURES`.
        caption: What it shows; also read out instead of it.
    """

    content: bytes
    suffix: str
    caption: str

    @classmethod
    def of_figure(cls, figure: Figure, caption: str) -> Picture:
        """A drawing of matplotlib."""
        file = io.BytesIO()
        figure.savefig(file, format='png', dpi=110)
        return cls(file.getvalue(), '.png', caption)

    @classmethod
    def of_file(cls, path: Path, caption: str) -> Picture:
        """A file with a suffix of :data:`PICTURES`."""
        return cls(path.read_bytes(), path.suffix.lower(), caption)


@dataclass(frozen=True)
class Table:
    """A table.

    Args:
        title: Above it.
        header: Names of the columns.
        rows: Cells; numbers stand to the right.
        folded: Whether it opens on a click only.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[object]]
    folded: bool = False


@dataclass
class Section:
    """A part of a page with a heading.

    Args:
        title: The heading.
        paragraphs: Text, without markup.
        pictures: Below the text.
        tables: Below the pictures.
    """

    title: str
    paragraphs: list[str] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


def render(title: str, lead: str, sections: Sequence[Section]) -> str:
    """The page.

    Args:
        title: Heading of the page.
        lead: One paragraph below it.
        sections: Its parts, in their order.
    """
    style = files(__package__).joinpath('style.css').read_text('utf-8')
    links = ''.join(
        f'<li><a href="#part-{number}">{escape(section.title)}</a></li>'
        for number, section in enumerate(sections)
    )
    body = '\n'.join(
        part
        for number, section in enumerate(sections)
        for part in _section(section, number)
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{escape(title)}</title>
<style>
{style}</style>
</head>
<body>
<header><h1>{escape(title)}</h1><p>{escape(lead)}</p></header>
<nav aria-label="Contents"><ul>{links}</ul></nav>
<main>
{body}
</main>
</body>
</html>
"""


def _section(section: Section, number: int) -> Iterator[str]:
    yield f'<section id="part-{number}"><h2>{escape(section.title)}</h2>'
    for text in section.paragraphs:
        yield f'<p>{escape(text)}</p>'
    for picture in section.pictures:
        yield _picture(picture)
    for table in section.tables:
        yield from _table(table)
    yield '</section>'


def _picture(picture: Picture) -> str:
    data = base64.b64encode(picture.content).decode()
    text = escape(picture.caption)
    return (
        f'<figure><img src="data:{_KINDS[picture.suffix]};base64,{data}" '
        f'alt="{text}"><figcaption>{text}</figcaption></figure>'
    )


def _table(table: Table) -> Iterator[str]:
    title = escape(table.title)
    if table.folded:
        yield f'<details><summary>{title}</summary>'
    # Wide tables scroll by themselves, the page does not.
    yield '<div class="table" role="region" tabindex="0"'
    yield f' aria-label="{title}"><table>'
    if not table.folded:
        yield f'<caption>{title}</caption>'
    yield f'<thead><tr>{_cells(table.header, "th")}</tr></thead><tbody>'
    for row in table.rows:
        yield f'<tr>{_cells(row, "td")}</tr>'
    yield '</tbody></table></div>'
    if table.folded:
        yield '</details>'


def _cells(values: Iterable[object], tag: str) -> str:
    return ''.join(_cell(value, tag) for value in values)


def _cell(value: object, tag: str) -> str:
    if isinstance(value, float):
        value = f'{value:.4g}'
    elif isinstance(value, int) and not isinstance(value, bool):
        value = f'{value:,}'
    elif value is None:
        value = ''
    else:
        return f'<{tag}>{escape(str(value))}</{tag}>'
    return f'<{tag} class="number">{value}</{tag}>'
