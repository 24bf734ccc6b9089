"""Folders and archives of skeleton files."""

import os
import pickle
import zipfile

import pytest

from aclnet_plugin.datasets.converters import BadFile
from aclnet_plugin.datasets.converters.ntu import sources as ntu_sources
from aclnet_plugin.datasets.converters.ntu.sources import find_files

NAMES = ['S001C001P001R001A002', 'S001C001P001R001A001']


def write_archive(path, names=NAMES, folder='nturgb+d_skeletons/'):
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            text = f'content of {name} ' * 9
            archive.writestr(f'{folder}{name}.skeleton', text)
    return path


@pytest.fixture
def folder(tmp_path):
    deep = tmp_path / 'raw' / 'deep'
    deep.mkdir(parents=True)
    for name in NAMES:
        (deep / f'{name}.skeleton').write_text(f'content of {name} ' * 9)
    (deep / 'readme.txt').write_text('no skeleton')
    (deep / f'._{NAMES[0]}.skeleton').write_text('of a file manager')
    return tmp_path / 'raw'


def test_folder_and_archive_give_the_same(folder, tmp_path):
    archive = write_archive(tmp_path / 'a.zip')
    read = []
    for source in (folder, archive):
        files, others = find_files([source])
        assert [file.name for file in files] == sorted(NAMES) and not others
        read.append([file.read() for file in files])
        assert os.stat(files[0]).st_size > 0
        for file in pickle.loads(pickle.dumps(files)):
            assert file.read() in read[-1]
    assert read[0] == read[1]
    assert str(files[0]) == (
        f'{archive}/nturgb+d_skeletons/{sorted(NAMES)[0]}.skeleton'
    )


def test_several_sources_are_sorted_together(folder, tmp_path):
    other = ['S000C001P001R001A001', 'S018C001P008R001A061']
    archive = write_archive(tmp_path / 'b.zip', other, folder='')
    files, _ = find_files([folder, archive])
    assert [file.name for file in files] == sorted(NAMES + other)


def test_a_single_file(folder):
    (path,) = folder.rglob(f'{NAMES[0]}.skeleton')
    files, _ = find_files([path])
    assert [file.name for file in files] == [NAMES[0]]


def test_twice_the_same(folder, tmp_path):
    archive = write_archive(tmp_path / 'a.zip')
    with pytest.raises(ValueError, match=r'occurs twice, .*a\.zip/nturgb'):
        find_files([folder, archive])
    with pytest.raises(ValueError, match='occurs twice'):
        find_files([folder, folder])


def test_other_names_are_told(folder):
    (folder / 'copy of S001.skeleton').write_text('')
    files, others = find_files([folder])
    assert len(files) == 2
    assert others == [str(folder / 'copy of S001.skeleton')]


def test_nothing_there(tmp_path):
    with pytest.raises(FileNotFoundError, match='no file or folder'):
        find_files([tmp_path / 'gone'])
    with pytest.raises(ValueError, match='has no file like S001C001'):
        find_files([tmp_path])
    (tmp_path / 'x.skeleton').write_text('')
    with pytest.raises(ValueError, match=r"but 'x\.skeleton';"):
        find_files([tmp_path])


def test_archives_that_are_none(tmp_path):
    path = tmp_path / 'text.zip'
    path.write_text('hello')
    with pytest.raises(ValueError, match='cannot be read as a zip archive'):
        find_files([path])
    whole = write_archive(tmp_path / 'a.zip').read_bytes()
    path.write_bytes(whole[:-30])
    with pytest.raises(ValueError, match='cannot be read as a zip archive'):
        find_files([path])


def test_each_process_opens_its_own(tmp_path, monkeypatch):
    files, _ = find_files([write_archive(tmp_path / 'a.zip')])
    one = ntu_sources._open(files[0].path, os.getpid())
    monkeypatch.setattr(os, 'getpid', lambda: -1)
    assert files[0].read().startswith(b'content')
    other = ntu_sources._open(files[0].path, -1)
    one.close()
    assert other is not one and files[1].read().startswith(b'content')


def test_a_damaged_member(tmp_path):
    path = write_archive(tmp_path / 'a.zip')
    content = bytearray(path.read_bytes())
    content[70] ^= 0xFF
    path.write_bytes(content)
    files, _ = find_files([path])
    with pytest.raises(BadFile, match=f'{NAMES[0]}.skeleton cannot be read'):
        files[1].read()
    assert files[0].read()


def test_a_member_that_claims_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr(ntu_sources, 'MAX_BYTES', 10)
    path = write_archive(tmp_path / 'a.zip')
    with pytest.raises(ValueError, match='the limit is 10'):
        find_files([path])


def test_a_file_that_is_gone_meanwhile(folder):
    files, _ = find_files([folder])
    files[0].path.unlink()
    with pytest.raises(BadFile, match='cannot be read'):
        files[0].read()
