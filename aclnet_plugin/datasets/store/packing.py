"""A sample as it lies in the files of a store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from .content import content_hash
from .header import ROW
from .values import encode

ALIGNMENT = 64
"""Each array starts at a multiple of it, in bytes."""


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
            record[key] = encode(value, put)
        except ValueError as error:
            raise Unstorable(key, str(error)) from None
    return json.dumps(record, ensure_ascii=False).encode(), arrays


def row_of(sample: Mapping[str, Any], kind: int) -> np.ndarray:
    """What the index says of a sample that has been checked.

    Args:
        sample: Annotation of one sequence.
        kind: Its place in the table of kinds.

    Returns:
        ``()`` of the dtype ``ROW``, without the places of record and arrays.
    """
    keypoint, label = sample['keypoint'], sample['label']
    several = isinstance(label, (list, tuple))
    listed = keypoint.ndim == 3
    row = np.zeros((), ROW)
    row['content'] = content_hash(keypoint)
    row['label'] = max(label) if several else label
    row['size'] = len(keypoint)
    row['frames'] = sample['total_frames'] if listed else keypoint.shape[1]
    row['kind'], row['several'] = kind, several
    return row
