"""The 14 joints of OpenPose out of the 17 of COCO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...naming import sample_name

NUM_COCO = 17
SHOULDERS = (5, 6)
ORDER = (0, None, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15)
"""Joints of COCO; ``None`` is the neck, the mean of both shoulders."""


def to_openpose14(sample: Mapping[str, Any], origin: str) -> dict[str, Any]:
    """Reduce the joints of a sequence.

    Args:
        sample: Annotation with ``keypoint`` ``(M, T, 17, C)`` and, possibly,
            ``keypoint_score`` ``(M, T, 17)``.
        origin: The file, for messages.

    Returns:
        A copy with 14 joints: nose, neck, right arm, left arm, right leg,
        left leg.

    Raises:
        ValueError: If it has not 17 joints.
    """
    joints = sample['keypoint'].shape[2]
    if joints != NUM_COCO:
        raise ValueError(
            f'{origin}: sample {sample_name(sample)!r} has {joints} joints; '
            'openpose14 is made of the 17 of COCO.'
        )
    reduced = dict(sample, keypoint=_reduce(sample['keypoint'], 2))
    if 'keypoint_score' in sample:
        score = _reduce(sample['keypoint_score'], 2)
        reduced['keypoint_score'] = score
    return reduced


def _reduce(values: np.ndarray, axis: int) -> np.ndarray:
    taken = values.take([0 if j is None else j for j in ORDER], axis=axis)
    place = (slice(None),) * axis + (ORDER.index(None),)
    taken[place] = values.take(SHOULDERS, axis=axis).mean(axis=axis)
    return taken
