"""What a filter by ``valid_ratio`` needs to know of a sample."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..utils.shown import shown
from .number_checks import array_problem, count_problem


def filter_problem(sample: Mapping[str, Any], box_thr: float) -> str | None:
    """Say why a sample cannot be filtered, or ``None``.

    Args:
        sample: Annotation with ``total_frames``, ``valid`` (frames with a
            person, by threshold) and ``box_score``.
        box_thr: The threshold.

    Returns:
        The end of a sentence that starts with the sample.
    """
    for key in ('total_frames', 'valid', 'box_score'):
        if key not in sample:
            return f'has no {key}, which valid_ratio needs; add it or set None'
    valid, scores = sample['valid'], sample['box_score']
    if not isinstance(valid, Mapping) or box_thr not in valid:
        return (
            f'has {shown(valid)} as valid; it must be a dict with the number '
            f'of valid frames for the threshold {box_thr}'
        )
    frames = valid[box_thr]
    number = isinstance(frames, (int, float, np.integer, np.floating))
    if not number or not math.isfinite(frames):
        return f'has {shown(frames)} valid frames; it must be a number'
    problem = count_problem('total_frames', sample['total_frames'])
    problem = problem or array_problem('box_score', scores)
    if problem is None and scores.ndim != 1:
        problem = f'has a box_score of shape {scores.shape}; it must be (n,)'
    return problem
