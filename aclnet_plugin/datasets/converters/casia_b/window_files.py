"""Read the files of 3D windows: three axes, and who it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...number_checks import MAX_COORDINATE
from ..outcomes import BadFile
from ..running import Conversion
from .npy_files import map_numbers
from .told import Told

NUM_JOINTS = 14
AXES = 'xyz'
TRAIN_FOLDER = 'CASIA_B_train_npy_data'
TEST_FOLDER = 'CASIA_B_test_npy_data'
LOST = 'windows with numbers that are not finite or too large'
_MAX_ID = 2**31 - 2


def read_part(
    folder: Path, part: str, length: int, done: Conversion, on_error: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read the windows of training, or of one condition.

    Args:
        folder: The one with :data:`TRAIN_FOLDER` in it.
        part: ``'train'`` or a condition.
        length: Frames of a window.
        done: Is told of windows that are left out.
        on_error: ``'stop'`` at a window that cannot be used or ``'skip'``.

    Returns:
        Windows ``(N, F, 14, 3)`` float32, persons ``(N,)`` and the numbers
        of the windows in the files ``(N,)``.

    Raises:
        BadFile: If a file is damaged or does not go with the others, or for
            a window as said above.
    """
    train = part == 'train'
    place = folder / TRAIN_FOLDER if train else folder / TEST_FOLDER / part
    prefix = 'source' if train else 't_source'
    axes = [
        _read_axis(place / f'{prefix}_{axis}_CASIA_B_{length}.npy', length)
        for axis in AXES
    ]
    sizes = {
        axis: len(values) for axis, values in zip(AXES, axes, strict=True)
    }
    if len(set(sizes.values())) > 1:
        told = ', '.join(f'{size:,} of {axis}' for axis, size in sizes.items())
        raise BadFile(f'{place}: there are {told} windows; unpack it again.')
    labels = place / f'frame_id_CASIA_B_{length}.npy'
    persons = _read_persons(labels, sizes['x'])
    windows = np.empty((*axes[0].shape, len(AXES)), np.float32)
    # What is too large becomes infinite, and is found below.
    with np.errstate(over='ignore'):
        for axis, values in enumerate(axes):
            windows[..., axis] = values
    flat = windows.reshape(len(windows), -1)
    good = (np.abs(flat) <= MAX_COORDINATE).all(axis=1)
    told = Told(f'windows of {place}')
    for number in np.flatnonzero(~good):
        frame, joint, axis = np.argwhere(
            ~(np.abs(windows[number]) <= MAX_COORDINATE)
        )[0]
        told.add(
            f'{place}, window {number}: frame {frame}, joint {joint} has '
            f'{windows[number, frame, joint, axis]:g} as {AXES[axis]}'
        )
    if told.total:
        if on_error == 'stop':
            raise BadFile(
                f'{told.sentences()[0]}; {told.total} of {len(windows)} '
                'windows have such numbers.'
            )
        done.problems += told.sentences()
        done.left_out[LOST] += told.total
        windows, persons = windows[good], persons[good]
    return windows, persons, np.flatnonzero(good)


def _read_axis(path: Path, length: int) -> np.ndarray:
    values = map_numbers(path)
    size = length * NUM_JOINTS
    if not values.size or values.size % size:
        raise BadFile(
            f'{path} has {values.size:,} numbers (shape {values.shape}); a '
            f'window of {length} frames and {NUM_JOINTS} joints has {size}.'
        )
    return values.reshape(-1, length, NUM_JOINTS)


def _read_persons(path: Path, number: int) -> np.ndarray:
    values = map_numbers(path)
    persons = values.reshape(-1)
    if len(persons) != number:
        raise BadFile(
            f'{path} has {len(persons):,} labels for {number:,} windows; '
            'unpack the archive again.'
        )
    wrong = ~((persons >= 0) & (persons <= _MAX_ID))
    wrong |= persons != np.floor(persons)
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        raise BadFile(
            f'{path}: label {place} is {persons[place]:g}; expected the '
            'number of a person.'
        )
    return persons.astype(np.int64)
