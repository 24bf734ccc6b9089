"""A walk as an annotation of the common layout."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....structures import get_layout
from ...number_checks import MAX_COORDINATE
from .protocol import IMAGE_SHAPE, Walk

JOINTS = get_layout('coco').joint_names
"""The joints of both kinds of 2D files, in their order."""

CHANNELS = ('x', 'y', 'confidence')


def make_sample(
    walk: Walk, pose: np.ndarray, frame_ids: np.ndarray | None = None
) -> dict[str, Any]:
    """Build the annotation of a walk.

    Single precision, because half of it has steps of 0.25 pixels at x = 256,
    as much as the noise that training adds.

    Args:
        walk: Who, how and from where.
        pose: ``(T, 17, 3)``, x and y in pixels and confidence.
        frame_ids: ``(T,)``, numbers of the frames in the video, if known.

    Returns:
        Annotation with one person.
    """
    pose = np.asarray(pose, np.float32)
    sample = dict(
        frame_dir=walk.name,
        label=walk.subject - 1,
        keypoint=np.ascontiguousarray(pose[None, ..., :2]),
        keypoint_score=np.ascontiguousarray(pose[None, ..., 2]),
        total_frames=len(pose),
        img_shape=IMAGE_SHAPE,
        original_shape=IMAGE_SHAPE,
        **walk._asdict(),
    )
    if frame_ids is not None:
        sample['frame_ids'] = np.asarray(frame_ids, np.int32)
    return sample


def good_frames(pose: np.ndarray) -> np.ndarray:
    """Which frames have nothing but sensible numbers.

    Args:
        pose: ``(T, V, C)``.

    Returns:
        ``(T,)``, booleans.
    """
    # A comparison with NaN is false.
    return (np.abs(pose) <= MAX_COORDINATE).all(axis=(1, 2))


def first_fault(frame: np.ndarray) -> str:
    """Name the first value of a frame that is no sensible number.

    Args:
        frame: ``(17, 3)``, with such a value.

    Returns:
        For example ``left_knee has nan as x``.
    """
    wrong = ~(np.abs(frame) <= MAX_COORDINATE)
    joint, channel = np.argwhere(wrong)[0]
    value = frame[joint, channel]
    return f'{JOINTS[joint]} has {value:g} as {CHANNELS[channel]}'
