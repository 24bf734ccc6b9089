"""The files of a store, written from start to end."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from .format import ARRAYS, FILES, INDEX, PLACES, RECORDS, ROW
from .packing import ALIGNMENT
from .values import is_fortran

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Stream:
    """A file that is summed up while it is written.

    Args:
        path: The file.

    Attributes:
        size: Bytes written so far.
    """

    def __init__(self, path: str) -> None:
        self.size = 0
        self._file = open(path, 'wb', buffering=2**20)
        self._hash = hashlib.sha256()

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes."""
        self._file.write(data)
        self._hash.update(data)
        self.size += len(data)

    def align(self, size: int) -> None:
        """Append zeros up to a multiple of a size."""
        self.write(bytes(-self.size % size))

    def flush(self) -> None:
        """Bring all of it to the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    @property
    def closed(self) -> bool:
        """Whether nothing can be written any more."""
        return self._file.closed

    def close(self) -> None:
        """Give the file back; more than once does no harm."""
        self._file.close()

    def summary(self) -> dict[str, Any]:
        """Size and checksum, as they stand in the header."""
        return {'bytes': self.size, 'sha256': self._hash.hexdigest()}


class OpenFiles:
    """All files of a store but its header, while they are written.

    Args:
        folder: Where they are.
    """

    def __init__(self, folder: str) -> None:
        self._index = os.path.join(folder, INDEX)
        self._streams = {
            name: Stream(os.path.join(folder, name)) for name in FILES
        }

    def append(
        self, row: np.ndarray, record: bytes, arrays: Iterable[np.ndarray]
    ) -> None:
        """Write what belongs to a row, and the row.

        Args:
            row: ``()`` of the dtype ``ROW``; its places are filled in.
            record: The record.
            arrays: The arrays that it refers to.
        """
        stream = self._streams[ARRAYS]
        row['arrays'] = stream.size
        row['record'] = self._streams[RECORDS].size
        for array in arrays:
            stream.write(array.tobytes('F' if is_fortran(array) else 'C'))
            stream.align(ALIGNMENT)
        self._streams[RECORDS].write(record)
        self._streams[INDEX].write(row.tobytes())

    def index(self) -> np.ndarray:
        """All rows so far."""
        self._streams[INDEX].flush()
        return np.fromfile(self._index, ROW)

    def add_places(self, parts: Iterable[np.ndarray]) -> None:
        """Write the places of the splits."""
        for part in parts:
            self._streams[PLACES].write(part.tobytes())

    def summary(self) -> dict[str, dict[str, Any]]:
        """Size and checksum of each file."""
        return {name: one.summary() for name, one in self._streams.items()}

    def finish(self) -> None:
        """Bring all of it to the disk, and close it."""
        for stream in self._streams.values():
            stream.flush()
            stream.close()

    @property
    def closed(self) -> bool:
        """Whether nothing can be written any more."""
        return any(one.closed for one in self._streams.values())

    def close(self) -> None:
        """Give the files back; more than once does no harm."""
        for stream in self._streams.values():
            with suppress(OSError):
                stream.close()


@contextmanager
def room_explained(folder: str) -> Iterator[None]:
    """Say what to do if the disk is full.

    Args:
        folder: The store that is written.

    Raises:
        OSError: The same error, with a message.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        parent = os.path.dirname(os.path.abspath(folder))
        free = shutil.disk_usage(parent).free / 2**20
        raise OSError(
            error.errno,
            f'{folder} could not be written: {os.strerror(error.errno)} '
            f'({free:.1f} MiB free). Nothing was replaced. Make room, then '
            'start again',
        ) from error
