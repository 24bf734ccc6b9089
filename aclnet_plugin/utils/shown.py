"""Values of unknown origin, in few characters."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

_SIZED = (Mapping, list, tuple, set, frozenset, bytearray)


def shown(value: Any, limit: int = 60) -> str:
    """Describe a value in a message.

    ``repr`` of what a file holds may be of any length, or fail: an integer
    of ten thousand digits cannot be printed, and a list may hold itself.
    Containers are therefore told by type and size.

    Args:
        value: Anything.
        limit: Characters of a text that are told. Defaults to 60.
    """
    if isinstance(value, (str, bytes)):
        rest = f'... ({len(value)} long)' * (len(value) > limit)
        return repr(value[:limit]) + rest
    if isinstance(value, int) and value.bit_length() > 128:
        return f'an integer of {value.bit_length()} bits'
    if value is None or isinstance(value, (int, float, complex)):
        return repr(value)
    if isinstance(value, np.ndarray):
        return f'an array of shape {value.shape} and dtype {value.dtype}'
    if isinstance(value, np.generic):
        return str(value)
    if isinstance(value, _SIZED):
        items = 'item' if len(value) == 1 else 'items'
        return f'a {type(value).__name__} of {len(value)} {items}'
    return f'a {type(value).__name__}'


def shown_some(values: Any, show: int = 3) -> str:
    """The first few of several values, and how many there are besides.

    Args:
        values: A sized iterable.
        show: How many are told. Defaults to 3.
    """
    text = ', '.join(shown(one) for one in itertools.islice(values, show))
    rest = len(values) - show
    return f'{text} and {rest} more' if rest > 0 else text
