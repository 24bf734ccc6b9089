"""Convert many files, with several processes, and go on where one stopped."""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from ...utils.safe_pickle import atomic_dump, safe_load
from ...version import __version__
from .outcomes import BadFile, LeftOut

File = os.PathLike[str]
"""A file, or a member of an archive whose ``str`` names it."""

_PART = re.compile(r'[0-9a-f]{32}\.pkl(\.partial)?')

ConvertOne = Callable[[File], list[dict[str, Any]]]
"""Turns a file into samples; raises :class:`BadFile` or :class:`LeftOut`."""


@dataclass
class Conversion:
    """What a conversion has produced.

    Args:
        samples: In the order of the files.
        problems: One sentence per file that was skipped because it is bad.
        left_out: Files left out on purpose, counted by reason.
        resumed: How many files had been converted by an earlier attempt.
    """

    samples: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    left_out: Counter = field(default_factory=Counter)
    resumed: int = 0


def convert_all(
    files: Sequence[File],
    convert_one: ConvertOne,
    *,
    workers: int = 1,
    on_error: str = 'stop',
    quiet: bool = False,
    parts: Path | None = None,
    settings: str = '',
    part_size: int = 500,
) -> Conversion:
    """Convert files in order.

    With ``parts``, every ``part_size`` converted files are stored in that
    folder, and another attempt with the same files and settings takes them
    from there. Remove the folder with :func:`forget_parts` once the result
    is written.

    Args:
        files: The files.
        convert_one: Must be picklable if there are several workers.
        workers: Number of processes, at most four for each core (or 8); 1
            works in this one. Defaults to 1.
        on_error: ``'stop'`` at the first bad file or ``'skip'`` it. Defaults
            to ``'stop'``.
        quiet: Whether to leave out the progress bar. Defaults to False.
        parts: Folder of what is finished. Defaults to ``None``, none.
        settings: What else decides the result of a file.
        part_size: Files per part. Defaults to 500.

    Raises:
        BadFile: At the first bad file, unless they are skipped.
        ChildProcessError: If a process was ended from outside.
        ValueError: If there are too few or too many processes.
    """
    if on_error not in ('stop', 'skip'):
        raise ValueError(f"on_error is 'stop' or 'skip', got {on_error!r}.")
    most = max(8, 4 * (os.cpu_count() or 1))
    if not 1 <= workers <= most:
        raise ValueError(
            f'workers must be 1 to {most} on this machine, got {workers}.'
        )
    done = Conversion()
    attempt = partial(_attempt, convert_one)
    console = Console(stderr=True)
    hidden = quiet or not console.is_terminal
    with (
        Progress(console=console, disable=hidden, transient=True) as bar,
        _pool(min(workers, len(files))) as executor,
    ):
        task = bar.add_task('converting', total=len(files))
        for part in _cut(files, part_size):
            path = parts and parts / f'{_digest(part, settings)}.pkl'
            outcomes = _stored(path)
            if outcomes is None:
                outcomes = []
                run = executor.map if executor else map
                chunk = {'chunksize': 4} if executor else {}
                for outcome in run(attempt, part, **chunk):
                    outcomes.append(outcome)
                    bar.advance(task)
                    _take(outcome, done, on_error)
                if path:
                    atomic_dump(outcomes, path)
            else:
                done.resumed += len(part)
                bar.advance(task, len(part))
                for outcome in outcomes:
                    _take(outcome, done, on_error)
    return done


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor | None]:
    """Processes that an error or an interruption does not wait for."""
    if workers <= 1:
        yield None
        return
    with ProcessPoolExecutor(workers, initializer=_follow) as executor:
        try:
            yield executor
        except BrokenProcessPool as error:
            raise ChildProcessError(
                'a process of the conversion was ended from outside, perhaps '
                'because memory ran out. Start again with fewer --workers.'
            ) from error
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise


def _follow() -> None:
    """Leave interruptions to the main process, and end when it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(
        target=_end_with, args=(os.getppid(),), daemon=True
    ).start()


def _end_with(parent: int) -> None:
    # A main process that is killed tells nobody.
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def forget_parts(parts: Path) -> None:
    """Remove what :func:`convert_all` kept, and nothing else."""
    with suppress(OSError):
        for path in parts.iterdir():
            if _PART.fullmatch(path.name):
                path.unlink()
        parts.rmdir()


def _attempt(convert_one: ConvertOne, file: File) -> tuple[str, Any]:
    """Convert one file; what happened is data, so that it can be stored."""
    try:
        return 'samples', convert_one(file)
    except LeftOut as reason:
        return 'left out', str(reason)
    except BadFile as error:
        return 'bad', str(error)


def _take(outcome: tuple[str, Any], done: Conversion, on_error: str) -> None:
    kind, content = outcome
    if kind == 'samples':
        done.samples += content
    elif kind == 'left out':
        done.left_out[content] += 1
    elif on_error == 'stop':
        raise BadFile(content)
    else:
        done.problems.append(content)


def _cut(files: Sequence[File], size: int) -> Iterator[Sequence[Path]]:
    for start in range(0, len(files), size):
        yield files[start : start + size]


def _stored(path: Path | None) -> list[tuple[str, Any]] | None:
    """Outcomes of a part; a damaged one is made again."""
    try:
        return safe_load(path) if path and path.is_file() else None
    except pickle.UnpicklingError:
        return None


def _digest(part: Sequence[File], settings: str) -> str:
    """Names files as they are now, so that a changed one is read again."""
    # Another version may convert differently.
    digest = hashlib.sha256(f'{__version__} {settings}'.encode())
    for file in part:
        status = os.stat(file)
        entry = (str(file), status.st_size, status.st_mtime_ns)
        digest.update(repr(entry).encode())
    return digest.hexdigest()[:32]
