"""The header of a store, which describes its files."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

from ...utils.shown import shown
from .format import FORMAT, HEADER, PARTIAL, REPLACED, VERSION
from .header_checks import body_problem

MAX_BYTES = 2**24
"""Of a header; it is read as a whole, and tells of no single sequence."""

_REBUILD = 'Build it again with tools/data/build_store.py.'


def checksum_of(body: Any) -> str:
    """SHA-256 of the content of a header."""
    text = json.dumps(body, sort_keys=True, separators=(',', ':'))
    return hashlib.sha256(text.encode()).hexdigest()


def header_text(body: dict[str, Any]) -> str:
    """The header file of a store.

    Args:
        body: What it has to tell.

    Raises:
        ValueError: If it is longer than a reader accepts.
    """
    header = {
        'format': FORMAT,
        'version': VERSION,
        'checksum': checksum_of(body),
        'body': body,
    }
    text = json.dumps(header, indent=1) + '\n'
    if len(text) > MAX_BYTES:
        raise ValueError(
            f'splits and classes fill a header of {len(text):,} bytes; at '
            f'most {MAX_BYTES:,} are possible. Leave some of them out.'
        )
    return text


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
    if type(version) is not int or version != VERSION:
        raise ValueError(
            f'{folder} is a store of version {shown(version)}; this release '
            f'reads version {VERSION}. {_REBUILD}'
        )
    body, checksum = header.get('body'), header.get('checksum')
    if not isinstance(body, dict) or not _fits(body, checksum):
        raise ValueError(
            f'{path} is damaged: its checksum does not fit. {_REBUILD}'
        )
    problem = body_problem(body)
    if problem is not None:
        raise ValueError(f'{path} is damaged: it {problem}. {_REBUILD}')
    _check_sizes(folder, body['files'])
    return body, checksum


def _parse(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding='utf-8') as file:
            text = file.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise ValueError(f'more than {MAX_BYTES:,} bytes')
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f'{path} is damaged or cut short ({shown(str(error), 99)}). '
            f'{_REBUILD}'
        ) from None
    if not isinstance(header, dict) or header.get('format') != FORMAT:
        raise ValueError(f'{path} is not the header of a store. {_REBUILD}')
    return header


def _fits(body: dict[str, Any], checksum: Any) -> bool:
    try:
        return checksum == checksum_of(body)
    except RecursionError:
        # Not as deep as what can be read can be written.
        return False


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
