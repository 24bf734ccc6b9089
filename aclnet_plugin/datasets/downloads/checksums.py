"""Checksums of downloaded files, and the record that is kept of them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from ...utils.atomic import atomic_writer

_CHUNK = 2**22
_LENGTHS = {'sha256': 64, 'md5': 32}


def digests_of(
    path: Path,
    kinds: Iterable[str] = ('sha256',),
    advance: Callable[[int], object] = lambda size: None,
) -> dict[str, str]:
    """Digests of a file, read once.

    Args:
        path: The file.
        kinds: Any of ``'sha256'`` and ``'md5'``.
        advance: Is told the number of bytes of each chunk.

    Returns:
        Hexadecimal digest of each kind.
    """
    running = {kind: hashlib.new(kind) for kind in kinds}
    with open(path, 'rb') as file:
        while chunk := file.read(_CHUNK):
            for digest in running.values():
                digest.update(chunk)
            advance(len(chunk))
    return {kind: digest.hexdigest() for kind, digest in running.items()}


def split_checksum(checksum: str) -> tuple[str, str]:
    """Kind and digest of ``'sha256:...'`` or ``'md5:...'``.

    Raises:
        ValueError: If it is neither.
    """
    kind, _, digest = checksum.lower().partition(':')
    length = _LENGTHS.get(kind, 0)
    if not length or not re.fullmatch(f'[0-9a-f]{{{length}}}', digest):
        raise ValueError(
            f'{checksum!r} is no checksum; expected sha256: and 64 '
            'hexadecimal digits, or md5: and 32.'
        )
    return kind, digest


def md5_of_header(header: str | None) -> str | None:
    """Hexadecimal form of a ``Content-MD5``; ``None`` if it is not one."""
    try:
        raw = base64.b64decode(header or '', validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw.hex() if len(raw) == 16 else None


def record_path(path: Path) -> Path:
    """Where the SHA-256 of a file is kept: beside it."""
    return path.with_name(f'{path.name}.sha256')


def write_record(path: Path, digest: str) -> None:
    """Keep a digest in the form that ``sha256sum --check`` reads."""
    with atomic_writer(record_path(path)) as file:
        file.write(f'{digest}  {path.name}\n'.encode())


def read_record(path: Path) -> str | None:
    """The digest that was kept of a file; ``None`` if there is no record.

    Raises:
        ValueError: If the record has another form.
    """
    record = record_path(path)
    if not record.exists():
        return None
    words = record.read_text(encoding='utf-8', errors='replace').split()
    if not words or not re.fullmatch('[0-9a-fA-F]{64}', words[0]):
        raise ValueError(
            f'{record}, line 1: expected 64 hexadecimal digits and a file '
            'name. Remove it, so that it is written again.'
        )
    return words[0].lower()


def check_file(path: Path, checksum: str | None = None) -> tuple[str, bool]:
    """Compare a file with its checksum and its record.

    Where there is no record, one is written.

    Args:
        path: The file.
        checksum: ``'sha256:...'`` or ``'md5:...'``, if one is published.

    Returns:
        SHA-256 of the file, and whether there was anything to compare with.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is another one, or its record cannot be read.
    """
    if not path.is_file():
        raise FileNotFoundError(f'{path} is not there; fetch it first.')
    record = read_record(path)
    wanted = [('sha256', record)] if record else []
    if checksum:
        wanted.append(split_checksum(checksum))
    found = digests_of(path, {'sha256', *(kind for kind, _ in wanted)})
    for kind, digest in wanted:
        if found[kind] != digest:
            raise ValueError(
                f'{path}: {kind} is {found[kind]}, expected {digest}. The '
                'file is damaged or another one; fetch it again with '
                '--overwrite.'
            )
    if record is None:
        write_record(path, found['sha256'])
    return found['sha256'], bool(wanted)
