"""Checksums and the record that is kept of them."""

import base64
import hashlib
import subprocess
from shutil import which

import pytest

from aclnet_plugin.datasets.downloads.checksums import (
    check_file,
    digests_of,
    md5_of_header,
    read_record,
    record_path,
    split_checksum,
    write_record,
)

CONTENT = bytes(range(256)) * 40_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MD5 = hashlib.md5(CONTENT).hexdigest()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / 'data.pkl'
    path.write_bytes(CONTENT)
    return path


def test_digests(file):
    told = []
    found = digests_of(file, ('sha256', 'md5'), told.append)
    assert found == dict(sha256=SHA256, md5=MD5)
    assert sum(told) == len(CONTENT) and len(told) > 1


def test_checksums_are_split():
    assert split_checksum(f'SHA256:{SHA256.upper()}') == ('sha256', SHA256)
    assert split_checksum(f'md5:{MD5}') == ('md5', MD5)
    for wrong in ('', MD5, f'sha256:{MD5}', 'md5:', f'sha1:{MD5}'):
        with pytest.raises(ValueError, match='is no checksum'):
            split_checksum(wrong)


def test_the_header_of_a_server():
    raw = bytes.fromhex(MD5)
    assert md5_of_header(base64.b64encode(raw).decode()) == MD5
    short = base64.b64encode(raw[:8]).decode()
    for odd in (None, '', 'x', short, 'not base64', 'ä'):
        assert md5_of_header(odd) is None


def test_the_record(file):
    assert read_record(file) is None
    write_record(file, SHA256)
    assert read_record(file) == SHA256
    record_path(file).write_text('\n')
    with pytest.raises(ValueError, match='line 1'):
        read_record(file)


@pytest.mark.skipif(not which('sha256sum'), reason='needs sha256sum')
def test_others_can_read_the_record(file):
    write_record(file, SHA256)
    command = ['sha256sum', '--check', '--strict', record_path(file).name]
    subprocess.run(command, cwd=file.parent, check=True, capture_output=True)


def test_check(file):
    assert check_file(file) == (SHA256, False), 'nothing to compare with'
    assert check_file(file) == (SHA256, True), 'the record was kept'
    assert check_file(file, f'md5:{MD5}') == (SHA256, True)
    with pytest.raises(ValueError, match='md5 is'):
        check_file(file, f'md5:{"0" * 32}')
    file.write_bytes(CONTENT[:-1])
    with pytest.raises(ValueError, match=r'sha256 is .*--overwrite'):
        check_file(file)
    file.unlink()
    with pytest.raises(FileNotFoundError, match='not there'):
        check_file(file)


def test_a_wrong_file_is_not_recorded(file):
    with pytest.raises(ValueError, match='sha256 is'):
        check_file(file, f'sha256:{"0" * 64}')
    assert read_record(file) is None
