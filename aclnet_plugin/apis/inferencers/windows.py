"""Long sequences in windows, and what their scores say about segments."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.ndimage import median_filter, uniform_filter1d

from .errors import InferenceError

SMOOTHINGS = ('mean', 'median', 'none')


@dataclass(frozen=True)
class WindowPlan:
    """How a sequence is cut, and how the pieces are put together.

    Args:
        window: Frames of a window; None for the whole sequence at once.
        stride: Frames from one window to the next. Defaults to None: half a
            window.
        smooth: ``'mean'`` or ``'median'`` over neighbouring windows, or
            ``'none'``. Defaults to ``'mean'``.
        smooth_size: How many windows, an odd number. Defaults to 3.
        min_length: Frames; shorter segments become part of a neighbour.
            Defaults to 0.
        min_score: Segments of a lower score are left out. Defaults to 0.

    Raises:
        InferenceError: If a number is out of range.
    """

    window: int | None = None
    stride: int | None = None
    smooth: str = 'mean'
    smooth_size: int = 3
    min_length: int = 0
    min_score: float = 0.0

    def __post_init__(self) -> None:
        if self.smooth not in SMOOTHINGS:
            raise InferenceError(
                f'smooth must be one of {", ".join(SMOOTHINGS)}, got '
                f'{self.smooth!r}.'
            )
        for name in ('window', 'stride', 'smooth_size'):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or value < 1):
                raise InferenceError(
                    f'{name} must be a whole number above 0, got {value!r}.'
                )
        if self.smooth_size % 2 == 0:
            raise InferenceError(
                f'smooth_size must be odd, got {self.smooth_size}.'
            )
        if self.stride is not None and self.window is None:
            raise InferenceError('stride goes with window; give both.')
        if self.stride is not None and self.stride > self.window:
            raise InferenceError(
                f'stride ({self.stride}) is longer than window '
                f'({self.window}), so that frames between them would not be '
                'seen.'
            )


class Segment(NamedTuple):
    """Frames of one class.

    Attributes:
        start: First frame.
        end: The frame after the last.
        label: The class.
        score: Mean of its smoothed scores.
    """

    start: int
    end: int
    label: int
    score: float


def plan_windows(
    start: int, end: int, window: int | None, stride: int | None = None
) -> list[tuple[int, int]]:
    """First frames of the windows, and the frames after their last.

    The last window ends with the sequence; it may overlap more than the
    others. A sequence shorter than a window is one.

    Args:
        start: First frame of the sequence.
        end: The frame after its last.
        window: Frames of a window; None for all.
        stride: Frames from one to the next. Defaults to None: half a window.
    """
    if window is None or end - start <= window:
        return [(start, end)]
    starts = list(range(start, end - window + 1, stride or -(-window // 2)))
    if starts[-1] + window < end:
        starts.append(end - window)
    return [(first, first + window) for first in starts]


def smooth_scores(
    scores: np.ndarray, kind: str = 'mean', size: int = 3
) -> np.ndarray:
    """Scores of windows, calmed by those before and after.

    At both ends the first and last window stand for those that are missing.

    Args:
        scores: ``(W, C)``.
        kind: Of :data:`SMOOTHINGS`.
        size: How many windows, odd.

    Returns:
        ``(W, C)`` float64.
    """
    scores = np.asarray(scores, np.float64)
    if kind == 'none' or size == 1 or len(scores) == 1:
        return scores
    if kind == 'median':
        return median_filter(scores, size=(size, 1), mode='nearest')
    return uniform_filter1d(scores, size, axis=0, mode='nearest')


def find_segments(
    windows: list[tuple[int, int]],
    scores: np.ndarray,
    min_length: int = 0,
    min_score: float = 0.0,
) -> list[Segment]:
    """Runs of windows of the same best class.

    A frame belongs to the window with the nearest middle. Segments that are
    too short become, the shortest first, part of the neighbour whose class
    has the higher score in them.

    Args:
        windows: Of :func:`plan_windows`.
        scores: ``(W, C)``, smoothed.
        min_length: Frames that a segment has at least, unless it is the only
            one. Defaults to 0.
        min_score: Segments below it are left out at last. Defaults to 0.
    """
    edges = _edges(windows)
    labels = np.argmax(scores, 1)
    cuts = [0, *(np.flatnonzero(np.diff(labels)) + 1).tolist(), len(labels)]
    # (first window, window after the last, label)
    runs = [(a, b, int(labels[a])) for a, b in pairwise(cuts)]
    while len(runs) > 1:
        # (length, score), so that of equal lengths the less sure goes first.
        order = [
            (edges[b] - edges[a], float(scores[a:b, label].mean()))
            for a, b, label in runs
        ]
        place = order.index(min(order))
        if order[place][0] >= min_length:
            break
        runs = _absorb(runs, place, scores)
    found = (
        Segment(edges[a], edges[b], label, float(np.mean(scores[a:b, label])))
        for a, b, label in runs
    )
    return [segment for segment in found if segment.score >= min_score]


def _edges(windows: list[tuple[int, int]]) -> list[int]:
    """Frames at which one window takes over from another, ``W + 1``."""
    middles = [(start + end) / 2 for start, end in windows]
    between = [int(np.ceil((a + b) / 2)) for a, b in pairwise(middles)]
    return [windows[0][0], *between, windows[-1][1]]


def _absorb(
    runs: list[tuple[int, int, int]], place: int, scores: np.ndarray
) -> list[tuple[int, int, int]]:
    """Give a run the label of a neighbour and join equal ones."""
    first, last, _ = runs[place]
    around = [i for i in (place - 1, place + 1) if 0 <= i < len(runs)]
    label = max(
        (runs[i][2] for i in around),
        key=lambda label: scores[first:last, label].mean(),
    )
    changed = [*runs[:place], (first, last, label), *runs[place + 1 :]]
    joined = [changed[0]]
    for run in changed[1:]:
        if run[2] == joined[-1][2]:
            joined[-1] = (joined[-1][0], run[1], run[2])
        else:
            joined.append(run)
    return joined
