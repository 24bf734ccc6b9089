"""The few things that a pickle of plain data may have built.

Each is built here from checked arguments. NumPy's own functions are not for
foreign hands: they believe what they are told about sizes, flags and raw
bytes, object pointers included.
"""

from __future__ import annotations

import collections
import math
import pickle
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..shown import shown

_TYPE_CODE = re.compile(r'b1|[iu][1248]|f[248]|c8|c16|[SU][1-9][0-9]{0,7}')
_MAX_DIMS = 32
_MAX_SIZE = 2**48
_FACTORIES = {
    'bool': bool, 'bytes': bytes, 'dict': dict, 'float': float, 'int': int,
    'list': list, 'set': set, 'str': str, 'tuple': tuple,
    # What protocols 0 to 2 call int and str.
    'long': int, 'unicode': str,
}  # fmt: skip


class Refusal(pickle.UnpicklingError):
    """What is wrong with a file; a sentence that starts with its name."""


class Budget:
    """What a file may have copied.

    Args:
        size: Length of the file. A few bytes could otherwise ask for the
            same large buffer again and again; an honest file holds whatever
            is copied, and no more than twice.
    """

    def __init__(self, size: int) -> None:
        self.left = 4 * size + 4096

    def spend(self, amount: int) -> None:
        """Raise ``Refusal`` if there is less left."""
        self.left -= amount
        if self.left < 0:
            raise Refusal(
                'asks for many times the memory that its own size explains, '
                'so it is refused. Create or download it again.'
            )


@dataclass
class Pending:
    """An object that is there, but still without its content.

    Args:
        finish: Makes the object out of its content.
        places: Where the pickle has put it down.
    """

    finish: Callable[[Any, Budget], Any]
    places: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Maker:
    """What stands for a function or class that a pickle refers to.

    Args:
        name: Its name.
        make: Builds what it would return; None if it is not to be called.
    """

    name: str
    make: Callable[[tuple, Budget], Any] | None = None


def find_maker(
    makers: Mapping[tuple[str, str], Maker], module: Any, name: Any
) -> Maker:
    """Look up a global, or refuse it by name.

    Args:
        makers: What may be built, by module and name.
        module: Module that the pickle names.
        name: Name in that module.

    Raises:
        Refusal: If plain data has no need for it.
    """
    maker = None
    if type(module) is str and type(name) is str:
        maker = makers.get((module, name))
    if maker is None:
        raise Refusal(refused_global(module, name))
    return maker


def refused_global(module: Any, name: Any) -> str:
    """End of the sentence that refuses a function or class."""
    full = '.'.join(
        shown(part, 80).strip('\'"') if type(part) is str else shown(part)
        for part in (module, name)
    )
    return (
        f'refers to {full}, which plain data has no need for. '
        'Loading it could run foreign code, so it is refused. Store plain '
        'numbers, strings, lists, dicts and NumPy arrays instead.'
    )


def _expect(condition: bool, what: str) -> None:
    if not condition:
        raise Refusal(
            f'has {what} that cannot be right. It is damaged or was made to '
            'do harm; create or download it again.'
        )


def _encode(args: tuple, budget: Budget) -> bytes:
    """How protocols 0 to 2 spell bytes; any other codec is refused."""
    text, encoding = args if len(args) == 2 else (*args, 'latin1')
    _expect(type(text) is str, 'an encoded text')
    if encoding not in ('latin1', 'latin-1'):
        raise Refusal(
            f'uses the codec {shown(encoding)}, which is not allowed. Store '
            'bytes as they are.'
        )
    budget.spend(len(text))
    return text.encode('latin1')


def _bytes(args: tuple, budget: Budget) -> bytes:
    _expect(args == (), 'an empty byte string')
    return b''


def _bytearray(args: tuple, budget: Budget) -> bytearray:
    if len(args) == 2:
        args = (_encode(args, budget),)
    _expect(len(args) < 2 and all(type(a) is bytes for a in args), 'bytes')
    budget.spend(sum(map(len, args)))
    return bytearray(*args)


def _complex(args: tuple, budget: Budget) -> complex:
    fine = all(type(a) in (float, int) for a in args) and len(args) == 2
    _expect(fine, 'a complex number')
    return complex(*args)


def _set(args: tuple, budget: Budget) -> set:
    _expect(len(args) < 2 and all(type(a) is list for a in args), 'a set')
    items = args[0] if args else []
    check_keys(items)
    budget.spend(8 * len(items))
    return set(items)


def _frozenset(args: tuple, budget: Budget) -> frozenset:
    return frozenset(_set(args, budget))


def _ordered(args: tuple, budget: Budget) -> collections.OrderedDict:
    _expect(len(args) < 2 and all(type(a) is list for a in args), 'a dict')
    items = args[0] if args else []
    # Python 2 lists the items instead of setting them one by one.
    fine = all(type(i) in (list, tuple) and len(i) == 2 for i in items)
    _expect(fine, 'a dict')
    check_keys([key for key, _ in items])
    budget.spend(8 * len(items))
    return collections.OrderedDict(items)


def _defaultdict(args: tuple, budget: Budget) -> collections.defaultdict:
    factory = None
    if args and args != (None,):
        _expect(len(args) == 1 and type(args[0]) is Maker, 'a defaultdict')
        name = args[0].name
        _expect(name in _FACTORIES, 'a defaultdict')
        factory = _FACTORIES[name]
    return collections.defaultdict(factory)


_KEY_TYPES = frozenset([str, bytes, float, bool, type(None)])


def check_keys(keys: list) -> None:
    """Refuse keys that are slow or impossible to hash.

    The hash of nested tuples can take for ever, or more stack than there is.

    Args:
        keys: Keys of a dict or elements of a set.

    Raises:
        Refusal: Unless all are strings, bytes or numbers.
    """
    for key in keys:
        kind = type(key)
        if kind in _KEY_TYPES or (kind is int and -(2**63) <= key < 2**63):
            continue
        if isinstance(key, np.generic) and key.dtype.kind in 'biufSU':
            continue
        raise Refusal(
            f'has {shown(key)} as key of a dict or element of a set, where '
            'annotations have strings or numbers. Store those.'
        )


def _dtype(args: tuple, budget: Budget) -> Pending:
    code = args[0] if args else None
    if type(code) is not str or not _TYPE_CODE.fullmatch(code):
        raise Refusal(
            f'has an array of type {shown(code)}; only booleans, numbers and '
            'strings are read. Store anything else as a list or dict.'
        )
    kind = np.dtype(code)

    def finish(state: Any, budget: Budget) -> np.dtype:
        fine = (
            type(state) is tuple
            and len(state) >= 5
            and state[1] in ('<', '>', '|', '=')
            and state[2:5] == (None, None, None)
        )
        _expect(fine, 'an array type')
        return kind if state[1] in '|=' else kind.newbyteorder(state[1])

    return Pending(finish)


def _array(
    raw: Any, dtype: Any, shape: Any, order: str, budget: Budget
) -> np.ndarray:
    """A native, writable array out of its bytes."""
    if type(shape) is int:
        shape = (shape,)
    fine = (
        isinstance(dtype, np.dtype)
        and type(raw) in (bytes, bytearray)
        and type(shape) is tuple
        and len(shape) <= _MAX_DIMS
        and all(map(_is_size, shape))
    )
    if type(raw) is list:
        raise Refusal(
            'has an array of objects; only arrays of booleans, numbers and '
            'strings are read. Store a list instead.'
        )
    _expect(fine, 'an array')
    expected = math.prod(shape) * dtype.itemsize
    if len(raw) != expected:
        raise Refusal(
            f'has an array of shape {shown_shape(shape)} and type {dtype} '
            f'with {len(raw)} instead of {shown(expected)} bytes. It is '
            'damaged; create or download it again.'
        )
    if 0 in shape:
        # NumPy multiplies the other sizes all the same.
        _expect(math.prod(filter(None, shape)) < _MAX_SIZE, 'an array')
        return np.empty(shape, dtype.newbyteorder('='), order)
    budget.spend(len(raw))
    flat = np.frombuffer(raw, dtype)
    if dtype.kind == 'b':
        # A byte besides 0 and 1 is no boolean, which NumPy takes on trust.
        flat = np.frombuffer(raw, np.uint8) != 0
    elif dtype.kind == 'U':
        points = np.frombuffer(raw, np.dtype('u4').newbyteorder(dtype.str[0]))
        _expect(int(points.max()) < 0x110000, 'a text')
    if not dtype.isnative:
        flat = flat.astype(dtype.newbyteorder('='))
    return flat.reshape(shape, order=order).copy('K')


def _is_size(size: Any) -> bool:
    return type(size) is int and 0 <= size < _MAX_SIZE


def shown_shape(shape: tuple) -> str:
    """A shape as NumPy would print it, of bounded length."""
    return f'({", ".join(map(shown, shape))})'


def _reconstruct(args: tuple, budget: Budget) -> Pending:
    _expect(len(args) == 3 and args[0] is _NDARRAY, 'an array')

    def finish(state: Any, budget: Budget) -> np.ndarray:
        _expect(type(state) is tuple and len(state) == 5, 'an array')
        _, shape, dtype, fortran, raw = state
        order = 'F' if fortran in (True, 1) else 'C'
        return _array(raw, dtype, shape, order, budget)

    return Pending(finish)


def _from_buffer(args: tuple, budget: Budget) -> np.ndarray:
    _expect(len(args) in (4, 5), 'an array')
    raw, dtype, shape, order = args[:4]
    if len(args) == 5 and order == 'K':
        axes = args[4]
        fine = type(axes) is tuple and type(shape) is tuple
        fine = fine and all(type(axis) is int for axis in axes)
        _expect(fine and sorted(axes) == [*range(len(shape))], 'an array')
        return _array(raw, dtype, shape, 'C', budget).transpose(axes)
    _expect(order in ('C', 'F'), 'an array')
    return _array(raw, dtype, shape, order, budget)


def _scalar(args: tuple, budget: Budget) -> np.generic:
    _expect(len(args) == 2, 'a number')
    return _array(args[1], args[0], (), 'C', budget)[()]


_NDARRAY = Maker('ndarray')


def _all_makers() -> dict[tuple[str, str], Maker]:
    builtin = dict.fromkeys(_FACTORIES) | {
        'bytearray': _bytearray,
        'bytes': _bytes,
        'complex': _complex,
        'frozenset': _frozenset,
        'set': _set,
    }
    makers = {
        ('_codecs', 'encode'): Maker('encode', _encode),
        ('collections', 'OrderedDict'): Maker('OrderedDict', _ordered),
        ('collections', 'defaultdict'): Maker('defaultdict', _defaultdict),
        ('numpy', 'dtype'): Maker('dtype', _dtype),
        ('numpy', 'ndarray'): _NDARRAY,
    }
    for module in ('builtins', '__builtin__'):
        for name, make in builtin.items():
            makers[module, name] = Maker(name, make)
    # NumPy 1.x and 2.x.
    for core in ('numpy.core', 'numpy._core'):
        multiarray, numeric = f'{core}.multiarray', f'{core}.numeric'
        makers[multiarray, '_reconstruct'] = Maker('array', _reconstruct)
        makers[multiarray, 'scalar'] = Maker('scalar', _scalar)
        makers[numeric, '_frombuffer'] = Maker('array', _from_buffer)
    return makers


MAKERS = _all_makers()
"""What plain data may have built."""
