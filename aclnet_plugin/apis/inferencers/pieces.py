"""Parts of a sequence that a model sees at once: windows and persons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .errors import InferenceError
from .windows import WindowPlan, plan_windows

_BY_PERSON = ('keypoint', 'keypoint_score')


class Piece(NamedTuple):
    """What a model sees at once.

    Attributes:
        person: Place of the person, None for all together.
        start: First frame.
        end: The frame after the last.
    """

    person: int | None
    start: int
    end: int


def person_spans(keypoint: np.ndarray) -> list[tuple[int, int, int]]:
    """Persons with the frames from which and up to which they are seen.

    Args:
        keypoint: ``(M, T, V, C)``, 0 where a person is not seen.

    Returns:
        ``(person, first frame, frame after the last)`` for all that are
        seen at all.
    """
    seen = (keypoint != 0).any((2, 3))
    spans = []
    for person, row in enumerate(seen):
        frames = np.flatnonzero(row)
        if len(frames):
            spans.append((person, int(frames[0]), int(frames[-1]) + 1))
    return spans


def cut(
    sample: dict[str, Any], plan: WindowPlan, per_person: bool
) -> Iterator[Piece]:
    """The pieces of a sequence, person by person and in order of time.

    Args:
        sample: With ``keypoint`` ``(M, T, V, C)``.
        plan: How long windows are.
        per_person: Whether each person is seen alone.

    Raises:
        InferenceError: If nobody is in it.
    """
    keypoint = sample['keypoint']
    spans = person_spans(keypoint)
    if not spans:
        raise InferenceError(
            'all joints are 0 in all frames, which means that nobody was '
            'found; give a sequence with a person in it.'
        )
    tracks: list[tuple] = [(None, 0, keypoint.shape[1])]
    if per_person:
        tracks = spans
    for person, start, end in tracks:
        for window in plan_windows(start, end, plan.window, plan.stride):
            yield Piece(person, *window)


def take(sample: dict[str, Any], piece: Piece) -> dict[str, Any]:
    """The annotation of a piece; arrays are views.

    Args:
        sample: With ``keypoint`` ``(M, T, V, C)``.
        piece: Of :func:`cut`.
    """
    frames = sample['keypoint'].shape[1]
    if piece == (None, 0, frames):
        return sample
    persons = slice(None)
    if piece.person is not None:
        persons = slice(piece.person, piece.person + 1)
    part = dict(sample, total_frames=piece.end - piece.start)
    for key in _BY_PERSON:
        if key in sample:
            part[key] = sample[key][persons, piece.start : piece.end]
    return part
