"""A file is either complete or the old one."""

import errno
import os
import subprocess
import sys

import pytest

from aclnet_plugin.utils.atomic import atomic_writer

FILL = """
import resource, sys
from aclnet_plugin.utils.atomic import atomic_writer
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
with atomic_writer(sys.argv[1]) as file:
    file.write(bytes(100_000))
"""


def test_the_name_appears_with_the_last_byte(tmp_path):
    path = tmp_path / 'new' / 'file'
    for content in (b'one', b'two'):
        before = path.read_bytes() if path.exists() else None
        with atomic_writer(path) as file:
            file.write(content)
            file.flush()
            assert (path.read_bytes() if path.exists() else None) == before
        assert path.read_bytes() == content
    assert os.listdir(path.parent) == ['file']


def test_an_error_leaves_the_old_file(tmp_path):
    path = tmp_path / 'file'
    path.write_bytes(b'old')
    with pytest.raises(KeyboardInterrupt), atomic_writer(path) as file:
        file.write(b'half of the n')
        raise KeyboardInterrupt
    assert path.read_bytes() == b'old'
    assert os.listdir(tmp_path) == ['file']


def test_what_a_killed_process_left_is_overwritten(tmp_path):
    path = tmp_path / 'file'
    with atomic_writer(path) as file:
        partial = file.name
    with open(partial, 'wb') as file:
        file.write(b'a longer rest of an attempt that was killed')
    with atomic_writer(path) as file:
        file.write(b'new')
    assert path.read_bytes() == b'new'
    assert os.listdir(tmp_path) == ['file']


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / 'real').write_bytes(b'old')
    link = tmp_path / 'link'
    link.symlink_to(tmp_path / 'real')
    with atomic_writer(link) as file:
        file.write(b'new')
    assert link.is_symlink()
    assert (tmp_path / 'real').read_bytes() == b'new'


def test_a_full_disk_is_explained(tmp_path, clean_env):
    """The system refuses the bytes: a limit on the size of files."""
    path = tmp_path / 'file'
    path.write_bytes(b'old')
    done = subprocess.run(
        [sys.executable, '-c', FILL, path],
        env=clean_env,
        text=True,
        capture_output=True,
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert os.strerror(errno.EFBIG) in last
    assert str(path) in last and '--resume' in last and 'complete' in last
    assert path.read_bytes() == b'old'
    assert os.listdir(tmp_path) == ['file']
