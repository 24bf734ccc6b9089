"""A file that is written from start to end, and summed up meanwhile."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Stream:
    """A file of a store that is being written.

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

    def close(self) -> None:
        """Give the file back; more than once does no harm."""
        self._file.close()

    def summary(self) -> dict[str, Any]:
        """Size and checksum, as they stand in the header."""
        return {'bytes': self.size, 'sha256': self._hash.hexdigest()}


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
