"""The files of a store, and the header that describes them."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

import numpy as np

from ...utils.shown import shown

SUFFIX = '.store'
HEADER, ARRAYS, RECORDS, INDEX, PLACES = (
    'header.json', 'arrays.bin', 'records.bin', 'index.bin', 'places.bin',
)  # fmt: skip
FORMAT = 'aclnet_plugin skeleton store'
VERSION = 1
PARTIAL = '.partial'
"""Ends the name of the folder in which a store is written."""
REPLACED = '.replaced'
"""Ends the name of a store for the moment in which another takes its place."""

ROW = np.dtype(
    [
        ('arrays', '<i8'),  # where its arrays start
        ('record', '<i8'),  # where its record starts
        ('content', '<u8'),  # hash of the key points, 0 if all are zero
        ('label', '<i4'),  # the label, or the largest of several
        ('size', '<i4'),  # persons; skeletons of (n, V, C)
        ('frames', '<i4'),
        ('kind', '<u2'),  # place in the header's table of kinds
        ('several', '<u2'),  # whether there is a list of labels
    ]
)
"""What the index says of a sequence. Two rows follow those of the sequences:
one for the record of everything else, one that marks the end."""

_REBUILD = 'Build it again with tools/data/build_store.py.'


def is_store(path: Any, root: str | None = None) -> bool:
    """Whether a path means a store, be it there or not.

    Args:
        path: Path of an annotation file.
        root: Folder that a relative path starts from.
    """
    if not path or not isinstance(path, (str, os.PathLike)):
        return False
    full = os.path.join(root or '', os.fspath(path))
    return full.rstrip('/').endswith(SUFFIX) or os.path.isdir(full)


def checksum_of(body: Any) -> str:
    """SHA-256 of the content of a header."""
    text = json.dumps(body, sort_keys=True, separators=(',', ':'))
    return hashlib.sha256(text.encode()).hexdigest()


def header_text(body: dict[str, Any]) -> str:
    """The header file of a store.

    Args:
        body: What it has to tell.
    """
    header = {
        'format': FORMAT,
        'version': VERSION,
        'checksum': checksum_of(body),
        'body': body,
    }
    return json.dumps(header, indent=1) + '\n'


def read_header(folder: str) -> tuple[dict[str, Any], str]:
    """Read the header and compare it with the sizes of the files.

    Args:
        folder: The store.

    Returns:
        What it tells, and its checksum.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If it is no store, of another version, damaged, or if a
            file was cut short.
    """
    if '://' in folder:
        raise ValueError(
            f'{folder} is no local folder. A store is mapped into memory; '
            'copy it to a disk of this machine.'
        )
    if not os.path.exists(folder):
        old = folder.rstrip('/') + REPLACED
        if os.path.exists(old):
            raise FileNotFoundError(
                f'There is no store {folder!r}, but {old!r}: replacing it was '
                'interrupted. Rename that one, or build the store again.'
            )
        raise FileNotFoundError(
            f'There is no store {folder!r} (looked in {os.getcwd()!r}). Set '
            'ann_file of the dataset, or make the store: '
            'python tools/data/build_store.py FILE.pkl FOLDER.store'
        )
    path = os.path.join(folder, HEADER)
    if not os.path.isfile(path):
        unfinished = folder.rstrip('/').endswith(PARTIAL)
        raise ValueError(
            f'{folder} is no store: it has no {HEADER}'
            + ', because its making was interrupted' * unfinished
            + f'. {_REBUILD}'
        )
    header = _parse(path)
    version = header.get('version')
    if version != VERSION:
        raise ValueError(
            f'{folder} is a store of version {shown(version)}; this release '
            f'reads version {VERSION}. {_REBUILD}'
        )
    body = header.get('body')
    if not isinstance(body, dict) or header.get('checksum') != checksum_of(
        body
    ):
        raise ValueError(
            f'{path} is damaged: its checksum does not fit. {_REBUILD}'
        )
    _check_sizes(folder, body['files'])
    return body, header['checksum']


def _parse(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding='utf-8') as file:
            header = json.load(file)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f'{path} is damaged or cut short ({shown(str(error), 99)}). '
            f'{_REBUILD}'
        ) from None
    if not isinstance(header, dict) or header.get('format') != FORMAT:
        raise ValueError(f'{path} is not the header of a store. {_REBUILD}')
    return header


def _check_sizes(folder: str, files: dict[str, Any]) -> None:
    for name, expected in files.items():
        path = os.path.join(folder, name)
        size = os.path.getsize(path) if os.path.isfile(path) else None
        if size == expected['bytes']:
            continue
        found = 'is missing' if size is None else f'has {size:,} bytes'
        raise ValueError(
            f'{path} {found}, but the store was made with '
            f'{expected["bytes"]:,}: it was cut short or changed. Copy it '
            'again, or build it again with tools/data/build_store.py.'
        )
