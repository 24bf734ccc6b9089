"""Bring the bytes of a file here, in as many attempts as it takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import ServerDownError, TemporaryError
from .http_requests import (
    RangeError,
    Source,
    check_range,
    open_url,
    read_some,
    refuse_page,
    source_of,
)
from .partial_file import PartialFile, megabytes

_CHUNK = 2**18
_LONGEST_WAIT = 60.0


@dataclass(frozen=True)
class Patience:
    """How long a server is waited for.

    Args:
        attempts: Attempts in a row without a new byte. Defaults to 5.
        timeout: Seconds without an answer. Defaults to 60.
        pause: Sleeps; tests replace it.
    """

    attempts: int = 5
    timeout: float = 60.0
    pause: Callable[[float], Any] = time.sleep


@dataclass(frozen=True)
class Watcher:
    """Is told how a download goes.

    Args:
        progress: Takes bytes that are there and bytes in all (``None`` if
            not known).
        say: Takes a sentence.
    """

    progress: Callable[[int, int | None], Any] = lambda done, total: None
    say: Callable[[str], Any] = lambda text: None


PATIENT = Patience()
SILENT = Watcher()


def transfer(
    url: str, part: PartialFile, patience: Patience, watcher: Watcher
) -> Source:
    """Attempt until all has arrived.

    Args:
        url: The address.
        part: Takes the bytes; what it holds of the same file is continued.
        patience: When to give up.
        watcher: Is told what happens.

    Returns:
        What the server has said of the file.

    Raises:
        DownloadError: If the address does not give the file, or the disk
            does not take it.
    """
    failures = 0
    while True:
        before = part.size
        try:
            return _attempt(url, part, patience.timeout, watcher)
        except TemporaryError as error:
            if isinstance(error, RangeError):
                part.discard()
            failures = 1 if part.size > before else failures + 1
            if failures >= patience.attempts:
                raise ServerDownError(
                    f'{url}: {error}. Gave up after {failures} attempts '
                    f'in a row; {_kept(part)}'
                ) from error
            wait = min(max(2.0 ** (failures - 1), error.wait), _LONGEST_WAIT)
            watcher.say(f'{error}; trying again in {wait:.0f} s')
            patience.pause(wait)


def _kept(part: PartialFile) -> str:
    if not part.size:
        return 'check the connection and the proxy, then start again.'
    return f'{megabytes(part.size)} are kept; start again to continue.'


def _attempt(
    url: str, part: PartialFile, timeout: float, watcher: Watcher
) -> Source:
    """Ask for what is missing and write what comes."""
    source = part.source(url)
    if source is not None and source.length == part.size:
        return source
    with open_url(url, part.size, source, timeout) as answer:
        continues = source is not None and answer.status == 206
        if continues:
            check_range(answer.headers, part.size, source)
        chunk = read_some(answer, _CHUNK)
        if not continues:
            # Before anything is given up for it.
            refuse_page(answer, chunk)
            if part.size:
                watcher.say(
                    'what was there cannot be continued; starting from the '
                    'beginning'
                )
            source = source_of(url, answer.headers)
            part.restart(source)
        if source.length is not None:
            part.check_space(source.length - part.size)
        while chunk:
            part.append(chunk)
            watcher.progress(part.size, source.length)
            chunk = read_some(answer, _CHUNK)
    if source.length is not None and part.size < source.length:
        raise TemporaryError(
            f'the connection was cut after {megabytes(part.size)} of '
            f'{megabytes(source.length)}'
        )
    return source
