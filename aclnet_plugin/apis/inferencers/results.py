"""From scores of pieces to what a person, or a program, wants to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .pieces import Piece
from .windows import Segment, WindowPlan, find_segments, smooth_scores


@dataclass
class Track:
    """What was found for all persons together, or for one.

    Args:
        person: Place of the person; None for all.
        windows: First frame, and frame after the last, of each window.
        scores: ``(W, C)`` as the model gave them.
    """

    person: int | None
    windows: list[tuple[int, int]]
    scores: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """Scores ``(C,)`` of the whole, the mean over its windows."""
        if len(self.scores) == 1:
            return self.scores[0]
        return self.scores.mean(0, dtype=np.float64)

    @property
    def label(self) -> int:
        """The best class of the whole."""
        return int(self.mean.argmax())

    def segments(self, plan: WindowPlan) -> list[Segment]:
        """Classes over time.

        Args:
            plan: How windows are put together.
        """
        smooth = smooth_scores(self.scores, plan.smooth, plan.smooth_size)
        return find_segments(
            self.windows, smooth, plan.min_length, plan.min_score
        )


@dataclass
class Prediction:
    """What came out of one input.

    Args:
        name: What it is called.
        error: What was wrong with it; None if it has tracks.
        frames: Its length.
        persons: How many it has.
        truth: The label that its annotation says, if any.
        fps: Frames per second, if known.
        tracks: One for all persons together, or one for each.
        samples: The ``ActionDataSample`` of each piece.
        sequence: The annotation, kept for pictures.
    """

    name: str
    error: str | None = None
    frames: int = 0
    persons: int = 0
    truth: int | None = None
    fps: float | None = None
    tracks: list[Track] = field(default_factory=list)
    samples: list[Any] = field(default_factory=list)
    sequence: dict[str, Any] | None = None


def tracks_of(
    pieces: Sequence[Piece], scores: Sequence[np.ndarray]
) -> list[Track]:
    """Put the scores of pieces together, person by person.

    Args:
        pieces: In order.
        scores: ``(C,)`` for each of them.
    """
    persons = list(dict.fromkeys(piece.person for piece in pieces))
    made = []
    for person in persons:
        own = [i for i, piece in enumerate(pieces) if piece.person == person]
        windows = [(pieces[i].start, pieces[i].end) for i in own]
        made.append(Track(person, windows, np.stack([scores[i] for i in own])))
    return made


def top_classes(
    scores: np.ndarray, names: Sequence[str], top: int
) -> list[dict[str, Any]]:
    """The best classes; of equal ones the first comes first.

    Args:
        scores: ``(C,)``.
        names: Of all classes.
        top: How many.
    """
    order = np.argsort(-scores, kind='stable')[:top]
    return [
        {'label': int(i), 'name': names[i], 'score': float(scores[i])}
        for i in order
    ]


def to_plain(
    found: Prediction,
    names: Sequence[str],
    plan: WindowPlan,
    top: int = 5,
    full_scores: bool = False,
) -> dict[str, Any]:
    """A prediction in numbers, texts, lists and dicts, fit for JSON.

    Args:
        found: The prediction.
        names: Of all classes.
        plan: How it was cut.
        top: How many classes are told. Defaults to 5.
        full_scores: Whether the scores of all classes are told too.
            Defaults to False.
    """
    if found.error is not None:
        return {'input': found.name, 'error': found.error}
    plain: dict[str, Any] = {
        'input': found.name,
        'frames': found.frames,
        'persons': found.persons,
    }
    if found.truth is not None:
        plain['truth'] = {
            'label': found.truth,
            'name': names[found.truth] if found.truth < len(names) else None,
        }
    tracks = [
        _track(found, track, names, plan, top, full_scores)
        for track in found.tracks
    ]
    if found.tracks[0].person is None:
        return plain | tracks[0]
    plain['tracks'] = [
        {
            'person': track.person,
            'start': track.windows[0][0],
            'end': track.windows[-1][1],
        }
        | told
        for track, told in zip(found.tracks, tracks, strict=True)
    ]
    return plain


def _track(
    found: Prediction,
    track: Track,
    names: Sequence[str],
    plan: WindowPlan,
    top: int,
    full_scores: bool,
) -> dict[str, Any]:
    plain: dict[str, Any] = {'top': top_classes(track.mean, names, top)}
    plain = plain['top'][0] | plain
    if full_scores:
        plain['scores'] = [float(score) for score in track.mean]
    if plan.window is None:
        return plain
    plain['segments'] = [
        _segment(segment, names, found.fps) for segment in track.segments(plan)
    ]
    plain['windows'] = [
        {'start': start, 'end': end} | top_classes(scores, names, 1)[0]
        for (start, end), scores in zip(
            track.windows, track.scores, strict=True
        )
    ]
    return plain


def _segment(
    segment: Segment, names: Sequence[str], fps: float | None
) -> dict[str, Any]:
    plain = {
        'start': segment.start,
        'end': segment.end,
        'label': segment.label,
        'name': names[segment.label],
        'score': segment.score,
    }
    if fps:
        plain['start_seconds'] = segment.start / fps
        plain['end_seconds'] = segment.end / fps
    return plain
