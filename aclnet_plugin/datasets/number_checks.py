"""What can be wrong with a count, or with the values of an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..utils.shown import shown

MAX_COORDINATE = 1e6
"""A kilometre in millimetres, and more pixels than any video has."""

MAX_HALF = 32752.0
"""Half of what half precision can hold: a difference of two still fits."""

MAX_FRAMES = 2**31 - 1
"""Frames of a sequence; two years of video."""


def count_problem(what: str, value: Any) -> str | None:
    """Say what is wrong with a number of things, or ``None``.

    Args:
        what: What it is called in the annotation.
        value: What has been found.

    Returns:
        The end of a sentence that starts with the sample.
    """
    whole = isinstance(value, (int, np.integer))
    if not whole or isinstance(value, bool):
        return f'has {shown(value)} as {what}; it must be an integer'
    if not 1 <= value <= MAX_FRAMES:
        return f'has {shown(value)} as {what}; it must be from 1 on'
    return None


def array_problem(
    what: str, values: Any, shape: tuple[int, ...] | None = None
) -> str | None:
    """Say what is wrong with type or shape of an array, or ``None``.

    Args:
        what: What it is called in the annotation.
        values: What has been found.
        shape: The shape it has to have; not checked if ``None``.

    Returns:
        The end of a sentence that starts with the sample.
    """
    if not isinstance(values, np.ndarray):
        return (
            f'has a {what} of type {type(values).__name__}; it must be a '
            'NumPy array'
        )
    if values.dtype.kind not in 'fiu':
        return f'has a {what} of dtype {values.dtype}; it must be numeric'
    if shape is not None and values.shape != shape:
        return (
            f'has a {what} of shape {values.shape}, but its keypoint calls '
            f'for {shape}'
        )
    return None


def value_problem(
    what: str, values: np.ndarray, axes: tuple[str, ...], half: bool = False
) -> str | None:
    """Name the first value that is not finite or too large, or ``None``.

    Args:
        what: What the array is called in the annotation.
        values: Numbers.
        axes: Names of its axes, for the message.
        half: Whether the values will be converted to half precision.
            Defaults to False; those that are stored so always count as such.

    Returns:
        The end of a sentence that starts with the sample.
    """
    values = values.astype(values.dtype.newbyteorder('='), copy=False)
    half = half or values.dtype == np.float16
    limit = MAX_HALF if half else MAX_COORDINATE
    if _all_within(values, limit):
        return None
    place = np.argwhere(~((values >= -limit) & (values <= limit)))[0]
    value = values[tuple(place)]
    where = ', '.join(f'{a} {i}' for a, i in zip(axes, place, strict=True))
    advice = 'repair it, or set missing joints to 0'
    if np.isfinite(value):
        advice = f'more than {limit:.0f} overflows or has no sensible unit'
        advice += '; repair it'
        advice += ', or store float32' * (values.dtype == np.float16)
    return f'has the {what} value {value} at {where}; {advice}'


def _all_within(values: np.ndarray, limit: float) -> bool:
    if not values.size:
        return True
    if values.dtype != np.float16:
        # Minimum and maximum are NaN if any value is.
        return bool(-limit <= values.min() and values.max() <= limit)
    # Without the sign, the bits of half precision are in the order of the
    # numbers, infinity and NaN last; numbers take three times as long.
    bits = values.view(np.uint16) & 0x7FFF
    return bool(bits.max() <= np.float16(limit).view(np.uint16))
