"""Folders of OpenPose's output, one JSON file for each frame."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InferenceError
from .arrays import finished
from .joints import BODY25_NAMES, COCO_NAMES, OPENPOSE_NAMES, in_layout
from .options import InputOptions
from .sequence import SkeletonSequence
from .tracking import link_persons

_NAMES = {
    len(names): names for names in (OPENPOSE_NAMES, BODY25_NAMES, COCO_NAMES)
}
_PATTERN = '*_keypoints.json'


def openpose_files(folder: Path) -> list[Path]:
    """The files of a sequence in the order of its frames.

    Args:
        folder: Where they are; empty if it is no such folder.
    """
    return sorted(folder.glob(_PATTERN), key=_frame_of)


def _frame_of(path: Path) -> tuple:
    # Numbers as numbers: frame 10 comes after frame 9.
    parts = re.split(r'(\d+)', path.name)
    return tuple(int(p) if p.isdecimal() else p for p in parts)


def is_openpose_frame(path: Path) -> bool:
    """Whether a JSON file is one frame of OpenPose.

    Args:
        path: The file.
    """
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return False
    return isinstance(content, Mapping) and 'people' in content


def read_openpose(
    paths: Iterable[Path], name: str, options: InputOptions
) -> SkeletonSequence:
    """Read a sequence; persons are followed from frame to frame.

    Args:
        paths: One file for each frame.
        name: What the sequence is called.
        options: See :class:`InputOptions`.

    Raises:
        InferenceError: If a file is not as OpenPose writes it, or nobody is
            in any.
    """
    frames = [_people_of(path) for path in paths]
    numbers = {len(person) for frame in frames for person in frame}
    if not numbers:
        raise InferenceError(f'{name}: there is no person in any frame.')
    if len(numbers) > 1 or not numbers <= set(_NAMES):
        raise InferenceError(
            f'{name}: persons of {" and ".join(map(str, sorted(numbers)))} '
            f'joints; those of OpenPose have 18 or 25, and all the same. '
            'Run it with one model.'
        )
    joints = numbers.pop()
    stacked = [
        np.array(frame, np.float32).reshape(-1, joints, 3) for frame in frames
    ]
    keypoint, score = link_persons(
        [(frame[..., :2], frame[..., 2]) for frame in stacked],
        options.max_persons,
    )
    try:
        keypoint, score = in_layout(
            keypoint, score, _NAMES[joints], options.layout
        )
    except ValueError as error:
        raise InferenceError(f'{name}: {error}') from None
    return finished(
        {'keypoint': keypoint, 'keypoint_score': score}, name, options
    )


def _people_of(path: Path) -> list[np.ndarray]:
    """Persons of a frame, each ``(V, 3)``."""
    try:
        content = json.loads(path.read_bytes())
        return [_person(person) for person in content['people']]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InferenceError(
            f'{path} is no frame of OpenPose ({type(error).__name__}: '
            f'{error}). It has to be {{"people": [{{"pose_keypoints_2d": [x, '
            'y, score, ...]}, ...]}.'
        ) from None


def _person(person: Mapping[str, Any]) -> np.ndarray:
    values = np.array(person['pose_keypoints_2d'], np.float64)
    if values.ndim != 1 or not values.size or values.size % 3:
        raise ValueError(f'{values.size} numbers for a person')
    return values.reshape(-1, 3)
