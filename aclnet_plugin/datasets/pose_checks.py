"""What can be wrong with the key points of a sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..structures import SkeletonLayout
from .number_checks import array_problem, count_problem, value_problem

_SEQUENCE_AXES = ('person', 'frame', 'joint', 'channel')
_LIST_AXES = ('skeleton', 'joint', 'channel')


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
    size_problem = _list_problem if listed else _sequence_problem
    axes = _LIST_AXES if listed else _SEQUENCE_AXES
    return (
        array_problem('keypoint', keypoint)
        or size_problem(keypoint, sample)
        or _layout_problem(keypoint, layout)
        # The host's DecompressPose makes half precision of single skeletons.
        or value_problem('keypoint', keypoint, axes, half=listed)
        or _score_problem(sample, layout, axes)
    )


def _sequence_problem(
    keypoint: np.ndarray, sample: Mapping[str, Any]
) -> str | None:
    persons, frames = keypoint.shape[:2]
    if not persons:
        return 'has no person (M = 0); remove it from the split'
    if not frames:
        return 'has no frame (T = 0); remove it from the split'
    if 'total_frames' not in sample:
        return None
    total = sample['total_frames']
    problem = count_problem('total_frames', total)
    if problem is None and total != frames:
        problem = (
            f'says total_frames={total}, but its keypoint has {frames} '
            'frames; correct one of the two'
        )
    return problem


def _list_problem(
    keypoint: np.ndarray, sample: Mapping[str, Any]
) -> str | None:
    """Faults of single skeletons and the frames that they belong to."""
    number = len(keypoint)
    if not number:
        return 'has no skeleton at all; remove it from the split'
    if keypoint.shape[2] != 3:
        return (
            f'has {keypoint.shape[2]} channels per joint; single skeletons '
            'with frame_inds have 3 (x, y, score)'
        )
    if 'total_frames' not in sample:
        return 'has frame_inds but no total_frames; add it'
    problem = count_problem('total_frames', sample['total_frames'])
    if problem is not None:
        return problem
    places = sample['frame_inds']
    if not isinstance(places, np.ndarray) or places.dtype.kind not in 'iu':
        return 'has frame_inds that are no NumPy array of integers; make it so'
    if places.shape != (number,):
        return (
            f'has {number} skeletons but {places.size} frame_inds of shape '
            f'{places.shape}; it must be one for each skeleton'
        )
    low, high = int(places.min()), int(places.max())
    if low < 0 or high > sample['total_frames']:
        return (
            f'has frame_inds from {low} to {high}, but total_frames='
            f'{sample["total_frames"]}; they must be from 0 to it'
        )
    if (places[1:] < places[:-1]).any():
        return 'has frame_inds that do not ascend; sort them and the keypoint'
    if 'box_score' in sample:
        return array_problem('box_score', sample['box_score'], (number,))
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
    if not joints:
        return 'has no joint (V = 0); remove it from the split'
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
            f'{layout.name!r} is {layout.dims}-dimensional; choose the '
            'layout that the annotation was made with'
        )
    return None


def _score_problem(
    sample: Mapping[str, Any],
    layout: SkeletonLayout | None,
    axes: tuple[str, ...],
) -> str | None:
    if 'keypoint_score' not in sample:
        return None
    score, keypoint = sample['keypoint_score'], sample['keypoint']
    if layout is not None and (layout.dims == 3 or keypoint.shape[-1] == 3):
        return (
            'has a keypoint_score, which goes with two coordinates of a 2D '
            f'layout, but the layout is {layout.name!r} and the keypoint has '
            f'{keypoint.shape[-1]} channels; remove one of the two'
        )
    return array_problem(
        'keypoint_score', score, keypoint.shape[:-1]
    ) or value_problem('keypoint_score', score, axes[:-1])
