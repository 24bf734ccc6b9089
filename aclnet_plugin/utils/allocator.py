"""The C library's memory, for training and testing on a CPU."""

from __future__ import annotations

import ctypes
import platform

# Names of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def keep_freed_memory() -> bool:
    """Let the process keep what it frees, for its next tensor.

    By default glibc gives large blocks back to the system and fetches fresh
    pages, which the system has to fill with zeros, for the next feature map.
    On a CPU this can take as long as all arithmetic of a training step. The
    process then stays as large as it was at its largest. The same without a
    call: ``MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000``.

    Returns:
        Whether it took effect. False without glibc, as on macOS.
    """
    if platform.libc_ver()[0] != 'glibc':
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_M_MMAP_MAX, 0) and mallopt(_M_TRIM_THRESHOLD, -1))
