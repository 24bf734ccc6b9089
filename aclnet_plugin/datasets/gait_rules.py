"""What a walk says about itself, and which walks are used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..utils.shown import shown, shown_some
from .naming import sample_name

UNKNOWN = -1
"""Subject, number or view of a walk that is not known."""

_FIELDS = dict(
    label=int, total_frames=int, subject=int, condition=str, seq=int, view=int
)

# Rules are plural where a walk has one of several values.
_RULES = dict(conditions='condition', views='view', subjects='subject')


class Walk(NamedTuple):
    """One sequence, without its skeletons."""

    name: str
    label: int
    total_frames: int
    subject: int
    condition: str
    seq: int
    view: int


def read_walk(sample: Mapping[str, Any]) -> Walk:
    """Take from an annotation what the rules look at.

    Args:
        sample: Annotation of one sequence.

    Raises:
        ValueError: If something is missing, or of another type; the end of a
            sentence that starts with the sample.
    """
    for key, kind in _FIELDS.items():
        if key not in sample:
            raise ValueError(
                f'has no {key}; a walk needs {", ".join(_FIELDS)} (what is '
                "not known is -1, a condition 'na')"
            )
        if not _is_a(kind, sample[key]):
            what = 'an integer' if kind is int else "a text such as 'nm'"
            raise ValueError(
                f'has {shown(sample[key])} as {key}; it must be {what}'
            )
    values = (kind(sample[key]) for key, kind in _FIELDS.items())
    return Walk(sample_name(sample), *values)


class WalkRules:
    """Which walks are used.

    Args:
        min_frames: Least number of frames.
        **values: ``conditions``, ``views`` and ``subjects`` to keep; None
            for all.

    Attributes:
        removed: How many walks each rule removed in :meth:`places`; if a
            walk fails several, the first counts, ``min_frames`` last.

    Raises:
        ValueError: If a rule is none.
    """

    def __init__(
        self, min_frames: int, **values: Sequence[str] | Sequence[int] | None
    ) -> None:
        if not _is_a(int, min_frames) or min_frames < 0:
            raise ValueError(
                f'min_frames is {shown(min_frames)}; it must be an integer '
                'from 0 (0 removes nothing).'
            )
        self.min_frames = min_frames
        self.values = {
            rule: _wanted(rule, wanted)
            for rule, wanted in values.items()
            if wanted is not None
        }
        self.removed: Counter[str] = Counter()

    def places(self, walks: Iterable[Walk]) -> list[int]:
        """Indices of the walks that pass."""
        self.removed.clear()
        kept = []
        for place, walk in enumerate(walks):
            failed = self._failed(walk)
            if failed is None:
                kept.append(place)
            else:
                self.removed[failed] += 1
        return kept

    def absent(self, walks: Sequence[Walk]) -> list[str]:
        """Sentences about values that no walk has, which may be misspelt."""
        found = {
            rule: {getattr(walk, _RULES[rule]) for walk in walks}
            for rule in self.values
        }
        return [
            f'no walk has a value of {rule}: '
            f'{shown_some(sorted(values - found[rule]), 5)}'
            for rule, values in self.values.items()
            if values - found[rule]
        ]

    def told(self) -> str:
        """What was removed, by rule."""
        return '; '.join(
            f'{count} removed by {rule}={self._shown(rule)}'
            for rule in (*self.values, 'min_frames')
            if (count := self.removed[rule])
        )

    def _failed(self, walk: Walk) -> str | None:
        for rule, values in self.values.items():
            if getattr(walk, _RULES[rule]) not in values:
                return rule
        return 'min_frames' if walk.total_frames < self.min_frames else None

    def _shown(self, rule: str) -> str:
        if rule in self.values:
            return f'({shown_some(sorted(self.values[rule]), 5)})'
        return str(self.min_frames)


def identity_problem(walks: Iterable[Walk]) -> str | None:
    """Say where labels and subjects contradict each other, or ``None``.

    Args:
        walks: The walks; those of unknown subjects are not looked at.
    """
    walks = [walk for walk in walks if walk.subject != UNKNOWN]
    for key, value in (('subject', 'label'), ('label', 'subject')):
        first: dict[int, Walk] = {}
        for walk in walks:
            shared = getattr(walk, key)
            other = first.setdefault(shared, walk)
            one, two = getattr(other, value), getattr(walk, value)
            if one != two:
                return (
                    f'samples {shown(other.name)} and {shown(walk.name)} '
                    f'have the same {key} {shared}, but the {value}s {one} '
                    f'and {two}; a person has one label that no other has'
                )
    return None


def _is_a(kind: type, value: Any) -> bool:
    if kind is str:
        return isinstance(value, str) and bool(value)
    whole = isinstance(value, (int, np.integer))
    return whole and not isinstance(value, bool)


def _wanted(rule: str, values: Any) -> frozenset:
    kind = _FIELDS[_RULES[rule]]
    listed = isinstance(values, (list, tuple, range, set, frozenset))
    if not listed or not values or not all(_is_a(kind, v) for v in values):
        what = 'texts' if kind is str else 'integers'
        raise ValueError(
            f'{rule} is {shown(values)}; it must be a list of {what} with '
            'at least one.'
        )
    return frozenset(values)
