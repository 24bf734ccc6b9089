"""Files that are either complete or not there."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def atomic_writer(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file that takes the place of ``path`` once it is complete.

    The bytes go to a file beside it, are flushed to the disk and renamed, so
    that whoever is killed at any moment, or runs out of space, leaves the
    old content (or nothing), never a part of the new. Folders are created as
    needed; the part of a process that was killed is overwritten by the next
    attempt.

    Args:
        path: The target; an existing file is replaced at the last moment.

    Yields:
        The file, open for writing bytes.

    Raises:
        OSError: If it cannot be written. For a full disk the message says
            what stays valid and what to do.
    """
    # Through a link, so that it stays one.
    path = os.path.realpath(os.fspath(path))
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    partial = f'{path}.partial'
    try:
        with open(partial, 'wb') as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        _flush_folder(folder)
    except BaseException as error:
        with suppress(OSError):
            os.remove(partial)
        if isinstance(error, OSError) and error.errno in _FULL:
            free = shutil.disk_usage(folder).free / 2**20
            raise OSError(
                error.errno,
                f'{path} could not be written: {os.strerror(error.errno)} '
                f'({free:.1f} MiB free). Nothing was replaced, earlier files '
                f'are complete. Make room, then start again (a training: '
                f'with --resume)',
            ) from error
        raise


def _flush_folder(folder: str) -> None:
    """Make a renaming outlive a power cut, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
