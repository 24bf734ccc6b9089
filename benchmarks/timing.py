"""Fair timing: the versions take turns, so that a slow moment hits all."""

from __future__ import annotations

import ctypes
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence

import torch

# Names of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def keep_freed_memory() -> None:
    """Let the process keep what it frees, where the C library is glibc.

    By default it returns feature maps to the system while another version
    has its turn, and each version would pay for fresh pages, which a process
    with a single version does not. As ``MALLOC_MMAP_MAX_=0
    MALLOC_TRIM_THRESHOLD_=100000000000``.
    """
    if platform.libc_ver()[0] == 'glibc':
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, -1)


def take_turns(
    calls: dict[str, Callable[[], object]],
    repeats: int,
    device: str = 'cpu',
    warmup: int = 1,
) -> dict[str, list[float]]:
    """Seconds of each call, round by round.

    Args:
        calls: What to time, by name.
        repeats: Rounds that count.
        device: Is waited for before the clock is read.
        warmup: Rounds before, which do not count.

    Returns:
        ``repeats`` values for each name.
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(warmup + repeats):
        for name, call in calls.items():
            _wait_for(device)
            start = time.perf_counter()
            call()
            _wait_for(device)
            if turn >= warmup:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def ratio_of(base: Sequence[float], other: Sequence[float]) -> str:
    """How many times faster, as ``median (lowest to highest)``.

    Args:
        base: Seconds of each round.
        other: Seconds of the same rounds.
    """
    ratios = sorted(a / b for a, b in zip(base, other, strict=True))
    middle = statistics.median(ratios)
    return f'{middle:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})'


def spread_of(seconds: Sequence[float]) -> str:
    """``median (lowest to highest)`` in milliseconds."""
    low, middle, high = (
        1e3 * pick(seconds) for pick in (min, statistics.median, max)
    )
    return f'{middle:.0f} ({low:.0f} to {high:.0f})'


def machine(device: str = 'cpu') -> str:
    """Hardware and versions in one line."""
    if device.startswith('cuda'):
        name = torch.cuda.get_device_name(device)
    else:
        name = f'{_processor()}, {os.cpu_count()} cores'
    load = ', '.join(f'{value:.1f}' for value in os.getloadavg())
    return (
        f'{name}, {torch.get_num_threads()} threads, load {load}; '
        f'{platform.system()}, Python {platform.python_version()}, '
        f'torch {torch.__version__}'
    )


def _processor() -> str:
    """The processor by name, if the system tells it."""
    try:
        with open('/proc/cpuinfo') as lines:
            names = [line for line in lines if line.startswith('model name')]
        return names[0].split(':')[1].strip()
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def _wait_for(device: str) -> None:
    if device.startswith('cuda'):
        torch.cuda.synchronize(device)
