"""What the columns of a table of key points mean, from their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ....utils.shown import shown_some
from ..outcomes import BadFile

AXES = ('x', 'y', 'z', 'score')
_SCORE = ('score', 'conf', 'confidence', 'likelihood', 'visibility')
_AXIS = '|'.join(('x', 'y', 'z', *_SCORE))
_GAP = r'[ _.:/\-]'
_FORMS = (
    re.compile(rf'(?P<joint>.+){_GAP}(?P<axis>{_AXIS})', re.I),  # nose_x
    re.compile(r'(?P<joint>.*\d)(?P<axis>[xyz])', re.I),  # j0x, 0x
    re.compile(rf'(?P<axis>[xyz]){_GAP}?(?P<joint>\d+)', re.I),  # x0, x_0
    re.compile(rf'(?P<axis>{_AXIS}){_GAP}(?P<joint>.+)', re.I),  # x_nose
    re.compile(r'(?P<joint>.*[a-z])(?P<axis>[XYZ])'),  # noseX
)
_ROLES = dict.fromkeys(
    ('frame', 'frame_id', 'frame_idx', 'frame_index'), 'frame'
)
_ROLES |= dict.fromkeys(
    ('person', 'person_id', 'body', 'body_id', 'track', 'track_id'), 'person'
)
_ROLES |= dict.fromkeys(
    ('joint', 'joint_id', 'joint_name', 'keypoint', 'landmark'), 'joint'
)
_ROLES |= dict.fromkeys(_SCORE, 'score') | {axis: axis for axis in 'xyz'}


def roles_of(header: Sequence[str], ignore: Sequence[str]) -> dict[str, int]:
    """Columns with a meaning of their own.

    Args:
        header: Names of the columns.
        ignore: Names to leave out.

    Returns:
        Those of ``frame``, ``person``, ``joint``, ``x``, ``y``, ``z`` and
        ``score`` that there are, with their places.
    """
    roles: dict[str, int] = {}
    for column, name in enumerate(header):
        role = _ROLES.get(name.lower().replace(' ', '_'))
        if role is not None and name not in ignore:
            roles.setdefault(role, column)
    return roles


def unknown_columns(path: Path, names: Sequence[str]) -> BadFile:
    """The complaint about columns nobody understands."""
    return BadFile(
        f'{path}: the columns {shown_some(names)} are not understood. Name '
        'coordinates like nose_x, nose_y, nose_z, or in a table with one row '
        'for each joint frame, joint, x, y, z; leave out others with '
        '--ignore COLUMN.'
    )


def joint_columns(
    path: Path, header: Sequence[str], taken: Sequence[int]
) -> tuple[list[str], list[str], list[list[int]]]:
    """Joints of a table with one row for each frame.

    Args:
        path: The file, for messages.
        header: Names of the columns.
        taken: Columns that are something else.

    Returns:
        Names of the joints in their order, those of :data:`AXES` that there
        are, and for each joint the columns of these.

    Raises:
        BadFile: If a name is not understood, or a joint lacks a coordinate.
    """
    found: dict[str, dict[str, int]] = {}
    unknown = []
    for column, name in enumerate(header):
        if column in taken:
            continue
        forms = (form.fullmatch(name) for form in _FORMS)
        match = next((match for match in forms if match), None)
        if match is None:
            unknown.append(name)
            continue
        axis = match['axis'].lower()
        axis = axis if axis in AXES else 'score'
        axes = found.setdefault(match['joint'], {})
        if axis in axes:
            raise BadFile(
                f'{path}: the columns {header[axes[axis]]!r} and {name!r} '
                f'both give {axis} of joint {match["joint"]!r}.'
            )
        axes[axis] = column
    if unknown or not found:
        raise unknown_columns(path, unknown or list(header))
    present = {axis for axes in found.values() for axis in axes}
    order = [axis for axis in AXES if axis in present]
    for joint, axes in found.items():
        lacking = [axis for axis in {'x', 'y', *order} if axis not in axes]
        if lacking:
            raise BadFile(
                f'{path}: joint {joint!r} has no column for '
                f'{" and ".join(sorted(lacking))}.'
            )
    names = order_of_joints(path, list(found))
    columns = [[found[name][axis] for axis in order] for name in names]
    return names, order, columns


def order_of_joints(path: Path, names: list[str]) -> list[str]:
    """Joints by their numbers if they have any, otherwise as they come.

    Args:
        path: The file, for messages.
        names: Their names.

    Raises:
        BadFile: If a number is left out.
    """
    numbered = [re.fullmatch(r'(\D*)(\d+)', name) for name in names]
    if not all(numbered) or len({match[1] for match in numbered}) > 1:
        return names
    by_number = {int(match[2]): match[0] for match in numbered}
    first, last = min(by_number), max(by_number)
    gaps = [n for n in range(min(first, 1), last) if n not in by_number]
    if len(by_number) < len(names) or (gaps and gaps != [0]):
        raise BadFile(
            f'{path}: the joints are numbered {first} to {last}, but there '
            f'are {len(names)} of them'
            + (f' (no {shown_some(gaps)})' if gaps else '')
            + '. Number them without gaps.'
        )
    return [by_number[number] for number in sorted(by_number)]
