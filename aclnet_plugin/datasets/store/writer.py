"""Stores are written as a stream, and are complete or not there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any

import numpy as np

from ...utils.atomic import atomic_writer
from ...utils.shown import shown
from ...version import __version__
from ..annotation_file import take_classes
from ..checks import check_sample
from ..completion import complete
from ..naming import NAME_KEYS, sample_name
from .header import (
    ARRAYS,
    HEADER,
    INDEX,
    PARTIAL,
    PLACES,
    RECORDS,
    ROW,
    header_text,
)
from .packing import ALIGNMENT, Unstorable, pack, row_of
from .streams import Stream, room_explained
from .tables import probes, split_tables
from .targets import check_target, put_in_place
from .values import is_fortran

DTYPES = ('float16', 'float32')
_POSE_KEYS = ('keypoint', 'keypoint_score')
_MAX_KINDS = 2**16


class StoreWriter:
    """Writes a store, one sequence after the other.

    Nothing but names and index stays in memory. The store is written beside
    its place and renamed at the end, so that whoever is interrupted leaves
    nothing that looks like a store. Used as a context manager it cleans up
    after an error.

    Args:
        folder: The store; its name ends with ``.store``.
        overwrite: Whether a store that is there already is replaced, at the
            last moment. Defaults to False.
        dtype: ``'float16'`` or ``'float32'`` to convert the coordinates and
            scores to; None to keep theirs. Defaults to None.
        origin: Where the samples come from, for messages. Defaults to the
            folder.

    Raises:
        ValueError: If the name or the dtype is wrong.
        FileExistsError: If something is there already.

    Examples:
        >>> with StoreWriter('data/skeleton/mine.store') as writer:
        ...     for sample in samples:
        ...         writer.add(sample)
        ...     writer.finish(split=dict(train=[...], val=[...]))
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        overwrite: bool = False,
        dtype: str | None = None,
        origin: str | None = None,
    ) -> None:
        # Through a link, so that it stays one.
        self.folder = os.path.realpath(os.fspath(folder))
        self.origin = os.fspath(folder) if origin is None else origin
        if dtype is not None and str(dtype) not in DTYPES:
            raise ValueError(
                f'dtype {shown(dtype)} is not possible; choose one of '
                f'{", ".join(DTYPES)}, or None to keep what is there.'
            )
        self.dtype = dtype
        check_target(self.folder, overwrite)
        self._partial = self.folder + PARTIAL
        self._finished = False
        self._names: list[str | None] = []
        self._seen: dict[str, int] = {}
        self._kinds: dict[tuple, int] = {}
        self._streams: dict[str, Stream] = {}
        with room_explained(self.folder):
            shutil.rmtree(self._partial, ignore_errors=True)
            os.makedirs(self._partial)
            for name in (ARRAYS, RECORDS, INDEX, PLACES):
                path = os.path.join(self._partial, name)
                self._streams[name] = Stream(path)

    def __enter__(self) -> StoreWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.abandon()
        if kind is None and not self._finished:
            raise RuntimeError(
                f'{self.folder} was not made: call finish() after the last '
                'sequence.'
            )

    def __len__(self) -> int:
        """Number of sequences so far."""
        return len(self._names)

    def add(self, sample: Mapping[str, Any]) -> None:
        """Check and append a sequence.

        Args:
            sample: What an annotation file has in its list ``annotations``:
                ``frame_dir``, ``label``, ``keypoint`` and whatever else.

        Raises:
            ValueError: If it cannot be used; nothing of it is kept, and
                others can still be added.
            OSError: If it cannot be written.
        """
        place = len(self)
        if not isinstance(sample, Mapping) or not all(
            type(key) is str for key in sample
        ):
            raise ValueError(
                f'{self.origin}: annotation number {place} is '
                f'{shown(sample)}; annotations are dicts with strings as '
                'keys: frame_dir, label, keypoint.'
            )
        sample = self._converted(sample)
        check_sample(sample, self.origin, place)
        named = any(key in sample for key in NAME_KEYS)
        name = sample_name(sample) if named else None
        if name in self._seen:
            raise ValueError(
                f'{self.origin}: sample {shown(name)} is there twice, as '
                f'number {self._seen[name]} and number {place}, so that a '
                'split could mean either. Remove one or rename it.'
            )
        try:
            record, arrays = pack(sample)
        except Unstorable as error:
            raise ValueError(
                f'{self.origin}: sample {shown(sample_name(sample))} (number '
                f'{place}) has a {shown(error.key)} that {error}.'
            ) from None
        # What the index tells is true of the sample as it is handed out.
        complete(sample)
        self._append(row_of(sample, self._kind(sample)), record, arrays)
        self._names.append(name)
        if name is not None:
            self._seen[name] = place

    def finish(
        self,
        split: Mapping[str, Iterable] | None = None,
        classes: Iterable[str] | None = None,
        **extra: Any,
    ) -> None:
        """Write what the sequences have in common, and make the store.

        Args:
            split: Names of the samples of each split.
            classes: Names of the classes, in the order of the labels.
            **extra: Further keys of the annotation file.

        Raises:
            ValueError: If splits or classes are wrong, or there is no
                sequence.
            OSError: If it cannot be written.
        """
        content: dict[str, Any] = dict(annotations=[])
        if split is not None:
            content['split'] = split
        if classes is not None:
            content['classes'] = classes
        self.finish_as(content | extra)

    def finish_as(self, content: Any) -> None:
        """Do as :meth:`finish`, for an annotation dict as it is.

        Args:
            content: Result of :func:`without_samples`.
        """
        if not len(self):
            raise ValueError(
                f'{self.origin} has no annotations; create it again.'
            )
        classes = take_classes(content, self.origin)
        try:
            record, arrays = pack(dict(content=content))
        except Unstorable as error:
            raise ValueError(f'{self.origin} {error}.') from None
        self._append(np.zeros((), ROW), record, arrays)
        self._append(np.zeros((), ROW), b'', [])
        with room_explained(self.folder):
            self._streams[INDEX].flush()
            path = os.path.join(self._partial, INDEX)
            index = np.fromfile(path, ROW, len(self))
            splits, places = split_tables(
                content, self._names, index, self.origin
            )
            for part in places:
                self._streams[PLACES].write(part.tobytes())
            body = dict(
                sequences=len(self),
                kinds=list(self._kinds),
                classes=classes,
                splits=splits,
                probes=probes(index, np.arange(len(self))),
                made_by=f'aclnet_plugin {__version__}',
                files={n: s.summary() for n, s in self._streams.items()},
            )
            for stream in self._streams.values():
                stream.flush()
                stream.close()
            with atomic_writer(os.path.join(self._partial, HEADER)) as file:
                file.write(header_text(body).encode())
            put_in_place(self._partial, self.folder)
        self._finished = True

    def abandon(self) -> None:
        """Give up what is not finished; does nothing to a finished store."""
        for stream in self._streams.values():
            with suppress(OSError):
                stream.close()
        shutil.rmtree(self._partial, ignore_errors=True)

    def _append(
        self, row: np.ndarray, record: bytes, arrays: list[np.ndarray]
    ) -> None:
        with room_explained(self.folder):
            row['arrays'] = self._streams[ARRAYS].size
            row['record'] = self._streams[RECORDS].size
            for array in arrays:
                order = 'F' if is_fortran(array) else 'C'
                self._streams[ARRAYS].write(array.tobytes(order))
                self._streams[ARRAYS].align(ALIGNMENT)
            self._streams[RECORDS].write(record)
            self._streams[INDEX].write(row.tobytes())

    def _converted(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        """A copy of the dict, with coordinates and scores as asked for."""
        sample = dict(sample)
        for key in _POSE_KEYS:
            values = sample.get(key)
            if self.dtype is None or not isinstance(values, np.ndarray):
                continue
            if values.dtype.kind in 'fiu':
                # The check finds what overflows.
                with np.errstate(over='ignore'):
                    sample[key] = values.astype(self.dtype)
        return sample

    def _kind(self, sample: Mapping[str, Any]) -> int:
        keypoint = sample['keypoint']
        joints, channels = keypoint.shape[-2:]
        scored = 'keypoint_score' in sample
        kind = (keypoint.dtype.str, keypoint.ndim, joints, channels, scored)
        if kind not in self._kinds and len(self._kinds) == _MAX_KINDS:
            raise ValueError(
                f'{self.origin}: the sequences have more than {_MAX_KINDS} '
                'different numbers of joints; a data set has one.'
            )
        return self._kinds.setdefault(kind, len(self._kinds))


def without_samples(content: Any) -> dict[str, Any] | None:
    """What an annotation file holds besides its samples.

    Args:
        content: What it holds.

    Returns:
        The dict, with the same keys in the same order; None if the file is a
        bare list.
    """
    if not isinstance(content, Mapping):
        return None
    return {**content, 'annotations': type(content['annotations'])()}
