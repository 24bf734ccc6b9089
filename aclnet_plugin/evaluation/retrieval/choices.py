"""Arguments of protocols in one form, from what a config may say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...utils.shown import shown
from .measures import UNMATCHED

Choice = Mapping[str, tuple]
"""Which items take part: allowed values by name of the metadata."""


def as_choice(where: str, choice: Mapping[str, Any]) -> Choice:
    """A choice in one form, from what a config may say.

    Args:
        where: Name of the argument, for the message.
        choice: A value, or several, by name of the metadata.

    Raises:
        ValueError: If it is none.
    """
    if not isinstance(choice, Mapping) or not choice:
        raise ValueError(
            f'{where} is {shown(choice)}; expected values by name of the '
            f"metadata, such as dict(condition='nm', seq=(1, 2))."
        )
    made = {}
    for key, allowed in choice.items():
        if isinstance(allowed, (str, int)):
            allowed = (allowed,)
        fine = isinstance(allowed, (list, tuple, range)) and all(
            isinstance(v, (str, int)) for v in allowed
        )
        if not fine or not len(allowed):
            raise ValueError(
                f'{where}: {key!r} is {shown(allowed)}; expected a text or '
                f'whole number, or several.'
            )
        made[key] = tuple(allowed)
    return made


def checked_topk(topk: Sequence[int]) -> tuple[int, ...]:
    """The numbers k, ascending.

    Args:
        topk: Numbers of at least 1; one alone will do.

    Raises:
        ValueError: If they are none.
    """
    numbers = (topk,) if isinstance(topk, int) else topk
    fine = isinstance(numbers, (list, tuple)) and all(
        isinstance(k, int) and not isinstance(k, bool) and k >= 1
        for k in numbers
    )
    if not fine or not numbers:
        raise ValueError(
            f'topk is {shown(topk)}; expected whole numbers of at least 1, '
            f'such as (1, 5).'
        )
    return tuple(sorted(set(numbers)))


def checked_views(views: Any) -> tuple[int, ...] | None:
    """The views, ascending; None stays.

    Args:
        views: Whole numbers, at least one.

    Raises:
        ValueError: If they are none.
    """
    if views is None:
        return None
    listed = isinstance(views, (list, tuple, range, np.ndarray))
    numbers = list(views) if listed else []
    fine = all(
        isinstance(view, (int, np.integer)) and not isinstance(view, bool)
        for view in numbers
    )
    if not numbers or not fine:
        raise ValueError(
            f'views is {shown(views)}; expected whole numbers, such as '
            f'(0, 90), or None for all there are.'
        )
    return tuple(sorted({int(view) for view in numbers}))


def checked_unmatched(unmatched: str) -> None:
    """Refuse a policy that there is not.

    Args:
        unmatched: Name of the policy.

    Raises:
        ValueError: If there is none of this name.
    """
    if unmatched not in UNMATCHED:
        raise ValueError(
            f'unmatched is {shown(unmatched)}; expected one of '
            f'{", ".join(map(repr, UNMATCHED))}.'
        )
