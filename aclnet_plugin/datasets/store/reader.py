"""A store, open for reading."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np

from ..naming import NAME_KEYS
from ..splits import take_split
from .header import ARRAYS, INDEX, PLACES, RECORDS, ROW, read_header
from .values import decode

# Without the guess of an encoding, which json.loads begins with.
_parse = json.JSONDecoder().raw_decode
_HEAD_KEYS = (*NAME_KEYS, 'label')


class SkeletonStore(Sequence):
    """The sequences of a store, read when they are asked for.

    Opening takes the same time for any number of sequences. Processes that
    open the same store share its pages, and a copy sent to another process
    is the path, not the data.

    Args:
        folder: The store.

    Attributes:
        folder: The same, as a string.
        checksum: Of the header, and so of all that the store holds.
        index: One row for each sequence, see
            :data:`~aclnet_plugin.datasets.store.header.ROW`.
        kinds: What sequences differ in, in the order that the index refers
            to: ``(dtype, ndim, joints, channels, with score)``.
        classes: Names of the classes; empty if unknown.
        probes: A few places that show all kinds and the largest label.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If it is no store, of another version, damaged, or if a
            file was cut short.

    Examples:
        >>> store = SkeletonStore('data/skeleton/ntu60_3d.store')
        >>> store[0]['keypoint'].shape
        (1, 103, 25, 3)
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = os.fspath(folder)
        body, self.checksum = read_header(self.folder)
        self.kinds = [tuple(kind) for kind in body['kinds']]
        self.classes: list[str] = body['classes']
        self.probes: list[int] = body['probes']
        self._splits: dict[str, dict[str, Any]] = body['splits']
        self._total: int = body['sequences']
        rows = self._map(INDEX, ROW)
        self.index = rows[: self._total]
        self._starts = rows['record'], rows['arrays']
        self._places = self._map(PLACES, np.dtype('<i8'))
        self._records = memoryview(self._map(RECORDS, np.dtype('u1')))
        self._arrays = self._map(ARRAYS, np.dtype('u1'))

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.folder!r})'

    def __reduce__(self) -> tuple:
        return _reopen, (type(self), self.folder, self.checksum)

    def __deepcopy__(self, memo: dict) -> SkeletonStore:
        # Nothing in it ever changes.
        return self

    def __len__(self) -> int:
        return self._total

    def __getitem__(self, place: int) -> dict[str, Any]:
        """The sample at a place, as it was stored.

        Arrays are views of the file and cannot be written to; copy them.
        """
        if not -self._total <= place < self._total:
            raise IndexError(
                f'{self.folder} has no sequence number {place}, but '
                f'{self._total:,} of them'
            )
        return self._load(place % self._total)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(self._load, range(self._total))

    def head(self, place: int) -> dict[str, Any]:
        """Name and label of the sample at a place.

        Args:
            place: Place in the store.
        """
        return self._load(place, _HEAD_KEYS)

    @property
    def splits(self) -> list[str]:
        """Names of the splits."""
        return list(self._splits)

    def places(self, split: str | None = None) -> Sequence[int]:
        """Places of the samples of a split, in ascending order.

        Args:
            split: Its name; None for the whole store.

        Returns:
            ``(n,)`` int64, mapped; a range for the whole store.

        Raises:
            ValueError: If there is no such split, or nothing in it can be
                used.
        """
        if split is None:
            return range(self._total)
        found = self._split(split)
        return self._places[found['start'] : found['start'] + found['count']]

    def warnings(self, split: str | None) -> tuple[str, ...]:
        """What a split names in vain or twice.

        Args:
            split: Its name; None for the whole store.
        """
        told = [] if split is None else self._split(split)['warnings']
        return tuple(self.folder + text for text in told)

    def probes_of(self, split: str | None) -> list[int]:
        """Places that show all kinds and the largest label of a split.

        Args:
            split: Its name; None for the whole store.
        """
        return self.probes if split is None else self._split(split)['probes']

    def to_content(self) -> Any:
        """All that the store was made of, for a pickle.

        The arrays are views of the file.
        """
        content = self._load(self._total)['content']
        samples = list(self)
        if content is None:
            return samples
        content['annotations'] = type(content['annotations'])(samples)
        return content

    def _split(self, name: str) -> dict[str, Any]:
        if name not in self._splits:
            # Raises, with the names that there are.
            empty = {'split': dict.fromkeys(self._splits)}
            take_split(empty, (), name, self.folder)
        found = self._splits[name]
        if found['problem']:
            raise ValueError(self.folder + found['problem'])
        return found

    def _load(
        self, row: int, keys: Collection[str] | None = None
    ) -> dict[str, Any]:
        records, arrays = self._starts
        start, end = records.item(row), records.item(row + 1)
        base = arrays.item(row)

        def get(
            place: int, dtype: np.dtype, shape: tuple[int, ...], order: str
        ) -> np.ndarray:
            return np.ndarray(
                shape, dtype, self._arrays, base + place, order=order
            )

        try:
            record, _ = _parse(str(self._records[start:end], 'utf-8'))
            return {
                key: decode(item, get)
                for key, item in record.items()
                if keys is None or key in keys
            }
        except Exception as error:
            # A damaged record can fail anywhere.
            raise ValueError(
                f'{self.folder}: sequence number {row} is damaged '
                f'({type(error).__name__}: {error}). See what else is, with '
                f'python tools/data/build_store.py --verify {self.folder}'
            ) from error

    def _map(self, name: str, dtype: np.dtype) -> np.ndarray:
        path = os.path.join(self.folder, name)
        if not os.path.getsize(path):
            return np.empty(0, dtype)
        # A memmap itself is slow to index.
        return np.asarray(np.memmap(path, dtype, 'r'))


def _reopen(kind: type, folder: str, checksum: str) -> SkeletonStore:
    """Open a store that another process has open."""
    store = kind(folder)
    if store.checksum != checksum:
        raise ValueError(
            f'{folder} was replaced while it was in use; start again.'
        )
    return store
