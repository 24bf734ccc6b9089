"""Names and published numbers of CASIA-B."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ....utils.shown import shown

SUBJECTS = range(1, 125)
"""Numbers of the persons."""

WALKS = dict(nm=6, bg=2, cl=2)
"""Conditions (normal, with a bag, in a coat) and walks in each."""

VIEWS = range(0, 181, 18)
"""Views in degrees."""

GALLERY_WALKS = range(1, 5)
"""Walks of nm in the gallery of gait recognition; the rest are probes."""

IMAGE_SHAPE = (240, 320)
"""Height and width of the videos in pixels."""

MIN_FRAMES = 61
"""Walks with fewer frames are left out by the protocol of gait."""

_NAME = re.compile(r'(\d{3})-(\w\w)-(\d\d)-(\d{3})', re.ASCII)


class Walk(NamedTuple):
    """One person, once past one camera.

    Args:
        subject: From 1.
        condition: A key of :data:`WALKS`.
        seq: Number of the walk in this condition, from 1.
        view: In degrees.
    """

    subject: int
    condition: str
    seq: int
    view: int

    @property
    def name(self) -> str:
        """As the files have it, for example ``001-nm-01-090``."""
        return (
            f'{self.subject:03d}-{self.condition}-{self.seq:02d}-'
            f'{self.view:03d}'
        )


def parse_walk(name: str) -> Walk:
    """Read the name of a walk.

    Args:
        name: For example ``001-nm-01-090``.

    Raises:
        ValueError: The end of a sentence that says what is wrong.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise ValueError(f'{shown(name)} is not like 001-nm-01-090')
    walk = Walk(int(match[1]), match[2], int(match[3]), int(match[4]))
    if walk.subject not in SUBJECTS:
        raise ValueError(
            f'{name} is of subject {walk.subject}; there are 1 to 124'
        )
    if walk.condition not in WALKS:
        raise ValueError(
            f'{name} has the condition {walk.condition!r}; there are '
            f'{", ".join(WALKS)}'
        )
    if not 1 <= walk.seq <= WALKS[walk.condition]:
        raise ValueError(
            f'{name} is walk {walk.seq} of {walk.condition}, which has 1 to '
            f'{WALKS[walk.condition]}'
        )
    if walk.view not in VIEWS:
        raise ValueError(
            f'{name} has the view {walk.view}; there are 0 to 180 in steps '
            'of 18'
        )
    return walk


def all_walks(subjects: Iterable[int] = SUBJECTS) -> Iterator[Walk]:
    """The walks that complete data have, in the order of their names.

    Args:
        subjects: Of these persons. Defaults to all.
    """
    for subject in sorted(subjects):
        for condition in sorted(WALKS):
            for seq in range(1, WALKS[condition] + 1):
                for view in VIEWS:
                    yield Walk(subject, condition, seq, view)
