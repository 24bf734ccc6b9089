"""Say what is wrong with an argument before anything is drawn from it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_NAME_WIDTH = 26  # characters; longer names are shortened


def check_counts(counts: np.ndarray) -> np.ndarray:
    """Return ``counts`` (K, K) as float64 with an empty diagonal."""
    counts = _check_square(counts, 'counts')
    if counts.dtype.kind not in 'iufb':
        raise ValueError(f'counts must be numbers, got {counts.dtype}')
    counts = counts.astype(np.float64)
    if not np.isfinite(counts).all():
        raise ValueError('counts must be finite')
    if (counts < 0).any():
        raise ValueError('counts must not be negative')
    np.fill_diagonal(counts, 0)
    return counts


def check_member(member: np.ndarray) -> np.ndarray:
    """Return ``member`` (K, K) as bool with an empty diagonal."""
    member = _check_square(member, 'member')
    if member.dtype != bool and not np.isin(member, (0, 1)).all():
        raise ValueError('member must hold booleans (or 0 and 1)')
    member = member.astype(bool)
    np.fill_diagonal(member, False)
    return member


def check_names(names: Sequence[str] | None, total: int) -> list[str]:
    """Return ``total`` names (by default the indices) that fit a label."""
    if names is None:
        return [str(i) for i in range(total)]
    if isinstance(names, str) or len(names) != total:
        raise ValueError(
            f'class_names has {len(names)} entries for {total} classes'
        )
    return [shorten(str(name)) for name in names]


def _check_square(array: np.ndarray, what: str) -> np.ndarray:
    array = np.array(array)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise ValueError(
            f'{what} must be square (K, K), got shape {array.shape}'
        )
    if not len(array):
        raise ValueError(f'{what} has no classes')
    return array


def plain(text: str) -> str:
    """Text as it is: a dollar sign would start mathematics in a label."""
    return text.replace('$', r'\$')


def shorten(name: str, width: int = _NAME_WIDTH) -> str:
    """Return a name on one line, of at most ``width`` characters."""
    name = ' '.join(name.split())
    if len(name) > width:
        name = name[: width - 1].rstrip() + '…'
    return plain(name)
