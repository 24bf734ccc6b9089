"""Plain values as JSON, and back to the very same types.

JSON knows strings, numbers, lists and objects. Whatever else an annotation
may hold becomes an object with a single key, its type: ``{"tuple": [1, 2]}``.
Arrays keep their bytes elsewhere; ``{"array": [...]}`` says where and how.
Nothing in it can run, whoever made the file.
"""

from __future__ import annotations

import collections
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from ...utils.shown import shown

Put = Callable[[np.ndarray], int]
"""Takes an array away; returns where its bytes are."""

Get = Callable[[int, np.dtype, tuple[int, ...], str], np.ndarray]
"""Array from place, dtype, shape and order (``'C'`` or ``'F'``)."""

_MAX_DEPTH = 50
_DTYPE = re.compile(r'[<>|](b1|[iu][1248]|f[248]|c8|c16|[SU][1-9][0-9]{0,7})')
_SEQUENCES = {kind.__name__: kind for kind in (tuple, set, frozenset)}
_MAPPINGS = {kind.__name__: kind for kind in (dict, collections.OrderedDict)}
_BYTES = {kind.__name__: kind for kind in (bytes, bytearray)}
_FACTORIES = {
    kind.__name__: kind
    for kind in (bool, bytes, dict, float, int, list, set, str, tuple)
}


def encode(value: Any, put: Put, depth: int = 0) -> Any:
    """Turn a plain value into what ``json`` can write.

    Args:
        value: Numbers, strings, NumPy arrays, and containers of them.
        put: Takes the arrays.
        depth: How many containers are around it.

    Raises:
        ValueError: If there is anything else; the end of a sentence that
            starts with what it belongs to.
    """
    kind = type(value)
    if value is None or kind is bool or kind is float:
        return value
    if kind is int:
        # Python refuses to print very long numbers.
        return value if abs(value) < 2**63 else {'int': hex(value)}
    if kind is str:
        # A lone surrogate has no UTF-8.
        if value.isascii() or not any(map(_is_surrogate, value)):
            return value
        return {'str': value.encode('utf-8', 'surrogatepass').hex()}
    if kind is np.ndarray or kind is np.memmap:
        code = _code(value.dtype)
        shape, fortran = list(value.shape), is_fortran(value)
        return {'array': [code, shape, fortran, put(value)]}
    if isinstance(value, np.generic):
        array = np.asarray(value)
        return {'number': [_code(array.dtype), array.tobytes().hex()]}
    if kind is complex:
        return {'complex': [value.real, value.imag]}
    if kind in _BYTES.values():
        return {kind.__name__: value.hex()}
    return _encode_container(value, put, depth + 1)


def _encode_container(value: Any, put: Put, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        raise ValueError(
            f'holds containers within containers, more than {_MAX_DEPTH} '
            'deep, or one within itself; store it flatter'
        )
    kind = type(value)
    if kind is list:
        return [encode(item, put, depth) for item in value]
    if kind in _SEQUENCES.values():
        return {kind.__name__: [encode(item, put, depth) for item in value]}
    factory = getattr(value, 'default_factory', None)
    mapping = kind in _MAPPINGS.values()
    if kind is collections.defaultdict:
        mapping = factory is None or factory in _FACTORIES.values()
    if not mapping:
        raise ValueError(
            f'holds {shown(value)}, which a store cannot keep; use numbers, '
            'strings, lists, tuples, dicts and NumPy arrays'
        )
    items = [
        [encode(key, put, depth), encode(item, put, depth)]
        for key, item in value.items()
    ]
    if kind is collections.defaultdict:
        return {'defaultdict': [factory and factory.__name__, items]}
    return {kind.__name__: items}


def decode(value: Any, get: Get) -> Any:
    """Turn what ``json`` has read into the value that was encoded.

    Args:
        value: Result of :func:`encode`.
        get: Brings the arrays.

    Raises:
        Exception: Any, if it is no result of ``encode``.
    """
    kind = type(value)
    if kind is list:
        return [decode(item, get) for item in value]
    if kind is not dict:
        return value
    ((tag, content),) = value.items()
    if tag == 'array':
        code, shape, fortran, place = content
        dtype = _dtype(code)
        return get(place, dtype, tuple(shape), 'F' if fortran else 'C')
    if tag in _SEQUENCES:
        return _SEQUENCES[tag](decode(item, get) for item in content)
    if tag in _MAPPINGS:
        return _MAPPINGS[tag](_items(content, get))
    return _OTHERS[tag](content, get)


def _items(pairs: list, get: Get) -> list[tuple]:
    return [(decode(key, get), decode(item, get)) for key, item in pairs]


def _defaultdict(content: list, get: Get) -> collections.defaultdict:
    name, pairs = content
    factory = None if name is None else _FACTORIES[name]
    return collections.defaultdict(factory, _items(pairs, get))


def _number(content: list, get: Get) -> np.generic:
    code, digits = content
    return np.ndarray((), _dtype(code), bytes.fromhex(digits))[()]


_OTHERS: dict[str, Callable[[Any, Get], Any]] = {
    'int': lambda digits, get: int(digits, 16),
    'str': lambda hexed, get: str(
        bytes.fromhex(hexed), 'utf-8', 'surrogatepass'
    ),
    'complex': lambda parts, get: complex(*parts),
    'number': _number,
    'defaultdict': _defaultdict,
    'bytes': lambda digits, get: bytes.fromhex(digits),
    'bytearray': lambda digits, get: bytearray.fromhex(digits),
}


def is_fortran(array: np.ndarray) -> bool:
    """Whether the bytes of an array are in Fortran order, not in C order."""
    return array.flags.f_contiguous and not array.flags.c_contiguous


def _is_surrogate(letter: str) -> bool:
    return '\ud800' <= letter <= '\udfff'


def _code(dtype: np.dtype) -> str:
    if not _DTYPE.fullmatch(dtype.str):
        raise ValueError(
            f'holds an array or number of dtype {shown(str(dtype))}, which a '
            'store cannot keep; use booleans, numbers or strings'
        )
    return dtype.str


@lru_cache(maxsize=256)
def _dtype(code: str) -> np.dtype:
    if not _DTYPE.fullmatch(code):
        raise ValueError(f'{shown(code)} is no dtype of a store')
    return np.dtype(code)
