"""Tensors are read where they are asked for, and nowhere else."""

import pickle
import struct

import numpy as np
import pytest
import torch

from aclnet_plugin.utils.safe_pickle import safe_load
from tests.test_utils.test_safe_pickle.test_hostile_pickles import (
    Call,
    calls,
    memory_bombs,
)

TYPES = [
    *(torch.float32, torch.float64, torch.float16, torch.bfloat16),
    *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8),
    torch.bool,
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'scores.pkl'


def refusal_of(path, data):
    path.write_bytes(data)
    with pytest.raises(pickle.UnpicklingError) as caught:
        safe_load(path, tensors=True)
    assert path.name in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize('protocol', range(6))
@pytest.mark.parametrize('dtype', TYPES, ids=str)
def test_what_torch_writes_is_read(path, dtype, protocol):
    whole = torch.arange(-6, 294).reshape(3, 100).to(dtype)
    written = [whole, whole[1], whole[:, 5], whole.T, whole[0, 3], whole[:0]]
    path.write_bytes(pickle.dumps({'all': written}, protocol=protocol))
    read = safe_load(path, tensors=True)['all']
    assert len(read) == len(written)
    for array, tensor in zip(read, written, strict=True):
        assert type(array) is np.ndarray and array.flags.writeable
        assert array.shape == tuple(tensor.shape)
        if dtype is torch.bfloat16:
            tensor = tensor.float()
        assert array.dtype == tensor.numpy().dtype
        np.testing.assert_array_equal(array, tensor.numpy())


def test_many_and_empty_tensors(path):
    for size in (0, 1, 255, 256, 65535, 65536):
        path.write_bytes(pickle.dumps(torch.arange(size)))
        np.testing.assert_array_equal(
            safe_load(path, tensors=True), np.arange(size)
        )


def test_refused_unless_asked_for(path):
    path.write_bytes(pickle.dumps([torch.zeros(2)]))
    with pytest.raises(pickle.UnpicklingError, match='_rebuild_tensor_v2'):
        safe_load(path)
    assert len(safe_load(path, tensors=True)) == 1


@pytest.mark.parametrize('protocol', range(6))
def test_nothing_else_is_allowed_beside_tensors(path, protocol):
    witness = path.with_name('witness')
    for name, call in calls(witness):
        if name == '_rebuild_tensor':
            continue
        try:
            data = pickle.dumps([torch.zeros(1), call], protocol=protocol)
        except (TypeError, pickle.PicklingError):
            continue  # functions of a module have no such protocol
        assert 'refused' in refusal_of(path, data)
    assert not witness.exists()


def storage_bytes(tensor):
    typed = torch.storage.TypedStorage(
        wrap_storage=tensor.untyped_storage(),
        dtype=tensor.dtype,
        _internal=True,
    )
    (data,) = typed.__reduce__()[1]
    return data


def inner_of(data):
    return pickle.dumps(Call(torch.storage._load_from_bytes, data), 2)


def test_a_storage_is_compared_byte_by_byte(path):
    good = storage_bytes(torch.arange(5.0))
    assert b'FloatStorage' in good
    path.write_bytes(inner_of(good))
    # Alone it is no data.
    assert 'where data is expected' in refusal_of(path, inner_of(good))
    evil = b'cposix\nsystem\n(S"true"\ntR.'
    for data in (
        *(b'', b'x', evil, evil + good, good[:50] + evil + good[50:]),
        *(b'PK\x03\x04' + good, good.replace(b'FloatStorage', b'_x', 1)),
        good.replace(b'ctorch\nFloatStorage', b'cposix\nsystem', 1),
        *(bomb + b'.' for bomb in memory_bombs()),
    ):
        assert 'refused' in refusal_of(path, inner_of(data)), data[:80]
    for data in (good[:-1], good + b'x', good[:-20]):
        assert 'damaged' in refusal_of(path, inner_of(data))
    length = struct.pack('<q', 5)
    place = good.rindex(length)
    for wrong in (4, 6, -5, 2**62):
        data = good[:place] + struct.pack('<q', wrong) + good[place + 8 :]
        assert 'damaged' in refusal_of(path, inner_of(data)), wrong


class Rebuild:
    """A tensor of one's own arguments."""

    def __init__(self, *args):
        self.args = args

    def __reduce__(self):
        return torch._utils._rebuild_tensor_v2, self.args


@pytest.mark.parametrize(
    ('offset', 'shape', 'stride'),
    [
        (0, (6,), (1,)),
        (1, (5,), (1,)),
        (-1, (2,), (1,)),
        (5, (), ()),
        (0, (2, 3), (3, 1)),
        (0, (2,), (-1,)),
        (0, (2,), (2**63,)),
        (0, (-1,), (1,)),
        (0, (2,), ()),
        (0, (1.0,), (1,)),
        (True, (1,), (1,)),
        (0, [2], (1,)),
        (0, (0, 2**40, 2**40), (1, 1, 1)),
        (0, (1,) * 40, (1,) * 40),
        (0, (10**12,), (0,)),
        (0, (10**6, 10**6), (0, 0)),
        (0, (2**47,) * 30, (0,) * 30),
    ],
)
def test_no_tensor_reaches_outside_of_its_storage(path, offset, shape, stride):
    storage = Call(
        torch.storage._load_from_bytes, storage_bytes(torch.arange(5.0))
    )
    tensor = Rebuild(storage, offset, shape, stride, False, {})
    message = refusal_of(path, pickle.dumps(tensor, 2))
    assert 'cannot be right' in message or 'memory' in message


@pytest.mark.parametrize('args', [(), (1,), (1, 0, (2,), (1,), False, {})])
def test_a_tensor_needs_a_storage(path, args):
    data = pickle.dumps(Rebuild(*args), 2)
    assert 'cannot be right' in refusal_of(path, data)


def test_one_storage_cannot_be_copied_without_end(path):
    storage = Call(
        torch.storage._load_from_bytes, storage_bytes(torch.zeros(10**5))
    )
    many = [Rebuild(storage, 0, (10**5,), (1,), False, {}) for _ in range(100)]
    assert 'memory' in refusal_of(path, pickle.dumps(many, 2))
