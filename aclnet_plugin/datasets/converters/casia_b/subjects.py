"""Which persons are for training and which for tests."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from ....utils.shown import shown
from .protocol import SUBJECTS

GAIT = dict(
    train=range(1, 75),
    test=range(75, 125),
    train_sub=range(1, 60),
    val=range(60, 75),
)
"""Gait recognition: training and tests; training without validation."""

REID = {
    '62-62': dict(reid_train=range(1, 63), reid_test=range(63, 125)),
    '74-50': dict(reid_train=range(1, 75), reid_test=range(75, 125)),
}
"""Person re-identification, by numbers of persons."""

_LINE = re.compile(r'([A-Za-z]\w*)\s*:(.*)', re.ASCII)
_RANGE = re.compile(r'(\d{1,4})(?:-(\d{1,4}))?', re.ASCII)

Subjects = Mapping[str, Collection[int]]
"""Numbers of persons by name of the split."""


def choose_subjects(
    reid: str = '62-62', lists: Path | None = None
) -> Subjects:
    """The persons of every split.

    Args:
        reid: A key of :data:`REID`.
        lists: Text file with lists of one's own; those with the name of a
            split above take its place, others come besides.

    Raises:
        ValueError: If there is anything else in the file.
        OSError: If it cannot be read.
    """
    chosen: dict[str, Collection[int]] = {**GAIT, **REID[reid]}
    return chosen if lists is None else {**chosen, **read_lists(lists)}


def read_lists(path: Path) -> dict[str, set[int]]:
    """Read lists of persons.

    A line for each split: ``reid_train: 001-062, 070``. Numbers are
    separated by commas or blanks, ``#`` starts a remark.

    Args:
        path: The text file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: Names the line and what is wrong with it.
    """
    if not path.is_file():
        raise FileNotFoundError(f'There is no file {path}.')
    lists: dict[str, set[int]] = {}
    text = path.read_bytes().decode('utf-8-sig', 'replace')
    for number, line in enumerate(text.splitlines(), 1):
        content = line.partition('#')[0].strip()
        if not content:
            continue
        where = f'{path}, line {number}'
        match = _LINE.fullmatch(content)
        if match is None:
            raise ValueError(
                f'{where}: {shown(content)} is not like "reid_train: 001-062, '
                '070".'
            )
        name = match[1]
        if name in lists:
            raise ValueError(f'{where}: the split {name} comes again.')
        lists[name] = _numbers(match[2], where)
    if not lists:
        raise ValueError(f'{path} names no split.')
    return lists


def _numbers(text: str, where: str) -> set[int]:
    numbers: set[int] = set()
    for item in re.split(r'[,\s]+', text.strip()):
        match = _RANGE.fullmatch(item)
        first = int(match[1]) if match else 0
        last = int(match[2] or first) if match else -1
        if first not in SUBJECTS or last not in SUBJECTS or first > last:
            raise ValueError(
                f'{where}: {shown(item)} is neither a number from 1 to 124 '
                'nor a range such as 001-062.'
            )
        numbers.update(range(first, last + 1))
    return numbers


def make_splits(
    samples: Iterable[Mapping[str, Any]], subjects: Subjects
) -> dict[str, list[str]]:
    """Names of the walks of every split.

    Args:
        samples: Annotations with ``frame_dir`` and ``subject``.
        subjects: Persons by split.
    """
    pairs = [(sample['frame_dir'], sample['subject']) for sample in samples]
    return {
        split: [name for name, subject in pairs if subject in persons]
        for split, persons in subjects.items()
    }


def shared_persons(subjects: Subjects) -> dict[tuple[str, str], list[int]]:
    """Persons of training that are in the tests, too.

    Args:
        subjects: Persons by split.

    Returns:
        Their numbers by the names of both splits; empty if there are none.
    """
    pairs = [('train', 'test'), ('train_sub', 'val')]
    pairs.append(('reid_train', 'reid_test'))
    shared = {
        pair: sorted(set(subjects[pair[0]]) & set(subjects[pair[1]]))
        for pair in pairs
    }
    return {pair: persons for pair, persons in shared.items() if persons}
