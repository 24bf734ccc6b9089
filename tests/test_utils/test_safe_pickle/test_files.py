"""The restricted unpickler and the atomic writer."""

import collections
import os
import pickle
import pickletools

import numpy as np
import pytest

from aclnet_plugin.utils.safe_pickle import atomic_dump, files, safe_load

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


def random_value(rng, depth=0):
    """What an annotation file may hold, of any kind."""
    scalars = [
        lambda: None,
        lambda: bool(rng.integers(2)),
        lambda: int(rng.integers(-(2**62), 2**62)) >> int(rng.integers(62)),
        lambda: -(2 ** int(rng.integers(1, 900))),
        lambda: float(rng.normal()) * 10.0 ** float(rng.integers(-99, 99)),
        lambda: complex(rng.normal(), rng.normal()),
        lambda: '\u00e9\n\U0001f600\ud800'[: rng.integers(5)] * 90,
        lambda: bytes(rng.integers(0, 256, rng.integers(300), np.uint8)),
        lambda: bytearray(rng.bytes(rng.integers(9))),
        lambda: random_array(rng),
        lambda: random_array(rng).ravel()[:1].sum(),
    ]
    if depth > 3 or rng.integers(3) == 0:
        return scalars[rng.integers(len(scalars))]()
    items = [random_value(rng, depth + 1) for _ in range(rng.integers(6))]
    if items and rng.integers(2):
        items.append(items[0])
    keys = ['a', 2, 0.5, None, b'k', True, np.str_('n'), np.int8(7)]
    pairs = list(zip(keys, items, strict=False))
    return [
        items,
        tuple(items),
        dict(pairs),
        set(keys[: len(items)]),
        frozenset(keys[: len(items)]),
        collections.OrderedDict(pairs),
        collections.defaultdict(
            [list, dict, int, float, str, None][rng.integers(6)], pairs
        ),
    ][rng.integers(7)]


def random_array(rng):
    codes = '? b1 >i2 u1 i8 >u4 f2 >f2 f4 >f8 c8 >c16'.split()
    shape = rng.integers(0, 4, rng.integers(4))
    array = rng.normal(size=shape).astype(codes[rng.integers(len(codes))])
    forms = [array, array.T, array[::-1] if array.ndim else array]
    return np.asarray(forms[rng.integers(3)])


def same(one, two):
    assert type(one) is type(two)
    if isinstance(one, (np.ndarray, np.generic)):
        assert one.dtype == two.dtype.newbyteorder('=')
        np.testing.assert_array_equal(one, two)
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(two)
        for left, right in zip(one, two, strict=True):
            same(left, right)
    elif isinstance(one, dict):
        assert list(one) == list(two)
        assert getattr(one, 'default_factory', 0) == getattr(
            two, 'default_factory', 0
        )
        for key in one:
            same(one[key], two[key])
    else:
        assert one == two


@pytest.mark.parametrize('protocol', range(6))
@pytest.mark.parametrize('optimize', [False, True])
def test_reads_what_python_reads(tmp_path, protocol, optimize):
    path = tmp_path / 'random.pkl'
    for seed in range(60):
        value = random_value(np.random.default_rng(seed))
        data = pickle.dumps(value, protocol=protocol)
        path.write_bytes(pickletools.optimize(data) if optimize else data)
        same(safe_load(path), pickle.loads(data))


@pytest.mark.parametrize('protocol', range(6))
def test_what_is_shared_stays_shared(tmp_path, protocol):
    array, items = np.arange(3.0), [1]
    content = [array, dict(a=array), (array, items), items]
    path = tmp_path / 'shared.pkl'
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    one, two, (three, items), others = safe_load(path)
    assert one is two['a'] is three and items is others
    one[0] = 5  # writable, and of its own memory
    assert three[0] == 5 and one.flags.c_contiguous


def test_other_bytes_than_0_and_1_become_booleans(tmp_path):
    path = tmp_path / 'flags.pkl'
    data = pickle.dumps(np.array([True, False, True]), protocol=3)
    assert b'\x01\x00\x01' in data
    path.write_bytes(data.replace(b'\x01\x00\x01', b'\x07\x00\x01'))
    assert safe_load(path).view(np.uint8).tolist() == [1, 0, 1]


@pytest.mark.parametrize('kind', ['<U2', '>U2'])
def test_characters_that_do_not_exist_are_refused(tmp_path, kind):
    path = tmp_path / 'text.pkl'
    array = np.array(['ab', 'c'], kind)
    path.write_bytes(pickle.dumps(array, protocol=4))
    assert safe_load(path).tolist() == ['ab', 'c']
    raw = array.tobytes()
    path.write_bytes(
        pickle.dumps(array, protocol=4).replace(raw, b'\x7f' * len(raw))
    )
    with pytest.raises(pickle.UnpicklingError, match='a text that cannot'):
        safe_load(path)


@pytest.mark.parametrize(
    ('array', 'message'),
    [
        (np.array([[1], None], dtype=object), 'Store a list|O8'),
        (np.zeros(2, 'i4,f4'), 'V8'),
        (np.zeros(2, 'M8[s]'), 'M8'),
        (np.zeros(2, 'V3'), 'V3'),
        (np.zeros(2, np.longdouble), 'only booleans, numbers and strings'),
    ],
)
@pytest.mark.parametrize('protocol', [2, 5])
def test_other_arrays_are_refused(tmp_path, array, message, protocol):
    path = tmp_path / 'array.pkl'
    path.write_bytes(pickle.dumps([array], protocol=protocol))
    with pytest.raises(pickle.UnpicklingError, match=message) as caught:
        safe_load(path)
    assert 'array.pkl' in str(caught.value)


def test_strings_of_python_2(tmp_path):
    path = tmp_path / 'two.pkl'
    path.write_bytes(b"(S'a\\x62'\nU\x01cT\x01\x00\x00\x00dL7L\nI01\nl.")
    assert safe_load(path) == ['ab', 'c', 'd', 7, True]


def test_too_little_memory_says_so(tmp_path, monkeypatch):
    def run_out(data, makers):
        raise MemoryError

    path = tmp_path / 'large.pkl'
    path.write_bytes(pickle.dumps([1]))
    monkeypatch.setattr(files, 'run_pickle', run_out)
    with pytest.raises(pickle.UnpicklingError, match=r'large\.pkl needs more'):
        safe_load(path)


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
        (b'version https://git-lfs.github.com/spec/v1\n', 'not a complete'),
        (pickle.dumps(CONTENT)[1:], 'not a complete'),
        (pickle.dumps(1)[:-1] + b'K\x01.', 'not a complete'),
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
