"""Names of classes out of a text file."""

from __future__ import annotations

import re
from pathlib import Path

_FINEGYM = re.compile(r'Clabel:\s*(\d+);(.*)')


def read_class_names(path: Path, num_classes: int | None = None) -> list[str]:
    """Read one name per line, or the category file of FineGYM.

    A line of the latter is ``Clabel: 0; set: 1; Glabel: 1; (VT) round-off``;
    the name is what comes last, the number its place.

    Args:
        path: The file.
        num_classes: How many there have to be, if known.

    Returns:
        The names, in the order of the labels.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a line cannot be read, a number is missing, a name is
            there twice, or there are more or fewer.
    """
    if not path.is_file():
        raise FileNotFoundError(f'There is no file {path}.')
    try:
        text = path.read_text(encoding='utf-8')
    except UnicodeDecodeError as error:
        raise ValueError(f'{path} is no text in UTF-8 ({error}).') from None
    names = []
    finegym = _FINEGYM.match(text.lstrip()) is not None
    for number, line in enumerate(text.rstrip().splitlines(), 1):
        name = line.strip()
        if finegym:
            name = _finegym_name(name, len(names), f'{path}, line {number}')
        if not name:
            raise ValueError(
                f'{path}, line {number} is empty; it has to name class '
                f'{len(names)}.'
            )
        if name in names:
            raise ValueError(
                f'{path}, line {number}: {name!r} is the name of class '
                f'{names.index(name)} already.'
            )
        names.append(name)
    if num_classes is not None and len(names) != num_classes:
        raise ValueError(
            f'{path} names {len(names)} classes; there are {num_classes}.'
        )
    return names


def _finegym_name(line: str, expected: int, where: str) -> str:
    match = _FINEGYM.fullmatch(line)
    if match is None:
        raise ValueError(
            f'{where}: {line[:60]!r} is not like "Clabel: {expected}; set: '
            '1; ...; name".'
        )
    if int(match[1]) != expected:
        raise ValueError(
            f'{where}: class {match[1]} where {expected} was expected.'
        )
    return match[2].split('; ')[-1].strip()
