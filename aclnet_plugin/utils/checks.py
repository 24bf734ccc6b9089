"""Checks of arguments: a wrong one is named, and what it must be is said."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any

from .shown import shown


def check_whole(name: str, value: Any, least: int) -> int:
    """Sizes, counts and epochs; 2.0 is none, nor is True.

    Args:
        name: Of the argument.
        value: What was given.
        least: The smallest that is right.

    Raises:
        ValueError: If it is no whole number, or too small.
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or value < least:
        raise ValueError(
            f'{name} must be a whole number of at least {least}, '
            f'got {shown(value)}'
        )
    return int(value)


def check_number(
    name: str,
    value: Any,
    *,
    positive: bool = False,
    below: float = math.inf,
    most: float | None = None,
) -> float:
    """Weights and temperatures: finite, and not negative.

    Args:
        name: Of the argument.
        value: What was given.
        positive: Whether 0 is wrong, too. Defaults to False.
        below: What it must not reach. Defaults to infinity.
        most: The largest that is right. Defaults to None: see ``below``.

    Raises:
        ValueError: If it is not such a number.
    """
    number = isinstance(value, Real) and not isinstance(value, bool)
    # What is right is asked for: NaN is neither above nor below anything.
    right = number and (0 < value if positive else 0 <= value)
    right = right and (value < below if most is None else value <= most)
    if not right:
        least = 'positive' if positive else 'at least 0'
        limit = 'finite' if below == math.inf else f'below {below:g}'
        limit = limit if most is None else f'at most {most:g}'
        raise ValueError(
            f'{name} must be {least} and {limit}, got {shown(value)}'
        )
    return value


def check_options(name: str, given: Any, instead: str = '') -> dict[str, Any]:
    """Arguments of a part, as a dict; None means none.

    Args:
        name: Of the argument that holds them.
        given: What was given.
        instead: What to do instead of giving something else. Defaults to
            nothing.

    Raises:
        ValueError: If it is neither a mapping nor None.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        hint = f'; {instead}' if instead else ''
        raise ValueError(
            f'{name} must be a dict of arguments or None, '
            f'got {shown(given)}{hint}'
        )
    return dict(given)


def refuse_unknown(kind: type, given: Iterable[str]) -> None:
    """Name an argument that no constructor of a class takes.

    With ``**kwargs`` handed from class to class, Python would name the last
    of them, which the caller may never have heard of.

    Args:
        kind: The class.
        given: Names of arguments.

    Raises:
        TypeError: If one is unknown.
    """
    known = {
        name
        for one in kind.__mro__
        if '__init__' in vars(one) and one is not object
        for name, taken in inspect.signature(one.__init__).parameters.items()
        if taken.kind not in (taken.VAR_POSITIONAL, taken.VAR_KEYWORD)
    } - {'self'}
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f'; did you mean {near[0]!r}?' if near else ''
            raise TypeError(f'{kind.__name__} has no argument {name!r}{hint}')
