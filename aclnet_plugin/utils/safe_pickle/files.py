"""Pickles of plain data: read without running them, written in one piece.

A pickle is a program: it may import anything and call it. Annotation files
are downloaded and passed around, and all they need are numbers, strings,
containers and arrays. Everything else is refused, and so are tensors unless
the caller asks for them.
"""

from __future__ import annotations

import os
import pickle
from typing import Any

from mmengine import fileio

from ..atomic import atomic_writer
from .machine import run_pickle
from .plain_data import check_plain
from .tensors import MAKERS_WITH_TENSORS
from .values import MAKERS, Refusal


def safe_load(path: str | os.PathLike[str], tensors: bool = False) -> Any:
    """Load a pickle of plain data.

    Args:
        path: A local file, or an address that MMEngine's file backends
            understand.
        tensors: Whether tensors of PyTorch, which the scores of a test run
            are, become NumPy arrays instead of being refused. Defaults to
            False.

    Returns:
        The stored object.

    Raises:
        FileNotFoundError: If there is no such file.
        pickle.UnpicklingError: If the file is empty, damaged, not a pickle,
            or refers to anything but plain data.
    """
    path = os.fspath(path)
    if '://' not in path and not os.path.isfile(path):
        raise FileNotFoundError(
            f'There is no file {path!r} (looked in {os.getcwd()!r}).'
        )
    try:
        makers = MAKERS_WITH_TENSORS if tensors else MAKERS
        content = run_pickle(_read(path), makers)
        check_plain(content)
    except Refusal as error:
        raise pickle.UnpicklingError(f'{path} {error}') from None
    except OSError:
        raise
    except MemoryError:
        raise pickle.UnpicklingError(
            f'{path} needs more memory than there is, about three times its '
            'size. Use a machine with more, or split the file.'
        ) from None
    except Exception as error:
        # A damaged stream can fail anywhere: IndexError, KeyError,
        # ValueError, TypeError, UnicodeDecodeError, ...
        problem = f'{type(error).__name__}: {error}'[:200]
        raise pickle.UnpicklingError(
            f'{path} is not a complete pickle file ({problem}). It may be cut '
            'short, or of another format; create or download it again.'
        ) from None
    return content


def atomic_dump(content: Any, path: str | os.PathLike[str]) -> None:
    """Write a pickle so that the file is either complete or not there.

    Folders are created as needed.

    Args:
        content: Plain data.
        path: Target; an existing file is replaced at the last moment.
    """
    with atomic_writer(path) as file:
        pickle.dump(content, file, protocol=4)


def _read(path: str) -> bytes:
    if '://' in path:
        data = fileio.get(path)
    else:
        with open(path, 'rb') as file:
            data = file.read()
    if not data:
        raise Refusal('is empty; create or download it again.')
    return data
