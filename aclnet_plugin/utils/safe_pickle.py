"""Annotation pickles: read without running them, written in one piece.

A pickle is a program: it may import anything and call it. Annotation files
are downloaded and passed around, and all they need are numbers, strings,
containers and arrays. Everything else is refused.
"""

from __future__ import annotations

import builtins
import collections
import io
import os
import pickle
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
from mmengine import fileio

_BUILTINS = (
    'bool', 'bytearray', 'bytes', 'complex', 'dict', 'float', 'frozenset',
    'int', 'list', 'range', 'set', 'slice', 'str', 'tuple',
)  # fmt: skip


def _encode_latin1(text: str, encoding: str = 'latin1') -> bytes:
    """How protocols 0 to 2 spell bytes; any other codec is refused."""
    if encoding.replace('-', '').lower() not in ('latin1', 'iso88591'):
        raise pickle.UnpicklingError(f'the codec {encoding!r} is not allowed')
    return text.encode('latin1')


def _numpy_globals() -> dict[tuple[str, str], Any]:
    """What NumPy 1.x and 2.x write for arrays, dtypes and scalars."""
    # Taken from the objects themselves, so that no private module has to be
    # imported: __reduce__ names the functions that rebuild them.
    rebuild = np.zeros(1).__reduce__()[0]
    scalar = np.float32(0).__reduce__()[0]
    frombuffer = np.zeros(2).__reduce_ex__(5)[0]
    known = {
        ('numpy', 'ndarray'): np.ndarray,
        ('numpy', 'dtype'): np.dtype,
    }
    for module in ('numpy.core', 'numpy._core'):
        known[f'{module}.multiarray', '_reconstruct'] = rebuild
        known[f'{module}.multiarray', 'scalar'] = scalar
        known[f'{module}.numeric', '_frombuffer'] = frombuffer
    return known


def _allowed_globals() -> dict[tuple[str, str], Any]:
    known: dict[tuple[str, str], Any] = {
        ('collections', 'OrderedDict'): collections.OrderedDict,
        ('collections', 'defaultdict'): collections.defaultdict,
        ('_codecs', 'encode'): _encode_latin1,
    }
    for name in _BUILTINS:
        known['builtins', name] = getattr(builtins, name)
        known['__builtin__', name] = getattr(builtins, name)
    known.update(_numpy_globals())
    return known


_ALLOWED = _allowed_globals()


class SafeUnpickler(pickle.Unpickler):
    """An unpickler that knows data only.

    Args:
        file: Open binary file.
        origin: Name of the file, for the message.
    """

    def __init__(self, file: BinaryIO, origin: str = '<stream>') -> None:
        super().__init__(file)
        self.origin = origin

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        """Resolve a global, or refuse it by name."""
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f'{self.origin} refers to {module}.{name}, which an '
                'annotation file has no need for. Loading it could run '
                'foreign code, so it is refused. Store plain numbers, '
                'strings, lists, dicts and NumPy arrays instead.'
            ) from None


def safe_load(path: str | os.PathLike[str]) -> Any:
    """Load a pickle of plain data.

    Args:
        path: A local file, or an address that MMEngine's file backends
            understand.

    Returns:
        The stored object.

    Raises:
        FileNotFoundError: If there is no such file.
        pickle.UnpicklingError: If the file is empty, damaged, not a pickle,
            or refers to anything but plain data.
    """
    path = os.fspath(path)
    if '://' in path:
        return _load(io.BytesIO(fileio.get(path)), path)
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f'There is no file {path!r} (looked in {os.getcwd()!r}).'
        )
    with open(path, 'rb') as file:
        return _load(file, path)


def atomic_dump(content: Any, path: str | os.PathLike[str]) -> None:
    """Write a pickle so that the file is either complete or not there.

    Folders are created as needed.

    Args:
        content: Plain data.
        path: Target; an existing file is replaced at the last moment.
    """
    path = os.path.abspath(os.fspath(path))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    partial = f'{path}.{os.getpid()}.tmp'
    try:
        with open(partial, 'wb') as file:
            pickle.dump(content, file, protocol=4)
        os.replace(partial, path)
    finally:
        if os.path.exists(partial):
            os.remove(partial)


def _load(file: BinaryIO, origin: str) -> Any:
    if not file.read(1):
        raise pickle.UnpicklingError(
            f'{origin} is empty; create or download it again.'
        )
    file.seek(0)
    try:
        return SafeUnpickler(file, origin).load()
    except pickle.UnpicklingError as error:
        if str(error).startswith(origin):
            raise
        problem: Exception = error
    except MemoryError:
        raise
    except Exception as error:
        # A damaged stream can fail anywhere: EOFError, KeyError, ValueError,
        # TypeError, UnicodeDecodeError, ...
        problem = error
    raise pickle.UnpicklingError(
        f'{origin} is not a complete pickle file '
        f'({type(problem).__name__}: {problem}). It may be cut short, or of '
        'another format; create or download it again.'
    ) from problem
