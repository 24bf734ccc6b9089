"""Absent persons: all zero, so that one of them stands for all."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Persons(NamedTuple):
    """Persons without repetition of the absent ones.

    Attributes:
        kept: ``(n,)`` bool, false for each absent person but the first.
        place: ``(n,)``, the place of each person among the kept ones.
        counts: ``(kept,)`` float, how many persons each stands for.
    """

    kept: Tensor
    place: Tensor
    counts: Tensor


def without_repetition(x: Tensor) -> Persons | None:
    """Find the absent persons; a GPU is waited for.

    Args:
        x: ``(n, ...)``, one person each.

    Returns:
        None if at most one person is absent.
    """
    # What is not a number counts as present.
    absent = ~x.flatten(1).any(1)
    total = int(absent.sum())
    if total < 2:
        return None
    first = absent.long().argmax()
    kept = ~absent
    kept[first] = True
    place = kept.cumsum(0) - 1
    place = torch.where(absent, place[first], place)
    counts = torch.ones(len(x) - total + 1, device=x.device)
    counts[place[first]] = total
    return Persons(kept, place, counts)
