"""Find the ``.skeleton`` files of NTU RGB+D in folders and zip archives."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from ....utils.shown import shown_some
from ..outcomes import BadFile
from .protocol import parse_name

SUFFIX = '.skeleton'
MAX_BYTES = 64 * 2**20
"""Far above any real file: 300 frames of two persons take 2 MB."""


@dataclass(frozen=True)
class RawFile:
    """A skeleton file, on its own or in an archive.

    As a path (``os.stat``) it is the file or the archive, as a text it names
    the place of the file.

    Args:
        name: Of the sample, without suffix.
        path: The file or the archive.
        member: Name inside the archive; empty for a file on its own.
    """

    name: str
    path: Path
    member: str = ''

    def __fspath__(self) -> str:
        return os.fspath(self.path)

    def __str__(self) -> str:
        return f'{self.path}/{self.member}' if self.member else str(self.path)

    def read(self) -> bytes:
        """The content.

        Raises:
            BadFile: If it cannot be read.
        """
        try:
            if self.member:
                return _open(self.path, os.getpid()).read(self.member)
            return self.path.read_bytes()
        except _UNREADABLE as error:
            raise BadFile(
                f'{self} cannot be read ({error}); download or unpack it '
                'again.'
            ) from error


_UNREADABLE = (
    OSError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    RuntimeError,  # encrypted, or a compression that is not supported
)


def find_files(sources: Iterable[Path]) -> tuple[list[RawFile], list[str]]:
    """List all samples, sorted by name.

    Args:
        sources: Folders, searched with all folders below, and zip archives.

    Returns:
        The files, and ``.skeleton`` files whose name is not that of a sample.

    Raises:
        FileNotFoundError: If a source is not there.
        ValueError: If a source is no archive, or has no samples, or a sample
            occurs twice.
    """
    files: dict[str, RawFile] = {}
    others: list[str] = []
    for source in sources:
        before, odd = len(files), []
        for file in _list(source):
            if parse_name(file.name) is None:
                odd.append(str(file))
                continue
            twin = files.setdefault(file.name, file)
            if twin is not file:
                raise ValueError(
                    f'{file.name} occurs twice, {twin} and {file}; name each '
                    'folder or archive once, and not both what is packed and '
                    'what is unpacked.'
                )
        others += odd
        if len(files) == before:
            names = [PurePosixPath(name).name for name in odd]
            raise ValueError(
                f'{source} has no file like S001C001P001R001A001{SUFFIX}'
                + (f', but {shown_some(names)}' if names else '')
                + '; give the folder or archive of the skeletons.'
            )
    return [files[name] for name in sorted(files)], others


def _list(source: Path) -> Iterator[RawFile]:
    if source.is_dir():
        for path in sorted(source.rglob(f'*{SUFFIX}')):
            if not path.name.startswith('.'):
                yield RawFile(path.stem, path)
        return
    if not source.exists():
        raise FileNotFoundError(f'There is no file or folder {source}.')
    if source.suffix == SUFFIX:
        yield RawFile(source.stem, source)
        return
    try:
        members = _open(source, os.getpid()).infolist()
    except _UNREADABLE as error:
        raise ValueError(
            f'{source} cannot be read as a zip archive ({error}); download '
            'it again.'
        ) from error
    for member in members:
        path = PurePosixPath(member.filename)
        if path.suffix != SUFFIX or path.name.startswith('.'):
            continue
        if member.file_size > MAX_BYTES:
            raise ValueError(
                f'{source}: {member.filename} claims {member.file_size} '
                f'bytes; the limit is {MAX_BYTES}.'
            )
        yield RawFile(path.stem, source, member.filename)


@lru_cache(maxsize=8)
def _open(archive: Path, process: int) -> zipfile.ZipFile:
    """An open archive; processes that share a file disturb each other."""
    return zipfile.ZipFile(archive)
