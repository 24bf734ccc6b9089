"""A sample as it lies in the files of a store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..completion import completed_dtype
from .content import content_hash
from .format import ROW
from .values import encode

ALIGNMENT = 64
"""Each array starts at a multiple of it, in bytes."""

DTYPES = ('float16', 'float32')
"""What coordinates and scores can be converted to."""

_POSE_KEYS = ('keypoint', 'keypoint_score')


class Unstorable(ValueError):
    """A value of a kind that a store cannot keep.

    Args:
        key: What it is called.
        text: What is wrong; the end of a sentence.
    """

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key


def pack(values: Mapping[str, Any]) -> tuple[bytes, list[np.ndarray]]:
    """Split values into their record and their arrays.

    Args:
        values: What the record holds, by name.

    Returns:
        The record, and the arrays that it refers to, in the order and at the
        places in which it expects them.

    Raises:
        Unstorable: If a value is neither plain nor an array.
    """
    arrays: list[np.ndarray] = []
    size = 0

    def put(array: np.ndarray) -> int:
        nonlocal size
        place = size
        arrays.append(array)
        size += array.nbytes + -array.nbytes % ALIGNMENT
        return place

    record = {}
    for key, value in values.items():
        try:
            # A lone surrogate in the key itself has no UTF-8.
            key.encode()
            record[key] = encode(value, put)
        except ValueError as error:
            raise Unstorable(key, str(error)) from None
    return json.dumps(record, ensure_ascii=False).encode(), arrays


def converted(sample: Mapping[str, Any], dtype: str | None) -> dict[str, Any]:
    """A copy of a sample, with coordinates and scores of another precision.

    Args:
        sample: Annotation of one sequence; it need not be a good one.
        dtype: The dtype, None to keep theirs.
    """
    sample = dict(sample)
    for key in _POSE_KEYS:
        values = sample.get(key)
        if dtype is None or not isinstance(values, np.ndarray):
            continue
        if values.dtype.kind in 'fiu':
            # The check finds what overflows.
            with np.errstate(over='ignore'):
                sample[key] = values.astype(dtype)
    return sample


def kind_of(sample: Mapping[str, Any]) -> tuple[str, int, int, int, bool]:
    """In what a sample may differ from others of its store.

    Args:
        sample: Annotation of one sequence.

    Returns:
        Dtype with which the key points are handed out, number of axes,
        joints, channels, whether there is a score.
    """
    keypoint = sample['keypoint']
    dtype = completed_dtype(keypoint).str
    joints, channels = keypoint.shape[-2:]
    scored = 'keypoint_score' in sample
    return dtype, keypoint.ndim, joints, channels, scored


def label_facts(sample: Mapping[str, Any]) -> tuple[int, bool]:
    """The label, or the largest of several, and whether there are several."""
    label = sample['label']
    several = isinstance(label, (list, tuple))
    return max(label) if several else label, several


def length_facts(sample: Mapping[str, Any]) -> tuple[int, int]:
    """Persons, or skeletons of ``(n, V, C)``, and frames of a sample."""
    keypoint = sample['keypoint']
    listed = keypoint.ndim == 3
    frames = sample['total_frames'] if listed else keypoint.shape[1]
    return len(keypoint), frames


def row_of(sample: Mapping[str, Any], kind: int) -> np.ndarray:
    """What the index says of a sample that has been checked.

    Args:
        sample: Annotation of one sequence.
        kind: Its place in the table of kinds.

    Returns:
        ``()`` of the dtype ``ROW``, without the places of record and arrays.
    """
    row = np.zeros((), ROW)
    row['content'] = content_hash(sample['keypoint'])
    row['label'], row['several'] = label_facts(sample)
    row['size'], row['frames'] = length_facts(sample)
    row['kind'] = kind
    return row
