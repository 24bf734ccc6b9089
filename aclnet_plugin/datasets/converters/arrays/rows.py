"""What the numbers of a row without names are."""

from __future__ import annotations

from pathlib import Path

from ..outcomes import BadFile
from .pose import ArrayOptions


def columns_of(
    path: Path, columns: int, options: ArrayOptions
) -> tuple[int, int]:
    """Joints and numbers per joint of rows without names.

    Args:
        path: The file, for messages.
        columns: Numbers in a row.
        options: What the user said.

    Raises:
        BadFile: If that does not fit.
        ValueError: If it leaves several possibilities.
    """
    dims, joints = options.dims, options.joints
    if dims is None:
        raise ValueError(
            f'{path}: {columns} numbers in a row, and nothing says what they '
            'are. Pass --dims 2 or --dims 3 (x, y[, z] joint by joint), or '
            'use a header like nose_x,nose_y,nose_z.'
        )
    choices = [
        (columns // numbers, numbers)
        for numbers in ((2, 3) if dims == 2 else (3,))
        if columns % numbers == 0 and joints in (None, columns // numbers)
    ]
    if len(choices) == 1:
        return choices[0]
    if choices:
        told = ' or '.join(f'{v} joints with {c}' for v, c in choices)
        raise ValueError(
            f'{path}: {columns} numbers in a row are {told} numbers each. '
            'Pass --joints.'
        )
    wanted = f' of {joints} joints' if joints else ''
    raise BadFile(
        f'{path}: {columns} numbers in a row cannot be split into {dims} '
        f'coordinates{" (and a score)" * (dims == 2)}{wanted}. Is there a '
        'column of another kind? Then a header with names is needed.'
    )
