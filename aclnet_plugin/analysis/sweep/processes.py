"""Child processes: one at a time in a folder, ended with their parent."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_POLL = 0.2  # seconds
_GRACE = 10.0  # seconds to end in, before a process is killed
_TAIL = 20  # lines of a log


class Busy(Exception):
    """Another process works in the folder; the text says which."""


class Stopped(Exception):
    """All work was told to end."""


@contextmanager
def folder_lock(folder: Path, stop: threading.Event, wait: bool) -> Iterator:
    """Hold a folder; children that inherit the descriptor hold it, too.

    A training thus keeps its folder locked when what started it is killed,
    and nobody resumes what still runs.

    Args:
        folder: Created if needed.
        stop: Ends the waiting.
        wait: Until the folder is free.

    Yields:
        The file descriptor.

    Raises:
        Busy: If another process holds it.
        Stopped: If ``stop`` was set before it was free.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Not emptied on opening: it says who holds the lock.
    handle = os.open(folder / 'lock', os.O_RDWR | os.O_CREAT, 0o666)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not wait:
                    owner = os.pread(handle, 40, 0).decode('ascii', 'replace')
                    raise Busy(f'process {owner or "unknown"}') from None
            if stop.wait(_POLL):
                raise Stopped
        write_owner(handle, os.getpid())
        yield handle
    finally:
        os.close(handle)


def write_owner(handle: int, process: int) -> None:
    """Tell others who works in a folder.

    Args:
        handle: Of its lock.
        process: Number of the process.
    """
    os.ftruncate(handle, 0)
    os.pwrite(handle, str(process).encode(), 0)


def run_child(
    command: Sequence[str],
    log: Path,
    handle: int,
    environment: Mapping[str, str],
    stop: threading.Event,
) -> int:
    """Run a command to its end; its output goes to the end of a log.

    Args:
        command: Program and arguments.
        log: The file.
        handle: A lock that the child is to hold as well.
        environment: What is added to that of this process.
        stop: Ends the child and all that it started.

    Returns:
        Its exit status; negative for a signal.

    Raises:
        Stopped: If ``stop`` was set.
    """
    with log.open('ab') as file:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            pass_fds=(handle,),
            start_new_session=True,
        )
    write_owner(handle, child.pid)
    try:
        while child.poll() is None:
            if stop.wait(_POLL):
                raise Stopped
    finally:
        if child.returncode is None:
            end(child)
        elif child.returncode:
            # Workers of a killed training would keep the folder locked.
            signal_group(child, signal.SIGKILL)
        write_owner(handle, os.getpid())
    return child.returncode


def end(child: subprocess.Popen) -> None:
    """End a child and what it started: kindly, then not.

    Args:
        child: Leader of a process group.
    """
    signal_group(child, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        child.wait(_GRACE)
    signal_group(child, signal.SIGKILL)
    child.wait()


def signal_group(child: subprocess.Popen, number: int) -> None:
    """Send a signal to a process group, if there is any of it left.

    Args:
        child: Its leader.
        number: The signal.
    """
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def tail_of(log: Path, start: int) -> str:
    """The last lines of a log.

    Args:
        log: The file.
        start: Byte from which on it counts.
    """
    with log.open('rb') as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(start, size - 20000))
        lines = file.read().decode('utf-8', 'replace').splitlines()
    return '\n'.join(lines[-_TAIL:])
