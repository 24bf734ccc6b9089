"""Many pickles in a folder or in a zip archive, found by their name."""

from __future__ import annotations

import os
import pickle
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from ....utils.safe_pickle import safe_load
from ..outcomes import BadFile

# Far above any real file; the largest hold the skeletons of many videos.
MAX_BYTES = 4 * 2**30


class PickleFiles:
    """The pickles of a folder or a zip archive.

    Folders within it do not matter, so that it can be given wherever the
    archive was unpacked. An archive is read in place: names of its members
    are compared, never used as paths.

    Args:
        source: Folder or ``.zip``.

    Raises:
        FileNotFoundError: If there is no such folder or file.
        ValueError: If there is no pickle in it, two have the same name, or
            it is another kind of file.
    """

    def __init__(self, source: Path) -> None:
        self.source = source
        self._archive = None
        self._unpacked = None
        if not source.exists():
            raise FileNotFoundError(f'There is no file or folder {source}.')
        if not source.is_dir():
            self._archive = _open_archive(source)
            self._unpacked = tempfile.TemporaryDirectory()
        self._places = _by_name(source, self._all_places())

    def __len__(self) -> int:
        """Number of pickles."""
        return len(self._places)

    def __contains__(self, name: str) -> bool:
        """Whether there is a pickle of this name, with its suffix."""
        return name in self._places

    def load(self, name: str) -> Any:
        """Read a pickle as data.

        Args:
            name: Its name, with its suffix.

        Raises:
            BadFile: If it is damaged or not plain data.
        """
        place = self._places[name]
        try:
            if self._archive is None:
                return safe_load(place)
            return self._load_member(place)
        except pickle.UnpicklingError as error:
            raise BadFile(str(error)) from None

    def close(self) -> None:
        """Close the archive."""
        if self._archive is not None:
            self._archive.close()
            self._unpacked.cleanup()

    def _all_places(self) -> Iterator[str]:
        if self._archive is not None:
            yield from self._archive.namelist()
            return
        for folder, _, names in os.walk(self.source):
            for name in names:
                yield os.path.join(folder, name)

    def _load_member(self, place: str) -> Any:
        where = f'{self.source}, member {place}'
        info = self._archive.getinfo(place)
        if info.file_size > MAX_BYTES:
            raise BadFile(
                f'{where} claims {info.file_size} bytes; the limit is '
                f'{MAX_BYTES}.'
            )
        path = os.path.join(self._unpacked.name, 'member.pkl')
        try:
            with self._archive.open(info) as member, open(path, 'wb') as file:
                shutil.copyfileobj(member, file, 2**20)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            NotImplementedError,
            RuntimeError,  # encrypted
        ) as error:
            raise BadFile(
                f'{where} cannot be unpacked ({error}); fetch the archive '
                'again.'
            ) from error
        try:
            return safe_load(path)
        except pickle.UnpicklingError as error:
            raise BadFile(str(error).replace(path, where)) from None
        finally:
            # Writing over it would wait for the disk each time.
            os.unlink(path)


def _open_archive(source: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except zipfile.BadZipFile as error:
        raise ValueError(
            f'{source} is no complete zip archive ({error}); fetch it again. '
            'An archive of another kind has to be unpacked; give the folder.'
        ) from None


def _by_name(source: Path, places: Iterator[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for place in places:
        name = PurePosixPath(place.replace(os.sep, '/')).name
        if not name.endswith('.pkl') or name.startswith('.'):
            continue
        other = found.setdefault(name, place)
        if other != place:
            raise ValueError(
                f'{source} has two files {name}: {other} and {place}. Give '
                'the folder that has the right one.'
            )
    if not found:
        raise ValueError(
            f'{source} has no pickle (.pkl) in it; give the folder or '
            'archive with the skeletons.'
        )
    return found
