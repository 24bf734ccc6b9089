"""Pickles of a folder and of an archive, good and bad."""

import pickle
import zipfile

import pytest

from aclnet_plugin.datasets.converters.hrnet import pickle_files
from aclnet_plugin.datasets.converters.hrnet.pickle_files import PickleFiles
from aclnet_plugin.datasets.converters.outcomes import BadFile


class Evil:
    def __reduce__(self):
        return print, ('it ran',)


CONTENTS = {
    'a.pkl': pickle.dumps([1]),
    'deep/er/b.pkl': pickle.dumps([2]),
    'evil.pkl': pickle.dumps(Evil()),
    'cut.pkl': pickle.dumps(list(range(100)))[:-20],
    'notes.txt': b'not a pickle',
    '.hidden.pkl': b'left by some system',
}


@pytest.fixture(params=['folder', 'zip'])
def source(request, tmp_path):
    return make(tmp_path, request.param, CONTENTS)


def make(tmp_path, kind, contents):
    if kind == 'zip':
        path = tmp_path / 'files.zip'
        with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
            for name, content in contents.items():
                archive.writestr(name, content)
        return path
    for name, content in contents.items():
        path = tmp_path / 'files' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / 'files'


def test_found_by_name(source):
    files = PickleFiles(source)
    assert len(files) == 4
    assert 'b.pkl' in files and 'deep/er/b.pkl' not in files
    assert 'notes.txt' not in files and '.hidden.pkl' not in files
    assert files.load('a.pkl') == [1] and files.load('b.pkl') == [2]
    files.close()


def test_nothing_runs(source, capfd):
    files = PickleFiles(source)
    with pytest.raises(BadFile, match=r'evil\.pkl refers to builtins\.print'):
        files.load('evil.pkl')
    assert not capfd.readouterr().out


def test_a_damaged_file_is_named(source):
    with pytest.raises(BadFile, match=r'files.*cut\.pkl is not a complete'):
        PickleFiles(source).load('cut.pkl')


@pytest.mark.parametrize('kind', ['folder', 'zip'])
def test_two_files_with_the_same_name(tmp_path, kind):
    contents = {'x/a.pkl': pickle.dumps([1]), 'y/a.pkl': pickle.dumps([2])}
    with pytest.raises(ValueError, match=r'two files a\.pkl.*x/a.*y/a'):
        PickleFiles(make(tmp_path, kind, contents))


@pytest.mark.parametrize('kind', ['folder', 'zip'])
def test_no_pickle(tmp_path, kind):
    with pytest.raises(ValueError, match='no pickle'):
        PickleFiles(make(tmp_path, kind, {'a.npy': b''}))


def test_names_of_members_are_no_paths(tmp_path):
    contents = {'../../outside.pkl': pickle.dumps([1])}
    source = make(tmp_path, 'zip', contents)
    before = sorted(tmp_path.rglob('*'))
    assert PickleFiles(source).load('outside.pkl') == [1]
    assert sorted(tmp_path.rglob('*')) == before
    assert not (tmp_path.parent / 'outside.pkl').exists()


def test_no_such_source(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere'):
        PickleFiles(tmp_path / 'nowhere')


def test_an_archive_of_another_kind(tmp_path):
    path = tmp_path / 'files.rar'
    path.write_bytes(b'Rar!')
    with pytest.raises(ValueError, match=r'no complete zip.*unpacked'):
        PickleFiles(path)


def test_a_damaged_member(tmp_path):
    source = make(tmp_path, 'zip', CONTENTS)
    data = bytearray(source.read_bytes())
    place = data.index(b'a.pkl') + len(b'a.pkl') + 3
    data[place] ^= 255
    source.write_bytes(data)
    with pytest.raises(BadFile, match=r'member a\.pkl'):
        PickleFiles(source).load('a.pkl')


def test_a_member_that_is_far_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(pickle_files, 'MAX_BYTES', 10)
    source = make(tmp_path, 'zip', CONTENTS)
    with pytest.raises(BadFile, match=r'cut\.pkl claims .* limit is 10'):
        PickleFiles(source).load('cut.pkl')
