"""A download that is not finished, and what is known of its source."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from ...utils.atomic import atomic_writer
from .errors import DownloadError
from .http_requests import Source

try:
    import fcntl
except ImportError:  # there is none on Windows
    fcntl = None

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class PartialFile:
    """Bytes that have arrived, in a file that only this process writes to.

    Args:
        target: Where the file goes once it is complete.

    Raises:
        DownloadError: If another process downloads it.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(f'{target.name}.part')
        self._notes = _notes_path(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        # Not buffered: what a full disk did not take has not arrived.
        self._file = open(self.path, 'ab', buffering=0)
        self._lock()

    @property
    def size(self) -> int:
        """Bytes that have arrived."""
        return self._file.tell()

    def source(self, url: str) -> Source | None:
        """Where the bytes are from, if they can be continued from there."""
        source = _read_notes(self._notes) if self.size else None
        fits = source is not None and source.url == url and source.validator
        return source if fits else None

    def restart(self, source: Source) -> None:
        """Forget what has arrived and start with another source."""
        self.discard()
        with atomic_writer(self._notes) as notes:
            notes.write(json.dumps(asdict(source)).encode())

    def append(self, data: bytes) -> None:
        """Write bytes to the end.

        Raises:
            DownloadError: If the disk does not take them.
        """
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise self._disk_error(error) from error

    def check_space(self, more: int) -> None:
        """Refuse to start what cannot be finished.

        Args:
            more: Bytes that are still to come.

        Raises:
            DownloadError: If there is less space.
        """
        free = shutil.disk_usage(self.path.parent).free
        if more > free:
            raise DownloadError(
                f'{self.target} needs {megabytes(more)} more, but '
                f'{self.path.parent} has {megabytes(free)} free. Make room '
                'or choose another --root.'
            )

    def complete(self) -> None:
        """Put the file in its place."""
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._disk_error(error) from error
        os.replace(self.path, self.target)
        self._file.close()
        self._notes.unlink(missing_ok=True)

    def discard(self) -> None:
        """Forget what has arrived."""
        self._file.truncate(0)
        self._file.seek(0)

    def close(self) -> None:
        """Let go of it; what has arrived stays for the next attempt."""
        if self._file.closed:
            return
        if not self.size:
            self.path.unlink(missing_ok=True)
            self._notes.unlink(missing_ok=True)
        self._file.close()

    def _lock(self) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise DownloadError(
                f'{self.path} is being written by another process; wait for '
                'it or stop it.'
            ) from None
        except OSError:
            pass  # some network file systems have no locks

    def _disk_error(self, error: OSError) -> DownloadError:
        if error.errno not in _FULL:
            return DownloadError(f'{self.path} cannot be written: {error}.')
        return DownloadError(
            f'{self.path.parent} is full. What has arrived is kept; make '
            'room and start again to continue.'
        )


def begun_from(target: Path) -> str | None:
    """Address of a download that has been begun; ``None`` if there is none."""
    source = _read_notes(_notes_path(target))
    return source.url if source is not None else None


def _notes_path(target: Path) -> Path:
    return target.with_name(f'{target.name}.part.json')


def _read_notes(path: Path) -> Source | None:
    """What was noted of a source; damaged notes are as good as none."""
    try:
        return Source(**json.loads(path.read_text(encoding='utf-8')))
    except (OSError, ValueError, TypeError):
        return None


@contextmanager
def partial_file(target: Path) -> Iterator[PartialFile]:
    """Open the partial file of a target and let go of it at the end."""
    part = PartialFile(target)
    try:
        yield part
    finally:
        part.close()


def megabytes(size: int) -> str:
    """Bytes as a person reads them."""
    return f'{size / 1e6:.1f} MB' if size >= 1e5 else f'{size} bytes'
