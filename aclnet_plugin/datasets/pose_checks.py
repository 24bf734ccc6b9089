"""What can be wrong with the key points of a sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..structures import SkeletonLayout


def pose_problem(
    sample: Mapping[str, Any], layout: SkeletonLayout | None = None
) -> str | None:
    """Say what is wrong with the key points of a sample, or ``None``.

    Args:
        sample: Annotation with ``keypoint`` ``(M, T, V, C)``, or
            ``(n, V, C)`` together with ``frame_inds`` for a list of single
            skeletons; optional ``keypoint_score`` ``(M, T, V)`` and
            ``total_frames``.
        layout: Layout to compare the joints with.

    Returns:
        The end of a sentence that starts with the sample.
    """
    keypoint = sample['keypoint']
    if not isinstance(keypoint, np.ndarray):
        return (
            f'has a keypoint of type {type(keypoint).__name__}; it must be '
            'a NumPy array (M, T, V, C)'
        )
    listed = keypoint.ndim == 3 and 'frame_inds' in sample
    if keypoint.ndim != 4 and not listed:
        return (
            f'has a keypoint of shape {keypoint.shape}; it must be '
            '(M persons, T frames, V joints, C coordinates)'
        )
    return (
        _size_problem(keypoint, sample, listed)
        or _layout_problem(keypoint, layout)
        or _finite_problem('keypoint', keypoint)
        or _score_problem(sample)
    )


def _size_problem(
    keypoint: np.ndarray, sample: Mapping[str, Any], listed: bool
) -> str | None:
    if keypoint.dtype.kind not in 'fiu':
        return f'has a keypoint of dtype {keypoint.dtype}; it must be numeric'
    if listed:
        if not keypoint.shape[0]:
            return 'has no skeleton at all; remove it from the split'
        if len(sample['frame_inds']) != keypoint.shape[0]:
            return (
                f'has {keypoint.shape[0]} skeletons but '
                f'{len(sample["frame_inds"])} frame_inds'
            )
        return None
    persons, frames = keypoint.shape[:2]
    if not persons:
        return 'has no person (M = 0); remove it from the split'
    if not frames:
        return 'has no frame (T = 0); remove it from the split'
    total = sample.get('total_frames', frames)
    if total != frames:
        return (
            f'says total_frames={total}, but its keypoint has {frames} '
            'frames; correct one of the two'
        )
    return None


def _layout_problem(
    keypoint: np.ndarray, layout: SkeletonLayout | None
) -> str | None:
    joints, channels = keypoint.shape[-2:]
    if channels not in (2, 3):
        return (
            f'has {channels} channels per joint; expected 2 or 3 '
            '(x, y, and z or a score)'
        )
    if layout is None:
        return None
    # Virtual joints may be stored already or be added by the pipeline.
    expected = {layout.num_source_joints, layout.num_joints}
    if joints not in expected:
        return (
            f'has {joints} joints, but the layout {layout.name!r} has '
            f'{" or ".join(map(str, sorted(expected)))}; choose the layout '
            'that the annotation was made with'
        )
    if channels < layout.dims:
        return (
            f'has {channels} coordinates per joint, but the layout '
            f'{layout.name!r} is {layout.dims}-dimensional'
        )
    return None


def _finite_problem(what: str, values: np.ndarray) -> str | None:
    if values.dtype.kind != 'f':
        return None
    finite = np.isfinite(values)
    if finite.all():
        return None
    place = np.argwhere(~finite)[0]
    value = values[tuple(place)]
    names = ('person', 'frame', 'joint', 'channel')
    if what == 'keypoint' and values.ndim == 3:
        names = ('skeleton', 'joint', 'channel')
    where = ', '.join(f'{n} {i}' for n, i in zip(names, place, strict=False))
    return (
        f'has the {what} value {value} at {where}; repair it, or set missing '
        'joints to 0'
    )


def _score_problem(sample: Mapping[str, Any]) -> str | None:
    score = sample.get('keypoint_score')
    if score is None:
        return None
    expected = sample['keypoint'].shape[:-1]
    if np.shape(score) != expected:
        return (
            f'has a keypoint_score of shape {np.shape(score)}, but its '
            f'keypoint calls for {expected}'
        )
    return _finite_problem('keypoint_score', np.asarray(score))
