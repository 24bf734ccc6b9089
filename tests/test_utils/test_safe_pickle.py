"""The restricted unpickler and the atomic writer."""

import collections
import os
import pickle

import numpy as np
import pytest

from aclnet_plugin.utils.safe_pickle import atomic_dump, safe_load

CONTENT = dict(
    half=np.arange(6, dtype=np.float16).reshape(1, 2, 3),
    fortran=np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    empty=np.zeros((0, 17, 3)),
    text=np.array(['a', 'bc']),
    scalars=[np.float32(3), np.int64(4), np.bool_(True)],
    plain=[1, 2.5, 'x', b'\xff', None, True, (1, 2), {3}, frozenset([4])],
    ordered=collections.OrderedDict(a=1),
    counted=collections.defaultdict(list, a=[1]),
)


@pytest.mark.parametrize('protocol', range(6))
def test_plain_data_comes_back(tmp_path, protocol):
    path = tmp_path / 'data.pkl'
    path.write_bytes(pickle.dumps(CONTENT, protocol=protocol))
    back = safe_load(path)
    for key in ('half', 'fortran', 'empty', 'text'):
        np.testing.assert_array_equal(back[key], CONTENT[key])
        assert back[key].dtype == CONTENT[key].dtype
    for key in ('scalars', 'plain', 'ordered', 'counted'):
        assert back[key] == CONTENT[key]


@pytest.mark.parametrize('core', ['numpy.core', 'numpy._core'])
def test_arrays_of_both_numpy_generations(tmp_path, core):
    data = pickle.dumps(CONTENT['half'], protocol=2)
    for name in (b'numpy._core', b'numpy.core'):
        data = data.replace(name, core.encode())
    path = tmp_path / 'old.pkl'
    path.write_bytes(data)
    np.testing.assert_array_equal(safe_load(path), CONTENT['half'])


class Evil:
    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ('evil', 'name'),
    [
        (Evil(os.system, 'exit 1'), 'system'),
        (Evil(eval, '1'), r'builtin(s|__)\.eval'),
        (Evil(getattr, 'a', 'upper'), r'builtin(s|__)\.getattr'),
        (Evil(np.load, 'x'), 'numpy'),
        (collections.Counter('a'), 'collections.Counter'),
    ],
)
@pytest.mark.parametrize('protocol', [0, 2, 4])
def test_anything_else_is_refused_by_name(tmp_path, evil, name, protocol):
    path = tmp_path / 'evil.pkl'
    path.write_bytes(pickle.dumps([evil], protocol=protocol))
    with pytest.raises(pickle.UnpicklingError, match=name) as caught:
        safe_load(path)
    assert 'evil.pkl' in str(caught.value)


def test_other_codecs_are_refused(tmp_path):
    path = tmp_path / 'codec.pkl'
    path.write_bytes(b'c_codecs\nencode\n(V00\nVhex\ntR.')
    with pytest.raises(pickle.UnpicklingError, match="'hex'"):
        safe_load(path)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'is empty'),
        (b'{"split": {}}', 'not a complete pickle'),
        (b'\x89PNG\r\n', 'not a complete pickle'),
        (pickle.dumps(CONTENT)[:-40], 'cut short'),
    ],
)
def test_damaged_files(tmp_path, content, message):
    path = tmp_path / 'broken.pkl'
    path.write_bytes(content)
    with pytest.raises(pickle.UnpicklingError, match=message) as caught:
        safe_load(path)
    assert 'broken.pkl' in str(caught.value)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'nothing\.pkl'):
        safe_load(tmp_path / 'nothing.pkl')
    with pytest.raises(FileNotFoundError):
        safe_load(tmp_path)


def test_addresses_go_through_the_file_backends(monkeypatch):
    asked = []

    def get(address):
        asked.append(address)
        return pickle.dumps([1, 2])

    monkeypatch.setattr('mmengine.fileio.get', get)
    assert safe_load('http://example.org/data.pkl') == [1, 2]
    assert asked == ['http://example.org/data.pkl']


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / 'new' / 'data.pkl'
    atomic_dump([1], path)
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        atomic_dump([lambda: None], path)
    assert safe_load(path) == [1]
    assert os.listdir(path.parent) == ['data.pkl']
