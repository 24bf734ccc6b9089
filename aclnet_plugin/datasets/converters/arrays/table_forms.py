"""Key points from tables: a row for each frame, or for each joint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..outcomes import BadFile
from .pose import ArrayOptions, RawPose
from .rows import columns_of
from .table_columns import (
    AXES,
    joint_columns,
    order_of_joints,
    roles_of,
    unknown_columns,
)
from .table_text import Table, read_table


def read_csv(path: Path, options: ArrayOptions) -> RawPose:
    """Read a table.

    Understood are one row for each frame with columns like ``nose_x``,
    ``nose_y`` and ``nose_z``, or without a header; and one row for each
    joint, with the columns ``frame``, ``joint``, ``x``, ``y`` and others. In
    both a column ``person`` tells persons apart.

    Args:
        path: The file.
        options: What the user said.

    Raises:
        BadFile: Names line and column of what is wrong.
    """
    table = read_table(path, options.header)
    if table.header is None:
        width = len(table.rows[0])
        joints, channels = columns_of(path, width, options)
        columns = np.arange(width).reshape(joints, channels)
        scored = channels > options.dims
        return _wide(table, {}, columns, (), scored)
    roles = roles_of(table.header, options.ignore)
    if {'joint', 'x', 'y'} <= set(roles):
        return _long(table, roles, options)
    taken = [roles[role] for role in ('frame', 'person') if role in roles]
    taken += [
        column
        for column, name in enumerate(table.header)
        if name in options.ignore
    ]
    names, axes, columns = joint_columns(path, table.header, taken)
    return _wide(table, roles, np.array(columns), names, 'score' in axes)


def _wide(
    table: Table,
    roles: dict[str, int],
    columns: np.ndarray,
    names: Sequence[str],
    scored: bool,
) -> RawPose:
    """One row for each frame and person; ``columns`` is ``(V, C)``."""
    values = table.numbers(columns.ravel().tolist())
    values = values.reshape(len(values), *columns.shape)
    persons, frames, notes = _index(table, roles)
    rows = _place_rows(table, persons, frames)
    out = np.zeros((*rows.shape, *columns.shape))
    out[rows >= 0] = values[rows[rows >= 0]]

    def place(person: int, frame: int, joint: int, channel: int) -> str:
        column = int(columns[joint, channel])
        return table.where(int(rows[person, frame]), column)

    return RawPose(out, place, scored, tuple(names), notes)


def _long(
    table: Table, roles: dict[str, int], options: ArrayOptions
) -> RawPose:
    """One row for each joint."""
    used = set(roles.values())
    unknown = [
        name
        for column, name in enumerate(table.header)
        if column not in used and name not in options.ignore
    ]
    if unknown:
        raise unknown_columns(table.path, unknown)
    if 'frame' not in roles:
        raise BadFile(
            f'{table.path}: there is a column for the joint, but none called '
            'frame.'
        )
    axes = [roles[axis] for axis in AXES if axis in roles]
    values = table.numbers(axes)
    cells = [row[roles['joint']] for row in table.rows]
    names = order_of_joints(table.path, list(dict.fromkeys(cells)))
    number = {name: joint for joint, name in enumerate(names)}
    persons, frames, notes = _index(table, roles, ascending=False)
    joints = np.array([number[cell] for cell in cells])
    rows = np.full((persons.max() + 1, frames.max() + 1, len(names)), -1)
    for row, spot in enumerate(zip(persons, frames, joints, strict=True)):
        if rows[spot] >= 0:
            raise BadFile(
                f'{table.path}, line {table.lines[row]}: frame and joint are '
                f'those of line {table.lines[rows[spot]]}'
                f'{_twice_hint(roles)}'
            )
        rows[spot] = row
    out = np.full((*rows.shape, len(axes)), np.nan)
    out[rows >= 0] = values[rows[rows >= 0]]
    # A person who is not in a frame is no missing value.
    out[(rows < 0).all(axis=2)] = 0

    def place(person: int, frame: int, joint: int, channel: int) -> str:
        row = int(rows[person, frame, joint])
        if row >= 0:
            return table.where(row, axes[channel])
        seen = rows[person, frame]
        near = table.lines[int(seen[seen >= 0][0])]
        return f'frame of line {near}, joint {names[joint]!r}'

    return RawPose(out, place, 'score' in roles, tuple(names), notes)


def _index(
    table: Table, roles: dict[str, int], ascending: bool = True
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Number of person and frame of each row, both from 0."""
    total = len(table.rows)
    persons = np.zeros(total, dtype=np.int64)
    notes = table.notes
    if 'person' in roles:
        if 'frame' not in roles:
            raise BadFile(
                f'{table.path}: there is a column for the person, but none '
                'called frame.'
            )
        cells = [row[roles['person']] for row in table.rows]
        order = {name: n for n, name in enumerate(dict.fromkeys(cells))}
        persons = np.array([order[cell] for cell in cells])
    if 'frame' not in roles:
        return persons, np.arange(total), notes
    column = roles['frame']
    numbers = table.numbers([column])[:, 0]
    whole = np.isfinite(numbers) & (numbers == np.floor(numbers))
    for row in np.flatnonzero(~whole):
        raise BadFile(
            f'{table.path}, {table.where(int(row), column)}: '
            f'{table.rows[row][column]!r:.60} is not the number of a frame.'
        )
    if ascending:
        for person in np.unique(persons):
            mine = np.flatnonzero(persons == person)
            back = np.flatnonzero(np.diff(numbers[mine]) <= 0)
            if back.size:
                before, here = mine[back[0]], mine[back[0] + 1]
                raise BadFile(
                    f'{table.path}, {table.where(int(here), column)}: frame '
                    f'{numbers[here]:g} comes after frame '
                    f'{numbers[before]:g}{_twice_hint(roles)}'
                )
    listed, frames = np.unique(numbers, return_inverse=True)
    if listed[-1] - listed[0] >= len(listed):
        notes += ('frame numbers with gaps, which are closed',)
    return persons, frames.reshape(-1), notes


def _twice_hint(roles: dict[str, int]) -> str:
    if 'person' in roles:
        return '. Sort the rows and remove the double ones.'
    return '. Sort the rows; a column person tells several persons apart.'


def _place_rows(
    table: Table, persons: np.ndarray, frames: np.ndarray
) -> np.ndarray:
    """Row of each person and frame ``(M, T)``, -1 where there is none."""
    rows = np.full((persons.max() + 1, frames.max() + 1), -1)
    rows[persons, frames] = np.arange(len(table.rows))
    return rows
