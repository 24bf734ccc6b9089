"""The memory that this process, or its GPU, has taken at most."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

_STATUS, _MEMINFO = Path('/proc/self/status'), Path('/proc/meminfo')
_FULL = ('not enough memory', "can't allocate memory", 'out of memory')


def peak_memory(device: str = 'cpu') -> int:
    """Peak in bytes, since the start or the last :func:`forget_peak`.

    On a CPU the largest resident set of the process. It never falls, so
    that sizes have to be measured in ascending order.

    Args:
        device: ``'cpu'``, ``'cuda'`` or ``'cuda:N'``.
    """
    if device.startswith('cuda'):
        return torch.cuda.max_memory_allocated(device)
    # Not ru_maxrss where it can be avoided: on Linux a process inherits it
    # from the one that started it.
    peak = _entry(_STATUS, 'VmHWM')
    if peak is not None:
        return peak
    import resource  # not on Windows

    unit = 1 if sys.platform == 'darwin' else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def forget_peak(device: str = 'cpu') -> None:
    """Begin anew on a GPU; on a CPU nothing can be forgotten.

    Args:
        device: See :func:`peak_memory`.
    """
    if device.startswith('cuda'):
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def available_memory() -> int | None:
    """Bytes that the system could still give; None if it does not say."""
    return _entry(_MEMINFO, 'MemAvailable')


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception means that an allocation has failed.

    Args:
        error: What was raised.
    """
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or (
        isinstance(error, RuntimeError)
        and any(words in str(error) for words in _FULL)
    )


def _entry(file: Path, key: str) -> int | None:
    """Bytes of one line of a file of the Linux kernel."""
    try:
        lines = file.read_text(encoding='utf-8').splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(f'{key}:'):
            return int(line.split()[1]) * 2**10
    return None
