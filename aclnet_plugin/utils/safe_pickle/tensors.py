"""Tensors of PyTorch, read as NumPy arrays without PyTorch.

A test run dumps its scores as a pickle of tensors. Each refers to a storage,
and a storage is a file in a file: five short pickles and the raw numbers, in
the form that ``torch.save`` had before it wrote zip archives. Those pickles
are the same bytes every time but for type, name and length, so that they are
compared instead of run; whatever else is there is refused.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from .values import MAKERS, Budget, Maker, Refusal

_HEADER = re.compile(
    # Magic number, version of the format, sizes of integers.
    rb'\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19\.\x80\x02M\xe9\x03\.'
    rb'\x80\x02}q\x00\(X\x10\0\0\0protocol_versionq\x01M\xe9\x03'
    rb'X\r\0\0\0little_endianq\x02\x88X\n\0\0\0type_sizesq\x03}q\x04\('
    rb'X\x05\0\0\0shortq\x05K\x02X\x03\0\0\0intq\x06K\x04'
    rb'X\x04\0\0\0longq\x07K[\x04\x08]uu\.'
    # Type, name, place and length of the storage; no view of another.
    rb'\x80\x02\(X\x07\0\0\0storageq\x00ctorch\n(?P<type>\w{1,20})\nq\x01'
    rb'X[\s\S]\0\0\0(?P<name>\d{1,20})q\x02X[\s\S]\0\0\0[\w:]{1,20}q\x03'
    rb'(?:K[\s\S]|M[\s\S]{2}|J[\s\S]{4}|\x8a[\s\S]{2,9}?)Ntq\x04Q\.'
    # Names of all storages, then the length once more.
    rb'\x80\x02\]q\x00X[\s\S]\0\0\0(?P=name)q\x01a\.(?P<length>[\s\S]{8})'
)
_TYPES = {
    b'FloatStorage': '<f4',
    b'DoubleStorage': '<f8',
    b'HalfStorage': '<f2',
    b'BFloat16Storage': '<u2',
    b'LongStorage': '<i8',
    b'IntStorage': '<i4',
    b'ShortStorage': '<i2',
    b'CharStorage': '<i1',
    b'ByteStorage': '<u1',
    b'BoolStorage': '<u1',
}
_MAX_DIMS = 32
_MAX_SIZE = 2**48


@dataclass(frozen=True)
class Storage:
    """Numbers that tensors look at.

    Args:
        values: One-dimensional.
    """

    values: np.ndarray


def _storage(args: tuple, budget: Budget) -> Storage:
    data = args[0] if len(args) == 1 else None
    found = _HEADER.match(data) if type(data) is bytes else None
    if found is None or found['type'] not in _TYPES:
        raise Refusal(
            'has a tensor that is not stored as torch.save stores one of '
            'numbers, so it is refused. Store NumPy arrays instead.'
        )
    raw = data[found.end() :]
    dtype = np.dtype(_TYPES[found['type']])
    length = int.from_bytes(found['length'], 'little')
    if length * dtype.itemsize != len(raw):
        raise Refusal(
            'has a tensor with more or fewer numbers than it says. It is '
            'damaged; create or download it again.'
        )
    budget.spend(len(raw))
    values = np.frombuffer(raw, dtype)
    if found['type'] == b'BoolStorage':
        values = values != 0
    elif found['type'] == b'BFloat16Storage':
        # The upper half of a float32.
        budget.spend(len(raw))
        values = (values.astype('<u4') << 16).view('<f4')
    return Storage(values)


def _tensor(args: tuple, budget: Budget) -> np.ndarray:
    storage, offset, shape, strides = args[:4] if len(args) > 5 else [None] * 4
    fine = (
        type(storage) is Storage
        and type(shape) is type(strides) is tuple
        and len(shape) == len(strides) <= _MAX_DIMS
        and all(
            type(number) is int and 0 <= number < _MAX_SIZE
            for number in (offset, *shape, *strides)
        )
    )
    empty = fine and 0 in shape
    if empty:
        # NumPy multiplies the other sizes all the same.
        fine = math.prod(filter(None, shape)) < _MAX_SIZE
    elif fine:
        steps = zip(shape, strides, strict=True)
        last = offset + sum((size - 1) * step for size, step in steps)
        fine = last < len(storage.values)
    if not fine:
        raise Refusal(
            'has a tensor that cannot be right. It is damaged or was made to '
            'do harm; create or download it again.'
        )
    values = storage.values
    if empty:
        return np.empty(shape, values.dtype)
    # A stride of 0 repeats a number as often as the file likes.
    budget.spend(math.prod(shape) * values.itemsize)
    step = values.itemsize
    view = np.lib.stride_tricks.as_strided(
        values[offset:], shape, [step * stride for stride in strides]
    )
    return view.copy()


MAKERS_WITH_TENSORS = MAKERS | {
    ('torch._utils', '_rebuild_tensor_v2'): Maker('tensor', _tensor),
    ('torch.storage', '_load_from_bytes'): Maker('storage', _storage),
}
"""What may be built where tensors are expected."""
