"""Persons of single frames, followed through a sequence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

MAX_GAP = 30
"""Frames that a person may be out of sight and still be the same."""

_NEAR = 0.6
_NEVER = 1e6

Frame = tuple[np.ndarray, np.ndarray]
"""Key points ``(P, V, 2)`` and scores ``(P, V)`` of the persons."""


def link_persons(
    frames: Sequence[Frame], max_persons: int = 2, max_gap: int = MAX_GAP
) -> tuple[np.ndarray, np.ndarray]:
    """Give persons the same place in all frames.

    Boxes around the persons are matched from frame to frame: the best total
    of overlap and nearness, one to one. A person may leave for a while.

    Args:
        frames: What was found in each.
        max_persons: How many are kept, those seen best in total. Defaults
            to 2.
        max_gap: Frames out of sight after which a person is a new one.
            Defaults to 30.

    Returns:
        Key points ``(M, T, V, 2)`` and scores ``(M, T, V)``, float32, 0
        where a person is not seen; M is at least 1.
    """
    tracks: list[dict[int, int]] = []
    boxes: list[np.ndarray] = []
    for time, (points, scores) in enumerate(frames):
        found = [_box(*person) for person in zip(points, scores, strict=True)]
        alive = [
            index
            for index, track in enumerate(tracks)
            if time - max(track) <= max_gap
        ]
        matched = _match([boxes[index] for index in alive], found)
        for place, box in enumerate(found):
            if place in matched:
                index = alive[matched[place]]
                boxes[index] = box
            else:
                index = len(tracks)
                tracks.append({})
                boxes.append(box)
            tracks[index][time] = place
    joints = next((p.shape[1] for p, _ in frames if p.ndim == 3), 0)
    totals = [
        sum(float(frames[time][1][place].sum()) for time, place in t.items())
        for t in tracks
    ]
    kept = np.argsort(-np.array(totals), kind='stable')[:max_persons]
    size = (max(len(kept), 1), len(frames), joints)
    keypoint = np.zeros((*size, 2), np.float32)
    score = np.zeros(size, np.float32)
    for row, index in enumerate(kept):
        for time, place in tracks[index].items():
            keypoint[row, time] = frames[time][0][place]
            score[row, time] = frames[time][1][place]
    return keypoint, score


def _box(points: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Corners ``(4,)`` around the joints that were found."""
    seen = points[scores > 0] if (scores > 0).any() else points
    return np.concatenate([seen.min(0), seen.max(0)]).astype(np.float64)


def _match(
    old: Sequence[np.ndarray], new: Sequence[np.ndarray]
) -> dict[int, int]:
    """Which of the old boxes each of the new ones continues."""
    if not old or not new:
        return {}
    cost = np.array([[_cost(a, b) for b in new] for a in old])
    rows, columns = linear_sum_assignment(cost)
    return {
        int(column): int(row)
        for row, column in zip(rows, columns, strict=True)
        if cost[row, column] < _NEVER
    }


def _cost(a: np.ndarray, b: np.ndarray) -> float:
    """0 for equal boxes; very large if they cannot be of one person."""
    corners = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    common = float(corners.clip(0).prod())
    areas = [float((box[2:] - box[:2]).prod()) for box in (a, b)]
    overlap = common / max(sum(areas) - common, 1e-9)
    size = max(float(np.linalg.norm(x[2:] - x[:2])) for x in (a, b))
    gap = float(np.linalg.norm((a[:2] + a[2:] - b[:2] - b[2:]) / 2))
    gap /= max(size, 1e-9)
    if overlap == 0 and gap > _NEAR:
        return _NEVER
    return 1 - overlap + gap
