"""The files of a store, and what they are called."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

SUFFIX = '.store'
HEADER, ARRAYS, RECORDS, INDEX, PLACES = (
    'header.json', 'arrays.bin', 'records.bin', 'index.bin', 'places.bin',
)  # fmt: skip
FILES = ARRAYS, RECORDS, INDEX, PLACES
FORMAT = 'aclnet_plugin skeleton store'
VERSION = 1
PARTIAL = '.partial'
"""Ends the name of the folder in which a store is written."""
REPLACED = '.replaced'
"""Ends the name of a store for the moment in which another takes its place."""

ROW = np.dtype(
    [
        ('arrays', '<i8'),  # where its arrays start
        ('record', '<i8'),  # where its record starts
        ('content', '<u8'),  # hash of the key points, 0 if all are zero
        ('label', '<i4'),  # the label, or the largest of several
        ('size', '<i4'),  # persons; skeletons of (n, V, C)
        ('frames', '<i4'),
        ('kind', '<u2'),  # place in the header's table of kinds
        ('several', '<u2'),  # whether there is a list of labels
    ]
)
"""What the index says of a sequence. Two rows follow those of the sequences:
one for the record of everything else, one that marks the end."""


def is_store(path: Any, root: str | None = None) -> bool:
    """Whether a path means a store, be it there or not.

    Args:
        path: Path of an annotation file.
        root: Folder that a relative path starts from.
    """
    if not path or not isinstance(path, (str, os.PathLike)):
        return False
    full = os.path.join(root or '', os.fspath(path))
    return full.rstrip('/').endswith(SUFFIX) or os.path.isdir(full)
