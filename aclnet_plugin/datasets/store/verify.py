"""The full check of a store, which reads every byte."""

from __future__ import annotations

import hashlib
import os

from .annotations import Track
from .header import read_header

_BLOCK = 2**22


def verify_store(
    folder: str | os.PathLike[str], track: Track | None = None
) -> int:
    """Compare every file of a store with its checksum.

    Opening a store compares sizes only, so as to take no time. This finds
    the bytes that a bad disk or copy has changed.

    Args:
        folder: The store.
        track: Called with the files, a description and their number;
            returns the files, for instance with a progress bar.

    Returns:
        Number of sequences.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If it is no store, or one of its files has changed.
    """
    folder = os.fspath(folder)
    body, _ = read_header(folder)
    names = list(body['files'])
    for name in track(names, 'verifying', len(names)) if track else names:
        path = os.path.join(folder, name)
        digest = hashlib.sha256()
        with open(path, 'rb') as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        if digest.hexdigest() != body['files'][name]['sha256']:
            raise ValueError(
                f'{path} has changed since the store was made. Copy it '
                'again, or build it again with tools/data/build_store.py.'
            )
    return body['sequences']
