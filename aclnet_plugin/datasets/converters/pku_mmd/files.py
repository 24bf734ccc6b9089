"""Read the text files of PKU-MMD: skeletons, labels and splits.

Skeletons: a line per frame with 150 numbers, x, y, z in metres of 25 joints
of one body, then of another, which is 0 where there is only one. Labels: a
line per action, ``label,start,end,confidence``, the label from 1. Splits:
``Training videos:``, a line of names, ``Validation videos:`` (published with
a slip of spelling), a line of names; the names are separated by commas.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ....utils.shown import shown
from ...number_checks import MAX_HALF
from ..outcomes import BadFile
from .protocol import CLASSES, is_video

NUM_BODIES, NUM_JOINTS = 2, 25
_COLUMNS = NUM_BODIES * NUM_JOINTS * 3
_HALVES = {'train': 'train', 'valid': 'val', 'test': 'val'}


class Instance(NamedTuple):
    """An action in a video.

    Args:
        label: From 0.
        start: Its first frame, from 0.
        end: The frame after its last one.
        line: Where it is in the label file, from 1.
    """

    label: int
    start: int
    end: int
    line: int


def read_skeletons(path: Path) -> np.ndarray:
    """Read the frames of a video, ``(T, 2, 25, 3)`` float32.

    Args:
        path: Skeleton file.

    Raises:
        BadFile: Names the file, the line, and what is wrong with it.
    """
    lines = _read(path).rstrip().splitlines()
    if not lines:
        raise BadFile(f'{path} is empty; unpack it again.')
    shape = (len(lines), NUM_BODIES, NUM_JOINTS, 3)
    try:
        frames = np.loadtxt(lines, np.float32, comments=None, ndmin=2)
        frames = frames.reshape(shape)
        good = bool((np.abs(frames) <= MAX_HALF).all())
    except ValueError:
        good = False
    if not good:
        fault = next(_faults(lines), ' cannot be read')
        raise BadFile(
            f'{path}{fault}. Unpack the file again, or leave it out.'
        )
    return frames


def _faults(lines: list[str]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        values = line.split()
        if len(values) != _COLUMNS:
            yield (
                f', line {number}: {len(values)} values, expected {_COLUMNS} '
                f'({NUM_BODIES} bodies of {NUM_JOINTS} joints)'
            )
            continue
        for place, text in enumerate(values):
            try:
                good = abs(float(text)) <= MAX_HALF
            except ValueError:
                good = False
            if not good:
                body, joint = divmod(place // 3, NUM_JOINTS)
                yield (
                    f', line {number}: body {body}, joint {joint} has '
                    f'{shown(text)} as {"xyz"[place % 3]}, expected metres'
                )


def read_labels(path: Path) -> tuple[list[Instance], list[str]]:
    """Read the actions of a video.

    Args:
        path: Label file.

    Returns:
        The usable actions, and a sentence for each row that is not usable.

    Raises:
        BadFile: If the file cannot be read at all.
    """
    instances: dict[tuple[int, int, int], Instance] = {}
    problems = []
    for number, line in enumerate(_read(path).splitlines(), 1):
        if not line.strip():
            continue
        what = None
        try:
            label, start, end, _ = map(int, line.split(','))
        except ValueError:
            what = f'expected label,start,end,confidence, got {shown(line)}'
        else:
            what = _row_problem(label, start, end)
            row = Instance(label - 1, start, end, number)
            twin = instances.get(row[:3])
            if twin is not None:
                what = f'repeats line {twin.line}'
        if what is None:
            instances[row[:3]] = row
        else:
            problems.append(f'{path}, line {number}: {what}.')
    if not instances and not problems:
        raise BadFile(f'{path} has no action; unpack it again.')
    return list(instances.values()), problems


def _row_problem(label: int, start: int, end: int) -> str | None:
    if not 1 <= label <= len(CLASSES):
        return f'label {label} is not one of 1 to {len(CLASSES)}'
    if start < 0 or start >= end:
        return f'frames {start} to {end} are no interval'
    return None


def read_split(path: Path) -> dict[str, list[str]]:
    """Read which videos are for training and for validation.

    Args:
        path: Split file.

    Returns:
        Names of videos under ``'train'`` and ``'val'``, each once.

    Raises:
        ValueError: Names the file, the line, and what is wrong with it.
    """
    halves: dict[str, list[str]] = {}
    seen: dict[str, int] = {}
    names: list[str] | None = None
    for number, line in enumerate(_read(path).splitlines(), 1):
        where = f'{path}, line {number}'
        if line.rstrip().endswith(':'):
            words = line.split()[0].lower()
            half = next(
                (h for k, h in _HALVES.items() if words.startswith(k)), None
            )
            if half is None or half in halves:
                raise ValueError(f'{where}: unexpected {shown(line)}.')
            names = halves[half] = []
            continue
        for name in filter(None, map(str.strip, line.split(','))):
            if names is None or not is_video(name):
                raise ValueError(
                    f'{where}: expected '
                    f'{"Training videos:" if names is None else "0002-L"}, '
                    f'got {shown(name)}. Use cross-subject.txt and '
                    'cross-view.txt of phase 1.'
                )
            if name in seen and name not in names:
                raise ValueError(
                    f'{where}: {name} is in line {seen[name]}, too, for the '
                    'other half.'
                )
            if name not in seen:
                names.append(name)
            seen[name] = number
    if not halves.get('train') or not halves.get('val'):
        raise ValueError(
            f'{path} does not name videos for training and for validation; '
            'download it again.'
        )
    return halves


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode('ascii', 'replace')
    except OSError as error:
        raise BadFile(f'{path} cannot be read ({error.strerror}).') from error
