"""Fetch a file: continue what is there, check it, put it in its place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .checksums import digests_of, split_checksum, write_record
from .errors import (
    DownloadError,
    ServerDownError,
    UnavailableError,
)
from .http_requests import Source
from .partial_file import PartialFile, begun_from, partial_file
from .transfers import PATIENT, SILENT, Patience, Watcher, transfer


def fetch(
    url: str,
    target: Path,
    checksum: str | None = None,
    patience: Patience = PATIENT,
    watcher: Watcher = SILENT,
) -> str:
    """Download a file; it is complete and checked, or not there.

    What has arrived is kept in ``<target>.part``. Another call continues it
    if the server still has the same file (its ETag, else the date of its last
    change, is compared), otherwise it starts again. The length, the given
    checksum and an MD5 that the server sends are compared before the file is
    put in its place; its SHA-256 is written to ``<target>.sha256``. Nothing
    in the file is looked at but its first bytes, which must not be those of a
    web page.

    Args:
        url: The address, ``http`` or ``https``.
        target: The file; an existing one is replaced at the last moment.
        checksum: ``'sha256:...'`` or ``'md5:...'``, if known.
        patience: When to give up.
        watcher: Is told what happens.

    Returns:
        SHA-256 of the file.

    Raises:
        UnavailableError: If the address does not give the file.
        DownloadError: If it is another than expected, or cannot be written.
    """
    expected = dict([split_checksum(checksum)]) if checksum else {}
    with partial_file(target) as part:
        source = transfer(url, part, patience, watcher)
        if source.length is None:
            watcher.say(
                f'{url} did not say how long the file is; if its end is '
                'missing, nothing shows it'
            )
        digest = _verify(part, source, expected)
        part.complete()
    write_record(target, digest)
    return digest


def fetch_from_any(
    urls: Sequence[str],
    target: Path,
    checksum: str | None = None,
    patience: Patience = PATIENT,
    watcher: Watcher = SILENT,
) -> str:
    """Download a file that several addresses have.

    The address from which a part is there comes first. Another one would
    start from the beginning, so it is asked only if the first has not got
    the file any more.

    Args:
        urls: The addresses, the best first.
        target: See :func:`fetch`, as for the others.
        checksum: If known.
        patience: When to give up an address.
        watcher: Is told what happens.

    Returns:
        SHA-256 of the file.

    Raises:
        UnavailableError: If no address gives the file; tells of each.
        DownloadError: If it is another than expected, or cannot be written.
    """
    begun = begun_from(target)
    told = []
    for url in sorted(urls, key=lambda url: url != begun):
        watcher.say(f'from {url}')
        try:
            return fetch(url, target, checksum, patience, watcher)
        except UnavailableError as error:
            told.append(str(error))
            if isinstance(error, ServerDownError) and begun_from(target):
                break
    raise UnavailableError('\n'.join(told))


def _verify(
    part: PartialFile, source: Source, expected: dict[str, str]
) -> str:
    """Compare digests; what is wrong is not kept."""
    wanted = [('the known checksum', *item) for item in expected.items()]
    if source.md5:
        wanted.append(('the checksum of the server', 'md5', source.md5))
    kinds = {'sha256', *(kind for _, kind, _ in wanted)}
    found = digests_of(part.path, kinds)
    for whose, kind, digest in wanted:
        if found[kind] != digest:
            part.discard()
            raise DownloadError(
                f'{source.url}: {kind} is {found[kind]}, but {whose} is '
                f'{digest}. The file was damaged on the way or replaced at '
                'the source; it was removed. Start again.'
            )
    return found['sha256']
