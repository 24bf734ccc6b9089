"""Records and arrays of a store, where its index says that they are."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Collection
from typing import Any

import numpy as np

from .format import ARRAYS, RECORDS
from .values import decode

# Without the guess of an encoding, which json.loads begins with.
_parse = json.JSONDecoder().raw_decode


class Records:
    """What belongs to each row of the index, read when it is asked for.

    Args:
        folder: The store.
        rows: Its index, with the two rows that belong to no sequence.

    Attributes:
        rows: The index.
    """

    def __init__(self, folder: str, rows: np.ndarray) -> None:
        self.folder = folder
        self.rows = rows
        self._starts = rows['record']
        self._text = memoryview(map_file(folder, RECORDS, np.dtype('u1')))
        self._arrays = map_file(folder, ARRAYS, np.dtype('u1'))

    def load(
        self, row: int, keys: Collection[str] | None = None
    ) -> dict[str, Any]:
        """Read a record, with its arrays as views of the file.

        Args:
            row: Row of the index.
            keys: What to read of it. Defaults to all.

        Raises:
            ValueError: If it is damaged.
        """
        try:
            base, start = self.rows.item(row)[:2]
            end = self._starts.item(row + 1)

            def get(
                place: int, dtype: np.dtype, shape: tuple[int, ...], order: str
            ) -> np.ndarray:
                return self._array(base + place, dtype, shape, order)

            record, _ = _parse(str(self._text[start:end], 'utf-8'))
            return {
                key: decode(item, get)
                for key, item in record.items()
                if keys is None or key in keys
            }
        except Exception as error:
            # A damaged record can fail anywhere.
            raise damage(
                self.folder,
                f'sequence number {row}',
                f'{type(error).__name__}: {error}',
            ) from error

    def _array(
        self, start: int, dtype: np.dtype, shape: tuple[int, ...], order: str
    ) -> np.ndarray:
        # NumPy 2.4 reads anywhere if the start is negative or overflows.
        end = start + math.prod(shape) * dtype.itemsize
        if not 0 <= start <= end <= self._arrays.size:
            raise ValueError(f'an array is outside of {ARRAYS}')
        return np.ndarray(shape, dtype, self._arrays, start, order=order)


def map_file(folder: str, name: str, dtype: np.dtype) -> np.ndarray:
    """Map a file of a store into memory.

    Args:
        folder: The store.
        name: The file.
        dtype: What it consists of.

    Returns:
        ``(n,)`` read-only.
    """
    path = os.path.join(folder, name)
    if not os.path.getsize(path):
        return np.empty(0, dtype)
    # A memmap itself is slow to index.
    return np.asarray(np.memmap(path, dtype, 'r'))


def damage(folder: str, what: str, why: str) -> ValueError:
    """An error to raise, which says how to find out more.

    Args:
        folder: The store.
        what: What is damaged in it.
        why: How one can tell.
    """
    return ValueError(
        f'{folder}: {what} is damaged ({why}). See what else is, with '
        f'python tools/data/build_store.py --verify {folder}'
    )
