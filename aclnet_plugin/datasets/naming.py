"""What a sample is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..utils.shown import shown

# In the order of the host, whose splits refer to it.
NAME_KEYS = ('filename', 'frame_dir')


def sample_name(sample: Mapping[str, Any]) -> str:
    """Name of a sample as the annotation file gives it.

    Args:
        sample: Annotation of one sequence.

    Returns:
        The name; for messages only if it is neither a string nor an integer.
    """
    for key in NAME_KEYS:
        if key in sample:
            name = sample[key]
            return str(name) if is_name(name) else shown(name)
    return '<no frame_dir>'


def is_name(value: Any) -> bool:
    """Whether something can name a sample: a string or a (small) integer."""
    if isinstance(value, str):
        return bool(value)
    if isinstance(value, (bool, np.bool_)):
        return False
    return isinstance(value, (int, np.integer)) and abs(int(value)) < 2**63


def name_problem(sample: Mapping[str, Any]) -> str | None:
    """Say what is wrong with the name of a sample, or ``None``.

    Args:
        sample: Annotation of one sequence; it need not have a name.

    Returns:
        The end of a sentence that starts with the sample.
    """
    for key in NAME_KEYS:
        if key in sample and not is_name(sample[key]):
            return (
                f'has {shown(sample[key])} as {key}; it must be a string '
                'that no other sample has'
            )
    return None
