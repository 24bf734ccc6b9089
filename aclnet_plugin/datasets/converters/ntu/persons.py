"""Choose the persons of an NTU RGB+D sample among the tracked bodies.

The sensor also tracks chairs, and gives a person who was lost a new number.
The steps and thresholds here are those of the script that PYSKL publishes for
its annotation files (``tools/data/ntu_preproc.py``, Apache-2.0; this code is
another, and vectorised). They go back to the advice of the authors of the
data set and to the filters by length, spread and motion of earlier work. The
action is never asked: a sample has two persons wherever two bodies remain.

1. The *motion* of a body is the sum over x, y, z of the variance of that
   coordinate over all its joints and frames.
2. A single body is taken as it is. Of several, those with at most 11 frames
   are left out; a single one that remains is taken as it is.
3. A frame of a body is *upright* if its joints extend in x at most 0.8 times
   as far as in y. A body with a share of at least 0.69754 of other frames is
   left out. Of the rest, each that has other frames gets the motion of its
   upright frames, if that is less. A single one that remains is taken as it
   is.
4. Bodies are handled by decreasing motion, equal ones by the motion of all
   their frames, then in order of appearance. The first starts the track of
   person 1. Each further body goes to the track of person 1 if it does not
   overlap with it in time, otherwise to that of person 2 if possible,
   otherwise it is left out. A track reaches from the first to the last frame
   that was put into it; that of person 2 always starts at frame 0.
5. Frames at both ends in which nobody is seen are cut off. If person 1 is not
   there in the first frame and person 2 is, they change places.

"As it is" means the frames of that body alone, one person. Frames without any
body never count, and frames of a body are consecutive (see
:class:`.skeleton_file.Body`); both are as in the original.

Where no body remains the original stops, or stores nothing. The published
numbers of samples leave no room for such files besides those that are known
to lack skeletons, so one counts as damaged here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .skeleton_file import Body

MIN_FRAMES = 12
MAX_SPREAD = 0.8
MAX_NOISE = 0.69754
NOTHING = 1e-3
"""Metres; a sum of absolute coordinates below it is a missing person."""


def arrange_persons(bodies: Sequence[Body]) -> np.ndarray:
    """Follow the recipe above.

    Args:
        bodies: In order of appearance.

    Returns:
        ``(M, T, 25, 3)`` float32 with one or two persons.

    Raises:
        ValueError: If no body remains.
    """
    if not bodies:
        raise ValueError('there is no body in any frame')
    if len(bodies) > 1:
        bodies = [body for body in bodies if len(body.pose) >= MIN_FRAMES]
        if not bodies:
            raise ValueError(f'no body is seen in {MIN_FRAMES} frames')
    if len(bodies) > 1:
        bodies = _without_noise(bodies)
        if not bodies:
            raise ValueError('no body stands upright, all look like noise')
    if len(bodies) == 1:
        return bodies[0].pose[None]
    return _trim(_two_tracks(bodies))


def motion(pose: np.ndarray) -> float:
    """How much a body moves: summed variance of its coordinates.

    Args:
        pose: ``(T, V, 3)``.
    """
    return float(pose.reshape(-1, 3).var(axis=0).sum())


def _without_noise(bodies: Sequence[Body]) -> list[Body]:
    """Bodies that look like persons, by decreasing motion."""
    kept = []
    for body in bodies:
        extent = np.ptp(body.pose, axis=1)
        upright = extent[:, 0] <= MAX_SPREAD * extent[:, 1]
        if 1 - np.count_nonzero(upright) / len(upright) >= MAX_NOISE:
            continue
        amount = motion(body.pose)
        if not upright.all():
            amount = min(amount, motion(body.pose[upright]))
        kept.append((amount, body))
    # Sorting is stable, first the order by the motion of all frames.
    kept.sort(key=lambda entry: -motion(entry[1].pose))
    kept.sort(key=lambda entry: -entry[0])
    return [body for _, body in kept]


def _two_tracks(bodies: Sequence[Body]) -> np.ndarray:
    """Lay bodies into two tracks, ``(2, T, V, 3)``."""
    length = max(body.end for body in bodies)
    tracks = np.zeros((2, length, *bodies[0].pose.shape[1:]), np.float32)
    spans = [(bodies[0].start, bodies[0].start), (0, 0)]
    for body in bodies:
        for person, (start, end) in enumerate(spans):
            if max(start, body.start) >= min(end, body.end):
                tracks[person, body.start : body.end] = body.pose
                spans[person] = min(start, body.start), max(end, body.end)
                break
    return tracks


def _trim(tracks: np.ndarray) -> np.ndarray:
    """Cut empty ends off; let the first frame have a person 1."""
    seen = np.flatnonzero(np.abs(tracks).sum(axis=(0, 2, 3)) >= NOTHING)
    if not len(seen):
        raise ValueError('all coordinates are 0')
    tracks = tracks[:, seen[0] : seen[-1] + 1]
    first, second = np.abs(tracks[:, 0, 1]).sum(axis=-1)
    if first < NOTHING < second:
        tracks = tracks[::-1]
    return tracks
