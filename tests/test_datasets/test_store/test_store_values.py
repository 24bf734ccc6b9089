"""Plain values and back."""

import collections
import json
import os

import numpy as np
import pytest

from aclnet_plugin.datasets.store.values import decode, encode
from tests.test_datasets.equality import same


def there_and_back(value):
    arrays = []

    def put(array):
        arrays.append(array.tobytes('A'))
        return len(arrays) - 1

    def get(place, dtype, shape, order):
        return np.ndarray(shape, dtype, arrays[place], order=order)

    text = json.dumps(encode(value, put), ensure_ascii=False)
    return decode(json.loads(text.encode()), get)


LISTED = [1, [2, (3,)], {}]
VALUES = [
    None, True, False, 0, -1, 2**63 - 1, -(2**70), 10**5000,
    0.1, -0.0, float('inf'), float('nan'), 1e-320, 1 + 2j,
    '', 'Größe 大', 'line\n"quote"', '\ud83d\ude00', '\U0001f600', '\udcff',
    b'\x00\xff', bytearray(b'ab'), (), [], {}, set(), {1, 'a'},
    frozenset({2}), (1, (2, [3])), LISTED, [LISTED, LISTED],
    {'a': 1, 2: 'b', None: (), 0.5: [1], True: 0},
    {'tuple': [1]}, {'array': 1, 'b': 2}, [{'dict': []}],
    collections.OrderedDict([('b', 1), ('a', (2,))]),
    collections.defaultdict(list, a=[1]), collections.defaultdict(None, a=1),
    np.int64(3), np.float16(0.1), np.bool_(True), np.str_('ab'),
    np.complex64(1j), np.bytes_(b'q'), np.float64('nan'), {np.int64(1): 2},
    np.arange(6, dtype='>i4').reshape(2, 3), np.zeros((0, 17, 3)),
    np.array(3.0), np.array([True, False]), np.array(['ab', 'c']),
    np.asfortranarray(np.ones((2, 3))), np.arange(12.0)[::2],
    [np.ones(2, np.float16), (np.zeros(3),)],
]  # fmt: skip


@pytest.mark.parametrize('value', VALUES, ids=lambda v: type(v).__name__)
def test_values_keep_their_type(value):
    assert same(there_and_back(value), value)


def test_equality_can_tell():
    assert not same((1,), [1])
    assert not same(1, True)
    assert not same(np.int64(1), 1)
    assert not same({'a': 1, 'b': 2}, {'b': 2, 'a': 1})
    assert not same(np.ones((2, 2)), np.asfortranarray(np.ones((2, 2))))


class Odd(dict):
    pass


RECURSIVE = []
RECURSIVE.append(RECURSIVE)


@pytest.mark.parametrize(
    ('value', 'message'),
    [
        (os.system, 'a store cannot keep'),
        (Odd(a=1), 'a Odd of 1 item'),
        (collections.defaultdict(lambda: 1), 'a store cannot keep'),
        (np.array([None]), 'dtype .object'),
        (np.datetime64(1, 's'), 'datetime64'),
        (np.zeros(2, 'f2,f4'), 'dtype'),
        (np.ma.masked_array([1]), 'a store cannot keep'),
        (RECURSIVE, 'within itself'),
    ],
)
def test_other_values_are_refused(value, message):
    with pytest.raises(ValueError, match=message):
        there_and_back([value])


@pytest.mark.parametrize(
    'value',
    [
        {'array': ['|O', [1], False, 0]},
        {'number': ['<O8', '00' * 8]},
        {'system': 'ls'},
        {'defaultdict': ['eval', []]},
        {},
    ],
)
def test_foreign_records_build_nothing_else(value):
    def get(*args):
        return args

    with pytest.raises((ValueError, KeyError)):
        decode(value, get)
