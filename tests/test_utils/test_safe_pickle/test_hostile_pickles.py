"""Pickles made to do harm: nothing runs, nothing fills the memory."""

import builtins
import collections
import copyreg
import functools
import os
import pickle
import struct
import subprocess
import sys

import numpy as np
import pytest
import torch

from aclnet_plugin.utils.safe_pickle import safe_load


def refusal_of(path):
    with pytest.raises(pickle.UnpicklingError) as caught:
        safe_load(path)
    text = str(caught.value)
    assert path.name in text and len(text) < 1000
    return text


# Files that would run code


class Call:
    """Pickled as the call of a function."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def witness_command(witness):
    return f'touch {witness}'


def calls(witness):
    run = witness_command(witness)
    write = f'open({str(witness)!r}, "w")'
    yield 'system', Call(os.system, run)
    yield 'eval', Call(eval, write)
    yield 'exec', Call(exec, write)
    yield 'open', Call(open, str(witness), 'w')
    yield '__import__', Call(builtins.__import__, 'this')
    yield 'getattr', Call(getattr, os, 'system')
    yield 'getattr', Call(Call(getattr, Call(__import__, 'os'), 'system'), run)
    yield 'numpy', Call(np.load, str(witness))
    yield 'numpy', Call(np.save, str(witness), [1])
    yield 'functools.partial', functools.partial(os.system, run)
    yield 'check_output', Call(subprocess.check_output, run.split())
    yield '_rebuild_tensor', torch.zeros(2)
    yield '_load_from_bytes', Call(torch.storage._load_from_bytes, b'x')
    yield '_reconstructor', Call(copyreg._reconstructor, Plain, object, None)
    yield '', Plain()
    yield 'Counter', collections.Counter('a')
    yield 'map', Call(map, os.system, [run])


class Plain:
    pass


@pytest.mark.parametrize('protocol', range(6))
def test_calls_do_not_run(tmp_path, protocol):
    witness = tmp_path / 'witness'
    path = tmp_path / 'calls.pkl'
    for name, call in calls(witness):
        try:
            data = pickle.dumps([call], protocol=protocol)
        except (TypeError, pickle.PicklingError):
            continue  # functions of a module have no such protocol
        path.write_bytes(data)
        refusal = refusal_of(path)
        assert 'refused' in refusal and name in refusal, refusal
    assert not witness.exists()


def line(*parts):
    return b''.join(part + b'\n' for part in parts)


def assembled(witness):
    """Instructions that no pickler writes."""
    run = witness_command(witness).encode()
    text = b'\x8c' + bytes([len(run)]) + run
    system = b'c' + line(b'posix', b'system')
    numpy = b'\x80\x04\x8c\x05numpy'
    dotted = b'\x8c\x0fdtype.__class__'
    dotted_method = b'\x8c\x0edtype.__init__'
    yield 'posix.system', system + text + b'\x85R.'
    yield 'posix.system', b'(i' + line(b'posix', b'system') + b'.'
    yield 'posix.system', b'(' + text + b'i' + line(b'posix', b'system') + b'.'
    yield 'posix.system', b'(' + system + text + b'o.'
    yield 'posix.system', system + text + b'\x85\x81.'
    yield 'numpy.dtype.__class__', numpy + dotted + b'\x93.'
    yield 'numpy.dtype.__init__', numpy + dotted_method + b'\x93.'
    yield 'extension 1', b'\x82\x01.'
    yield 'extension 258', b'\x83\x02\x01.'
    yield 'extension 1', b'\x84\x01\x00\x00\x00.'
    yield 'persistent', b'Pabc\n.'
    yield 'persistent', b'N\x85Q.'
    yield 'buffer', b'\x80\x05\x97.'
    yield 'attributes', b'](\x8c\x01aK\x01db.'
    yield 'attributes', b'c' + line(b'numpy', b'ndarray') + b'}b.'
    yield 'a class', b'c' + line(b'numpy', b'dtype') + b')\x81.'
    yield 'calls int', b'c' + line(b'builtins', b'int') + text + b'\x85R.'
    yield (
        'calls ndarray',
        (b'c' + line(b'numpy', b'ndarray') + b'M\xff\xff\x85\x85R.'),
    )
    yield 'os.', b'c' + line(b'os', b'') + b'.'


def test_instructions_do_not_run(tmp_path):
    witness = tmp_path / 'witness'
    path = tmp_path / 'assembled.pkl'
    for name, data in assembled(witness):
        path.write_bytes(data)
        refusal = refusal_of(path)
        assert 'refused' in refusal and name in refusal, refusal
    assert not witness.exists()


def test_an_extension_is_not_looked_up(tmp_path):
    path = tmp_path / 'extension.pkl'
    witness = tmp_path / 'witness'
    copyreg.add_extension('os', 'system', 77)
    try:
        run = witness_command(witness).encode()
        path.write_bytes(b'\x82\x4d\x8c' + bytes([len(run)]) + run + b'\x85R.')
        assert 'extension 77' in refusal_of(path)
    finally:
        copyreg.remove_extension('os', 'system', 77)
    assert not witness.exists()


# Files that would take all memory, all time or the stack


def name_of(module, name):
    return b'c' + line(module.encode(), name.encode())


def call(module, name, args):
    return name_of(module, name) + args + b'R'


def memory_bombs():
    trillion = b'\x8a\x06' + (10**12).to_bytes(6, 'little')
    one = trillion + b'\x85'
    array = name_of('numpy', 'ndarray')
    empty = array + b'K\x00\x85C\x01b\x87'
    half = call('numpy', 'dtype', b'\x8c\x02f2\x89\x88\x87')
    half += b'(K\x03\x8c\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb'
    text = call('numpy', 'dtype', b'\x8c\x09S99999999\x89\x88\x87')
    text += b'(K\x03\x8c\x01|NNNK\x03K\x01K\x00tb'
    for core in ('numpy.core', 'numpy._core'):
        module = f'{core}.multiarray'
        yield call(module, '_reconstruct', array + one + b'C\x01b\x87')
        unfinished = call(module, '_reconstruct', empty)
        yield unfinished
        yield unfinished + b'(K\x01' + one + half + b'\x89C\x00tb'
        yield call(module, 'scalar', text + b'\x85')
        yield call(module, 'scalar', text + b'C\x01a\x86')
    yield call('numpy', 'dtype', b'\x8c\x0cV10000000000\x85')
    yield call('numpy', 'ndarray', one + b'\x85')
    for name in ('bytes', 'bytearray', 'range', 'list', 'str', 'set'):
        yield call('builtins', name, one)
    for code in b'\x8d\x8e\x96\x95':
        for size in (10**12, 2**64 - 1):
            yield bytes([code]) + struct.pack('<Q', size)
    for code in b'BXT':
        yield bytes([code]) + struct.pack('<I', 2**32 - 1)
    yield b'\x8b\xff\xff\xff\x7f' + b'\x01' * 2000
    megabyte = b'B' + struct.pack('<I', 2**20) + bytes(2**20) + b'\x940'
    copy = call('builtins', 'bytearray', b'h\x00\x85')
    yield megabyte + b'](' + copy * 20000 + b'e'


def time_bombs():
    yield b'I' + b'9' * 10**6 + b'\n'
    yield b'})' + b'2\x86' * 100 + b'K\x01s'
    yield b'\x8f()' + b'2\x86' * 100 + b'\x90'
    laughs = b']\x94'
    for level in range(60):
        laughs += b'](' + (b'h%c' % level) * 10 + b'e\x94'
    yield laughs + b'h\x3c'
    # Integers of equal hash.
    keys = (i * (2**61 - 1) for i in range(50000))
    items = (b'\x8a\x10' + key.to_bytes(16, 'little') + b'N' for key in keys)
    yield b'}(' + b''.join(items) + b'u'


def stack_bombs():
    deep = b')' + b'\x85' * 10**6
    yield deep
    yield b'}' + deep + b'K\x01s'
    yield b'\x8f(' + deep + b'\x90'
    yield b'(' + deep + b'\x91'
    yield b']' * 10**6 + b'a' * (10**6 - 1)
    yield b'(' * 10**6
    yield b']\x94h\x00a'
    yield b'}\x94K\x01h\x00s'


CHILD = """
import sys
from aclnet_plugin.utils.safe_pickle import safe_load
if sys.platform == 'linux':
    import resource
    pages = int(open('/proc/self/statm').read().split()[0])
    limit = pages * resource.getpagesize() + 2**30
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for path in sys.argv[1:]:
    try:
        content = safe_load(path)
    except Exception as error:
        print(type(error).__name__, str(error)[:300].replace(chr(10), ' '))
    else:
        print('read', type(content).__name__)
"""


@pytest.mark.parametrize('bombs', [memory_bombs, time_bombs, stack_bombs])
def test_bombs_do_not_go_off(tmp_path, bombs):
    paths = []
    for number, data in enumerate(bombs()):
        paths.append(tmp_path / f'bomb_{number}.pkl')
        paths[-1].write_bytes(data + b'.')
    child = subprocess.run(
        [sys.executable, '-c', CHILD, *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert child.returncode == 0, child.stderr
    for path, text in zip(paths, child.stdout.splitlines(), strict=True):
        assert text.startswith('UnpicklingError'), (path.name, text)
        assert path.name in text


@pytest.mark.parametrize('place', [b'r\xff\xff\xff\xff', b'p%d\n' % 10**18])
def test_a_far_place_in_the_memo_costs_nothing(tmp_path, place):
    path = tmp_path / 'memo.pkl'
    path.write_bytes(b']' + place + b'.')
    assert safe_load(path) == []
