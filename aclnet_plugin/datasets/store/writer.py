"""Stores are written as a stream, and are complete or not there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
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
from .format import HEADER, ROW
from .header import header_text
from .packing import DTYPES, Unstorable, converted, kind_of, pack, row_of
from .streams import OpenFiles, room_explained
from .tables import probes, split_tables
from .targets import BuildFolder, check_target, put_in_place

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
        self.overwrite = overwrite
        check_target(self.folder, overwrite)
        self._finished = False
        self._names: list[str | None] = []
        self._seen: dict[str, int] = {}
        self._kinds: dict[tuple, int] = {}
        with room_explained(self.folder):
            self._build = BuildFolder(self.folder)
            self._files = OpenFiles(self._build.path)

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
            OSError: If it cannot be written; then no more can be added.
            RuntimeError: If no more can be added.
        """
        self._check_open()
        place = len(self)
        if not isinstance(sample, Mapping) or not all(
            type(key) is str for key in sample
        ):
            raise ValueError(
                f'{self.origin}: annotation number {place} is '
                f'{shown(sample)}; annotations are dicts with strings as '
                'keys: frame_dir, label, keypoint.'
            )
        sample = converted(sample, self.dtype)
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
            FileExistsError: If something has appeared there meanwhile.
            OSError: If it cannot be written.
            RuntimeError: If it is finished already.
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
        self._check_open()
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
            index = self._files.index()[: len(self)]
            splits, places = split_tables(
                content, self._names, index, self.origin
            )
            self._files.add_places(places)
            body = dict(
                sequences=len(self),
                kinds=list(self._kinds),
                classes=classes,
                splits=splits,
                probes=probes(index, np.arange(len(self))),
                made_by=f'aclnet_plugin {__version__}',
                files=self._files.summary(),
            )
            self._files.finish()
            path = os.path.join(self._build.path, HEADER)
            with atomic_writer(path) as file:
                file.write(header_text(body).encode())
            check_target(self.folder, self.overwrite)
            put_in_place(self._build.path, self.folder)
        self._build.close()
        self._finished = True

    def abandon(self) -> None:
        """Give up what is not finished; does nothing to a finished store."""
        self._files.close()
        self._build.remove()

    def _check_open(self) -> None:
        if self._files.closed:
            raise RuntimeError(
                f'{self.folder}: this writer is closed; make a new one.'
            )

    def _append(
        self, row: np.ndarray, record: bytes, arrays: list[np.ndarray]
    ) -> None:
        try:
            with room_explained(self.folder):
                self._files.append(row, record, arrays)
        except OSError:
            # Half of it may be written.
            self.abandon()
            raise

    def _kind(self, sample: Mapping[str, Any]) -> int:
        kind = kind_of(sample)
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
