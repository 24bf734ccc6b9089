"""From the numbers of one file to a sample, or to what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...number_checks import MAX_COORDINATE
from ..outcomes import BadFile

MAX_PERSONS = 10
"""More are frames in the place of persons, or a tracker that lost them."""

Place = Callable[[int, int, int, int], str]
"""Tells where in the file the value of (person, frame, joint, channel) is."""


@dataclass(frozen=True)
class ArrayOptions:
    """What the user says about all files.

    Args:
        dims: Coordinates per joint, 2 or 3; ``None`` if the files say it.
        joints: Number of joints; ``None`` if the files say it.
        missing: ``'error'``, or ``'zero'`` to set missing joints to 0.
        header: ``'auto'``, ``'yes'`` or ``'no'``, for tables.
        ignore: Names of columns to leave out.
        image_size: Height and width of the images, for 2D.
        scale: Factor for the coordinates.
    """

    dims: int | None = None
    joints: int | None = None
    missing: str = 'error'
    header: str = 'auto'
    ignore: tuple[str, ...] = ()
    image_size: tuple[int, int] | None = None
    scale: float = 1.0


@dataclass
class RawPose:
    """The numbers of one file.

    Args:
        values: ``(M, T, V, C)``, float64, NaN where something is missing.
        place: See :data:`Place`.
        scored: Whether the last channel is a confidence; ``None`` if the
            file does not say it.
        names: Names of the joints, or empty.
        notes: What the user should know about the file.
    """

    values: np.ndarray
    place: Place
    scored: bool | None = None
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def make_sample(
    path: Any, pose: RawPose, options: ArrayOptions
) -> dict[str, Any]:
    """Check the numbers and turn them into a sample without label.

    Args:
        path: The file, for messages.
        pose: Its numbers.
        options: What the user said.

    Returns:
        Sample with ``keypoint`` ``(M, T, V, 2 or 3)``, float32, and what the
        summary needs: ``notes``, ``missing`` (how many joints were set to 0)
        and ``names`` (of the joints).

    Raises:
        BadFile: Names the file, the place, the fault and what to do.
        ValueError: If a flag is needed, for this file and those like it.
    """
    values = pose.values
    persons, frames, joints, _ = values.shape
    if not values.size:
        raise BadFile(f'{path}: there is no number in it. Remove it.')
    if persons > MAX_PERSONS:
        raise BadFile(
            f'{path}: {persons} persons. The order of the axes is persons, '
            'frames, joints, coordinates; if a tracker gave new numbers to '
            'the same persons, keep those who act.'
        )
    if options.joints not in (None, joints):
        raise BadFile(
            f'{path}: {joints} joints, but --joints says {options.joints}. '
            'Correct the file or the flag.'
        )
    scored = _is_scored(path, pose, options)
    missing = _take_missing(path, pose, options)
    coordinates = (values[..., :-1] if scored else values) * options.scale
    _check_range(path, pose, coordinates)
    sample = dict(
        total_frames=frames,
        keypoint=coordinates.astype(np.float32),
        notes=list(pose.notes),
        missing=missing,
        names=list(pose.names),
    )
    if scored:
        sample['keypoint_score'] = values[..., -1].astype(np.float32)
    if coordinates.shape[-1] == 2:
        if options.image_size is None:
            raise ValueError(
                f'{path}: two coordinates per joint; they are scaled by the '
                'size of the images. Pass --image-size HEIGHT WIDTH in '
                'pixels.'
            )
        sample['img_shape'] = sample['original_shape'] = options.image_size
    return sample


def _is_scored(path: Any, pose: RawPose, options: ArrayOptions) -> bool:
    """Whether the last channel is a confidence."""
    channels = pose.values.shape[-1]
    if pose.scored and channels == 4:
        raise BadFile(
            f'{path}: three coordinates and a score. Scores go with 2D '
            'skeletons only; leave them out (--ignore COLUMN for tables).'
        )
    if channels not in (2, 3):
        raise BadFile(
            f'{path}: {channels} numbers per joint; it must be x and y, or '
            'x, y and z, or x, y and a score. The last axis holds them.'
        )
    scored = pose.scored
    if scored is None:
        scored = channels == 3 and options.dims == 2
        if channels == 3 and options.dims is None and _like_score(pose.values):
            raise ValueError(
                f'{path}: the third number of each joint is between 0 and 1, '
                'and the others are much larger: is it a score? Pass '
                '--dims 2 if so, --dims 3 if it is a coordinate.'
            )
    dims = channels - scored
    if options.dims not in (None, dims):
        raise BadFile(
            f'{path}: {dims} coordinates per joint, but --dims says '
            f'{options.dims}. Correct the file or the flag.'
        )
    return scored


def _like_score(values: np.ndarray) -> bool:
    """Whether the third channel is a share and the others are pixels."""
    if not np.isfinite(values).any():
        return False
    third = values[..., 2][np.isfinite(values[..., 2])]
    share = third.size and 0 <= third.min() and third.max() <= 1
    return bool(share and np.nanmax(np.abs(values[..., :2])) > 20)


def _take_missing(path: Any, pose: RawPose, options: ArrayOptions) -> int:
    """Set missing joints to 0, all channels; returns their number."""
    gone = np.isnan(pose.values)
    if not gone.any():
        return 0
    if options.missing != 'zero':
        where = pose.place(*map(int, np.argwhere(gone)[0]))
        raise BadFile(
            f'{path}, {where}: the value is missing'
            f'{_more(int(gone.sum()))}. Repair it, or pass --missing zero '
            'to set such joints to 0, which is how missing ones are marked.'
        )
    joints = gone.any(axis=-1)
    pose.values[joints] = 0
    return int(joints.sum())


def _check_range(path: Any, pose: RawPose, values: np.ndarray) -> None:
    wrong = ~(np.abs(values) <= MAX_COORDINATE)
    if wrong.any():
        first = tuple(map(int, np.argwhere(wrong)[0]))
        raise BadFile(
            f'{path}, {pose.place(*first)}: {values[first]:g} is no sensible '
            f'coordinate{_more(int(wrong.sum()))}; the limit is '
            f'{MAX_COORDINATE:g}. Repair it, or pass --scale.'
        )


def _more(number: int) -> str:
    """How many there are besides the one that is named."""
    return f' (and {number - 1:,} more in this file)' if number > 1 else ''
