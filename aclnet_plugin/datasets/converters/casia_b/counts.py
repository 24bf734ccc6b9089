"""What a conversion has found, compared with complete data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from .protocol import GALLERY_WALKS, MIN_FRAMES, VIEWS, WALKS, Walk, all_walks
from .subjects import Subjects

EVALUATED = ('test', 'val')
"""Splits in which some walks of nm are the gallery, the others probes."""


class Count(NamedTuple):
    """Walks of a split in one condition and view.

    Args:
        split: Name of the split.
        condition: ``'nm'``, ``'bg'`` or ``'cl'``.
        walks: Numbers of the walks, for example ``'01-04'``.
        role: ``'gallery'``, ``'probe'`` or empty.
        view: In degrees.
        found: How many there are.
        nominal: How many complete data have.
        short: How many of those found have too few frames.
        absent: Names of those that are not there, with blanks between.
    """

    split: str
    condition: str
    walks: str
    role: str
    view: int
    found: int
    nominal: int
    short: int
    absent: str


@dataclass(frozen=True)
class Counts:
    """Walks that have been found.

    Args:
        rows: One for each split, condition, role and view.
        absent: Names of walks that complete data have besides.
        short: Frames of those that have too few, by name.
        min_frames: How many are enough.
        found: Number of walks.
    """

    rows: tuple[Count, ...]
    absent: tuple[str, ...]
    short: dict[str, int]
    min_frames: int
    found: int

    def as_dict(self) -> dict[str, Any]:
        """The same, for JSON."""
        return dict(
            found=self.found,
            min_frames=self.min_frames,
            rows=[row._asdict() for row in self.rows],
            absent=list(self.absent),
            short=self.short,
        )


def count_walks(
    samples: Iterable[Mapping[str, Any]],
    subjects: Subjects,
    min_frames: int = MIN_FRAMES,
) -> Counts:
    """Count walks by split, condition and view.

    Args:
        samples: Annotations of whole walks.
        subjects: Persons by split.
        min_frames: Fewer frames are too few. Defaults to 61.
    """
    frames = {
        Walk(*(sample[key] for key in Walk._fields)): sample['total_frames']
        for sample in samples
    }
    rows = [
        _count(split, set(persons), group, view, frames, min_frames)
        for split, persons in subjects.items()
        for group in _groups(split)
        for view in VIEWS
    ]
    return Counts(
        rows=tuple(rows),
        absent=tuple(w.name for w in all_walks() if w not in frames),
        short={
            walk.name: number
            for walk, number in sorted(frames.items())
            if number < min_frames
        },
        min_frames=min_frames,
        found=len(frames),
    )


def _groups(split: str) -> list[tuple[str, range, str]]:
    """Condition, numbers of walks and role, of all that is counted."""
    whole = {name: range(1, number + 1) for name, number in WALKS.items()}
    if split not in EVALUATED:
        return [(condition, walks, '') for condition, walks in whole.items()]
    probes = range(GALLERY_WALKS.stop, WALKS['nm'] + 1)
    return [
        ('nm', GALLERY_WALKS, 'gallery'),
        *((name, w, 'probe') for name, w in (whole | dict(nm=probes)).items()),
    ]


def _count(
    split: str,
    persons: set[int],
    group: tuple[str, range, str],
    view: int,
    frames: Mapping[Walk, int],
    min_frames: int,
) -> Count:
    condition, numbers, role = group
    walks = [
        Walk(person, condition, seq, view)
        for person in sorted(persons)
        for seq in numbers
    ]
    there = [walk for walk in walks if walk in frames]
    return Count(
        split=split,
        condition=condition,
        walks=f'{numbers[0]:02d}-{numbers[-1]:02d}',
        role=role,
        view=view,
        found=len(there),
        nominal=len(walks),
        short=sum(frames[walk] < min_frames for walk in there),
        absent=' '.join(w.name for w in walks if w not in frames),
    )
