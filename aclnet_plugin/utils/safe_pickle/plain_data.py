"""What has been read is plain data of moderate depth."""

from __future__ import annotations

import collections
from collections.abc import Iterable
from typing import Any

import numpy as np

from .values import Maker, Refusal

MAX_DEPTH = 50
"""Containers within each other; more and copying them overflows the stack."""

_LEAVES = frozenset(
    [str, bytes, bytearray, int, float, complex, bool, type(None), np.ndarray]
)
_DICTS = frozenset([dict, collections.OrderedDict, collections.defaultdict])
_OTHERS = frozenset([list, tuple, set, frozenset])


def check_plain(content: Any) -> None:
    """Refuse what others could not copy, print or compare safely.

    Every container is visited once, and there is no recursion.

    Args:
        content: What a pickle holds.

    Raises:
        Refusal: If it is nested too deeply, contains itself, or if a
            function or class is left in it.
    """
    heights: dict[int, int] = {}
    path = [(content, iter(_inner([content])))]
    open_ids: set[int] = set()
    tallest = [0]
    while path:
        holder, children = path[-1]
        child = next(children, None)
        if child is None:
            path.pop()
            height = tallest.pop()
            if path:
                heights[id(holder)] = height
                open_ids.discard(id(holder))
                tallest[-1] = max(tallest[-1], height + 1)
            continue
        key = id(child)
        if key in open_ids:
            raise Refusal(
                'has a list or dict that contains itself. Store plain lists '
                'and dicts.'
            )
        depth = len(path) + heights.get(key, 0)
        if depth > MAX_DEPTH:
            raise Refusal(
                f'nests lists and dicts more than {MAX_DEPTH} deep. Store '
                'them flat.'
            )
        if key in heights:
            tallest[-1] = max(tallest[-1], heights[key] + 1)
            continue
        inner = _inner(_values(child))
        if not inner:
            heights[key] = 0
            tallest[-1] = max(tallest[-1], 1)
            continue
        open_ids.add(key)
        path.append((child, iter(inner)))
        tallest.append(0)


def _values(container: Any) -> Iterable[Any]:
    if type(container) in _DICTS:
        return container.values()
    return container


def _inner(values: Iterable[Any]) -> list[Any]:
    """The containers among values."""
    found = []
    for value in values:
        kind = type(value)
        if kind in _LEAVES:
            continue
        if kind in _DICTS or kind in _OTHERS:
            found.append(value)
        elif not issubclass(kind, (np.generic, np.dtype)):
            name = value.name if kind is Maker else 'an unfinished array'
            raise Refusal(
                f'has {name} where data is expected, so it is refused. Store '
                'plain numbers, strings, lists, dicts and NumPy arrays '
                'instead.'
            )
    return found
