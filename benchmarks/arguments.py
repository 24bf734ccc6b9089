"""Types for argparse: what they refuse, they explain."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable


def whole_from(smallest: int) -> Callable[[str], int]:
    """Whole numbers from one on.

    Args:
        smallest: The smallest number that is right.
    """

    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < smallest:
            raise argparse.ArgumentTypeError(
                f'{text!r} is no whole number from {smallest} on'
            )
        return int(text)

    return number


positive = whole_from(1)
"""Sizes and numbers of steps."""

width = whole_from(8)
"""Base channels: fewer leave the graph branches of the backbone none."""


def positive_number(text: str) -> float:
    """A number above 0, not infinite."""
    value = _number(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f'{text!r} is no number above 0')
    return value


def share(text: str) -> float:
    """A number from 0 to 1."""
    value = _number(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f'{text!r} is no share from 0 to 1')
    return value


def positive_share(text: str) -> float:
    """A number above 0, up to 1."""
    value = _number(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(
            f'{text!r} is no share above 0, up to 1'
        )
    return value


def _number(text: str) -> float:
    """NaN for what is none, so that every range refuses it."""
    try:
        return float(text)
    except ValueError:
        return math.nan
