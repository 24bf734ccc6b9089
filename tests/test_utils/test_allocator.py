import platform
import subprocess
import sys

from aclnet_plugin.utils import allocator

FAULTS = """
import resource, sys, torch
from aclnet_plugin.utils.allocator import keep_freed_memory
if sys.argv[1] == 'keep':
    assert keep_freed_memory()
for _ in range(3):
    torch.ones(16 * 2**20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    torch.ones(16 * 2**20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(choice):
    """Pages fetched for ten tensors of 64 MB."""
    done = subprocess.run(
        [sys.executable, '-c', FAULTS, choice],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


def test_fetches_no_fresh_pages():
    if platform.libc_ver()[0] != 'glibc':
        return
    assert faults('keep') < 100 < faults('free')


def test_other_systems_are_left_alone(monkeypatch):
    monkeypatch.setattr(platform, 'libc_ver', lambda: ('', ''))
    assert not allocator.keep_freed_memory()
