"""Read the tables of key points that GaitGraph has published.

A header, then a row for each frame: ``image_name``, and x, y, confidence of
17 joints in the order of COCO. The name is ``./001-nm-01-090/000042.jpg``.
Rows of a walk need not be together.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ....utils.shown import shown
from ..outcomes import BadFile
from .protocol import Walk, parse_walk
from .samples import JOINTS
from .told import Told

HEADER = ['image_name'] + [
    f'{joint}_{channel}' for joint in JOINTS for channel in ('x', 'y', 'conf')
]
_FRAME = re.compile(r'(\d{1,9})(\.\w+)?', re.ASCII)
_STEP = 2**12


@dataclass
class Rows:
    """The rows of a walk, in the order of the file.

    Args:
        values: 51 numbers of each row, one row after the other.
        frames: Numbers of the frames.
        lines: Where the rows are in the file, from 1.
    """

    values: array = field(default_factory=lambda: array('f'))
    frames: array = field(default_factory=lambda: array('q'))
    lines: array = field(default_factory=lambda: array('q'))


def read_rows(
    path: Path,
    told: Told,
    strangers: Told,
    on_error: str = 'stop',
    advance: Callable[[int], None] = lambda size: None,
) -> dict[Walk, Rows]:
    """Read a table.

    Args:
        path: The table.
        told: Takes the rows that have not 51 numbers; these are left out.
        strangers: Takes the rows of walks that there cannot be, if they are
            skipped.
        on_error: ``'stop'`` at such a walk or ``'skip'`` its row.
        advance: Called with the number of bytes that have been read.

    Raises:
        BadFile: If this is no such table, or for a row as said above.
    """
    walks: dict[Walk, Rows] = {}
    # A row has the same walk as the one before, as a rule.
    name, rows = '', Rows()
    size = 0
    with open(path, 'rb') as file:
        _check_header(path, file.readline())
        for line, raw in enumerate(file, 2):
            size += len(raw)
            if not line % _STEP:
                advance(size)
                size = 0
            text = raw.decode('ascii', 'replace').strip()
            if not text:
                continue
            image, _, rest = text.partition(',')
            values = _numbers(rest)
            if not isinstance(values, array):
                told.add(f'{path}, line {line}: {values}')
                continue
            try:
                this, frame = _parts(image)
                if this != name:
                    rows = walks.setdefault(parse_walk(this), Rows())
                    name = this
            except ValueError as error:
                problem = f'{path}, line {line}: {error}'
                if on_error == 'stop':
                    raise BadFile(f'{problem}.') from None
                strangers.add(problem)
                continue
            rows.values += values
            rows.frames.append(frame)
            rows.lines.append(line)
    advance(size)
    return walks


def _check_header(path: Path, raw: bytes) -> None:
    if not raw.strip():
        raise BadFile(f'{path} is empty; unpack it again.')
    text = raw[: 2**16].decode('utf-8-sig', 'replace')
    names = [name.strip() for name in text.split(',')]
    if names == HEADER:
        return
    joints, rest = divmod(len(names) - 1, 3)
    if names[0] == 'image_name' and joints != len(JOINTS) and not rest:
        raise BadFile(
            f'{path}, line 1: the header has {joints} joints, but the tables '
            f'of CASIA-B have the {len(JOINTS)} joints of COCO.'
        )
    place = next(
        (
            at
            for at, pair in enumerate(zip(names, HEADER, strict=False))
            if pair[0] != pair[1]
        ),
        min(len(names), len(HEADER)),
    )
    found = shown(names[place]) if place < len(names) else 'nothing'
    wanted = HEADER[place] if place < len(HEADER) else 'nothing more'
    raise BadFile(
        f'{path}, line 1: column {place + 1} of the header is {found}, '
        f'expected {wanted}. Use the tables casia-b_pose_*.csv as they were '
        'published; the header is needed.'
    )


def _numbers(text: str) -> array | str:
    """The numbers of a row, or what is wrong with it."""
    cells = text.split(',')
    if len(cells) != len(HEADER) - 1:
        return f'{len(cells)} values, expected {len(HEADER) - 1}'
    try:
        if '_' not in text:  # Python takes 1_0 for 10
            return array('f', map(float, cells))
    except ValueError:
        pass
    place = next(at for at, cell in enumerate(cells) if not _is_float(cell))
    return f'{shown(cells[place])} as {HEADER[place + 1]} is no number'


def _is_float(cell: str) -> bool:
    try:
        return float(cell) is not None and '_' not in cell
    except ValueError:
        return False


def _parts(image: str) -> tuple[str, int]:
    """Name of the walk and number of the frame."""
    parts = image.split('/')
    match = _FRAME.fullmatch(parts[-1])
    if len(parts) < 2 or match is None:
        raise ValueError(
            f'{shown(image)} is not like ./001-nm-01-090/000042.jpg'
        )
    return parts[-2], int(match[1])
