"""Where a store may be written, and how it takes its place."""

from __future__ import annotations

import os
import shutil

try:
    import fcntl
except ImportError:  # a system without Unix locks
    fcntl = None

from .format import HEADER, PARTIAL, REPLACED, SUFFIX


def check_target(folder: str, overwrite: bool) -> None:
    """Refuse to write where something else is.

    Args:
        folder: The store.
        overwrite: Whether a store may be there.

    Raises:
        ValueError: If the name does not end with ``.store``.
        FileExistsError: If something is there already.
    """
    if not folder.endswith(SUFFIX):
        raise ValueError(f'{folder}: the name of a store ends with {SUFFIX}.')
    if not os.path.lexists(folder):
        return
    if not os.path.isfile(os.path.join(folder, HEADER)):
        raise FileExistsError(
            f'{folder} is there and is no store; it is not replaced. Remove '
            'it, or choose another name.'
        )
    if not overwrite:
        raise FileExistsError(f'{folder} exists; use overwrite to replace it.')


class BuildFolder:
    """The folder in which a store is built, for one process at a time.

    Whatever a killed process has left there is removed.

    Args:
        folder: The store.

    Attributes:
        path: The folder, beside the store.

    Raises:
        FileExistsError: If another process builds the same store.
        OSError: If it cannot be made.
    """

    def __init__(self, folder: str) -> None:
        self.path = folder + PARTIAL
        os.makedirs(self.path, exist_ok=True)
        self._handle = os.open(self.path, os.O_RDONLY)
        if not self._lock():
            self.close()
            raise FileExistsError(
                f'{folder} is being written by another process; wait for it '
                'or stop it.'
            )
        for entry in os.scandir(self.path):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.remove(entry.path)

    def close(self) -> None:
        """Let others build; more than once does no harm."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def remove(self) -> None:
        """Give up what is in there, unless it is closed."""
        if self._handle is not None:
            shutil.rmtree(self.path, ignore_errors=True)
            self.close()

    def _lock(self) -> bool:
        if fcntl is None:
            return True
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            pass  # some network file systems have no locks
        try:
            # It may have been renamed or removed meanwhile.
            there = os.stat(self.path)
        except FileNotFoundError:
            return False
        return os.path.samestat(there, os.fstat(self._handle))


def put_in_place(partial: str, folder: str) -> None:
    """Rename a finished folder, instead of what is there.

    Args:
        partial: The folder.
        folder: The store.
    """
    old = folder + REPLACED
    if os.path.lexists(folder):
        shutil.rmtree(old, ignore_errors=True)
        os.rename(folder, old)
    try:
        os.rename(partial, folder)
    except OSError:
        if os.path.lexists(old):
            os.rename(old, folder)
        raise
    # Who has it open keeps its pages until the end.
    shutil.rmtree(old, ignore_errors=True)
