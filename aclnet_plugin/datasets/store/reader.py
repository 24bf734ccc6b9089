"""A store, open for reading."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np

from ..naming import NAME_KEYS
from ..splits import take_split
from .format import INDEX, PLACES, RECORDS, ROW
from .header import read_header
from .packing import kind_of, label_facts, length_facts
from .records import Records, damage, map_file

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
            :data:`~aclnet_plugin.datasets.store.format.ROW`.
        kinds: What sequences differ in, in the order that the index refers
            to: ``(dtype, ndim, joints, channels, with score)``.
        classes: Names of the classes; empty if unknown.
        probes: A few places that show all kinds and the largest label.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If it is no store, of another version, damaged, or if a
            file was cut short. Reading a sequence raises it as well, if that
            one is damaged.

    Examples:
        >>> store = SkeletonStore('data/skeleton/ntu60_3d.store')
        >>> store[0]['keypoint'].shape
        (1, 103, 25, 3)
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = os.fspath(folder)
        # For other processes, which may start in another folder.
        self._path = os.path.abspath(self.folder)
        before = _identity(self.folder)
        try:
            self._open()
        except (OSError, ValueError):
            if before in (None, _identity(self.folder)):
                raise
        if _identity(self.folder) != before:
            raise ValueError(
                f'{self.folder} was replaced while it was opened; try again.'
            )

    def _open(self) -> None:
        body, self.checksum = read_header(self.folder)
        self.kinds = [tuple(kind) for kind in body['kinds']]
        self.classes: list[str] = body['classes']
        self.probes: list[int] = body['probes']
        self._splits: dict[str, dict[str, Any]] = body['splits']
        self._total: int = body['sequences']
        self._records = Records(self.folder, map_file(self.folder, INDEX, ROW))
        self.index = self._records.rows[: self._total]
        self._places = map_file(self.folder, PLACES, np.dtype('<i8'))

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.folder!r})'

    def __reduce__(self) -> tuple:
        return _reopen, (type(self), self._path, self.checksum)

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
        return self.read(place % self._total)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(self.read, range(self._total))

    def read(self, place: int) -> dict[str, Any]:
        """The sample at a place that the store itself has named.

        Args:
            place: Place in the store.

        Raises:
            ValueError: If the sample, or the table of places, is damaged.
        """
        return self._sample(place, None)

    def head(self, place: int) -> dict[str, Any]:
        """Name and label of the sample at a place.

        Args:
            place: Place in the store.

        Raises:
            ValueError: If the sample, or the table of places, is damaged.
        """
        return self._sample(place, _HEAD_KEYS)

    def rows(self, places: Sequence[int]) -> np.ndarray:
        """What the index says of some sequences.

        Args:
            places: Places in the store.

        Returns:
            One row for each of them.

        Raises:
            ValueError: If the index, or the table of places, is damaged.
        """
        places = np.asarray(places, np.int64)
        for place in (places.min(initial=0), places.max(initial=0)):
            self._check_place(int(place))
        rows = self.index[places]
        known = rows['kind'] < len(self.kinds)
        if not (known & (rows['size'] >= 0) & (rows['frames'] >= 0)).all():
            raise damage(
                self.folder, INDEX, 'it tells of no possible sequence'
            )
        return rows

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
        content = self._records.load(self._total).get('content', ())
        samples = list(self)
        if content is None:
            return samples
        kind = None
        if isinstance(content, dict):
            kind = type(content.get('annotations'))
        if kind not in (list, tuple):
            raise damage(
                self.folder, RECORDS, 'its last record has no annotations'
            )
        content['annotations'] = kind(samples)
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

    def _sample(
        self, place: int, keys: Collection[str] | None
    ) -> dict[str, Any]:
        """Some or all of a sample, compared with what the index says."""
        self._check_place(place)
        sample = self._records.load(place, keys)
        try:
            row = self.index.item(place)
            _, _, _, label, size, frames, kind, several = row
            same = label_facts(sample) == (label, several)
            if same and keys is None:
                same = (
                    length_facts(sample) == (size, frames)
                    and kind_of(sample) == self.kinds[kind]
                )
        except Exception:
            # Values of the wrong type can fail anywhere.
            same = False
        if not same:
            raise damage(
                self.folder,
                f'sequence number {place}',
                'it is not what the index says',
            )
        return sample

    def _check_place(self, place: int) -> None:
        if not 0 <= place < self._total:
            raise damage(
                self.folder,
                PLACES,
                f'it names number {place} of {self._total:,} sequences',
            )


def _identity(folder: str) -> tuple[int, int] | None:
    """Equal as long as there is the same folder; None if there is none."""
    try:
        found = os.stat(folder)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _reopen(kind: type, folder: str, checksum: str) -> SkeletonStore:
    """Open a store that another process has open."""
    store = kind(folder)
    if store.checksum != checksum:
        raise ValueError(
            f'{folder} was replaced while it was in use; start again.'
        )
    return store
