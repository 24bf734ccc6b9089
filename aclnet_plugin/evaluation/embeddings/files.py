"""Files of embeddings: arrays of numbers and text, nothing that runs."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from typing import Any

import numpy as np

from ...utils.atomic import atomic_writer
from .embeddings import Embeddings, EmbeddingsError

FORMAT = 'aclnet embeddings'
VERSION = 1

_META = 'meta_'
_NEEDED = ('features', 'frame_dir', 'label', 'classes', 'about')
_DAMAGES = (
    *(ValueError, OSError, EOFError, KeyError, MemoryError),
    *(NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error),
)


def write_embeddings(
    path: str | os.PathLike[str], embeddings: Embeddings
) -> None:
    """Write an ``.npz`` file; it is complete or not there.

    It holds ``features`` ``(N, D)`` float32, ``frame_dir`` ``(N,)`` text,
    ``label`` ``(N,)`` int64, ``classes`` ``(K,)`` text, ``meta_<name>``
    ``(N,)`` for each metadata and ``about``, a text in JSON.

    Args:
        path: The file; an existing one is replaced.
        embeddings: What to write.

    Raises:
        OSError: If it cannot be written.
    """
    about = {'format': FORMAT, 'version': VERSION, **embeddings.about}
    arrays = {
        'features': embeddings.features,
        'frame_dir': embeddings.names,
        'label': embeddings.labels,
        'classes': np.array(list(embeddings.classes), np.str_),
        'about': np.array(json.dumps(about, ensure_ascii=False)),
    }
    arrays |= {_META + key: column for key, column in embeddings.meta.items()}
    with atomic_writer(path) as file:
        np.savez(file, **arrays)


def read_embeddings(path: str | os.PathLike[str]) -> Embeddings:
    """Read what :func:`write_embeddings` wrote.

    Args:
        path: The file.

    Raises:
        FileNotFoundError: If there is no such file.
        EmbeddingsError: If it is damaged, or something else.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f'There is no file {path!r}. tools/extract_embeddings.py makes '
            f'one.'
        )
    if not zipfile.is_zipfile(path):
        raise EmbeddingsError(
            f'{path} is no .npz file, or was cut short. Copy it again, or '
            f'make it with tools/extract_embeddings.py.'
        )
    try:
        with np.load(path, allow_pickle=False) as stored:
            wanted = [
                key
                for key in stored.files
                if key in _NEEDED or key.startswith(_META)
            ]
            arrays = {key: stored[key] for key in wanted}
    except _DAMAGES as error:
        raise EmbeddingsError(
            f'{path} is damaged, or not a file of embeddings: {error}. Copy '
            f'it again, or make it with tools/extract_embeddings.py.'
        ) from error
    lacking = [key for key in _NEEDED if key not in arrays]
    if lacking:
        raise EmbeddingsError(
            f'{path} is not a file of embeddings, it has no '
            f'{", ".join(lacking)}. Make one with '
            f'tools/extract_embeddings.py.'
        )
    about = _about(path, arrays['about'])
    classes = arrays['classes']
    if classes.ndim != 1 or classes.dtype.kind != 'U':
        raise EmbeddingsError(f'{path}: classes is no list of names.')
    return Embeddings(
        arrays['features'],
        arrays['frame_dir'],
        arrays['label'],
        tuple(classes.tolist()),
        {
            key.removeprefix(_META): column
            for key, column in arrays.items()
            if key.startswith(_META)
        },
        about,
        path,
    )


def _about(path: str, stored: np.ndarray) -> dict[str, Any]:
    try:
        about = json.loads(str(stored))
    except (ValueError, RecursionError):
        about = None
    if not isinstance(about, dict) or about.pop('format', None) != FORMAT:
        raise EmbeddingsError(
            f'{path} is not a file of embeddings: `about` does not say '
            f'{FORMAT!r}. Make one with tools/extract_embeddings.py.'
        )
    version = about.pop('version', None)
    if version != VERSION:
        raise EmbeddingsError(
            f'{path} has version {version}, this software reads version '
            f'{VERSION}. Extract the embeddings again, or update.'
        )
    return about
