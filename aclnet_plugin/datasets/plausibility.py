"""Numbers that can be read and yet do not look like a skeleton."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..structures import SkeletonLayout

LARGE_BODY = 20
"""Units of a body from which they are taken for something else than metres."""

_CHANGE = 0.2  # of a bone's length, relative to its mean
_TIMES = 3  # as much as the bone in the middle


def body_size(keypoint: np.ndarray) -> float:
    """Largest extent of the first person's body, median over frames.

    Args:
        keypoint: ``(M, T, V, C)``; missing joints are 0.

    Returns:
        The size in the unit of the coordinates, 0 without any joint.
    """
    body = np.asarray(keypoint[0], dtype=np.float64)
    present = body.any(axis=-1, keepdims=True)
    seen = present.any(axis=(1, 2))
    if not seen.any():
        return 0.0
    body, present = body[seen], present[seen]
    high = np.where(present, body, -np.inf).max(axis=1)
    low = np.where(present, body, np.inf).min(axis=1)
    return float(np.median((high - low).max(axis=-1)))


def unit_problem(poses: Sequence[np.ndarray]) -> str | None:
    """Say so if 3D coordinates do not look like metres, or ``None``.

    Args:
        poses: Some sequences ``(M, T, V, 3)``.
    """
    size = float(np.median([body_size(pose) for pose in poses]))
    if size <= LARGE_BODY:
        return None
    # Two digits, so that the splits of a data set are told the same.
    size = round(size, 2 - len(str(int(size))))
    return (
        f'the bodies are about {size:.0f} units large, which looks like '
        'millimetres, centimetres or pixels, not like metres'
    )


def image_problem(samples: Sequence[Mapping[str, Any]]) -> str | None:
    """Say what is odd about 2D coordinates, or ``None``.

    Args:
        samples: Some annotations with ``keypoint`` ``(M, T, V, C)`` and,
            possibly, ``img_shape``.
    """
    points = [
        s['keypoint'].reshape(-1, s['keypoint'].shape[-1]) for s in samples
    ]
    seen = [p[p.any(axis=1)].astype(np.float64) for p in points]
    every = np.concatenate(seen)
    if not every.size:
        return None
    if every.shape[1] == 3:
        low, high = every[:, 2].min(), every[:, 2].max()
        if low < 0 or high > 2:
            return (
                f'the third number of the joints goes from {low:.4g} to '
                f'{high:.4g}, which is no score but looks like a coordinate'
            )
    ends = np.percentile(np.abs(every[:, :2]), 99, axis=0)
    sizes = [s['img_shape'] for s in samples if 'img_shape' in s]
    if not sizes:
        return None
    height, width = (float(size) for size in np.median(sizes, axis=0))
    if ends.max() <= 1.5 and min(height, width) > 10:
        return (
            f'the coordinates reach {ends.max():.2g} in images of {width:g} '
            f'x {height:g} pixels: are they shares? Then img_shape is (1, 1)'
        )
    if ends[0] > 1.3 * width or ends[1] > 1.3 * height:
        return (
            f'x reaches {ends[0]:.4g} and y {ends[1]:.4g}, but img_shape says '
            f'(height, width) = ({height:g}, {width:g})'
        )
    return None


def changing_bones(
    poses: Sequence[np.ndarray], layout: SkeletonLayout
) -> list[tuple[int, int, float]]:
    """Bones in 3D whose length changes much more than that of most.

    A body has bones of fixed length; a link between joints that do not
    belong together has not.

    Args:
        poses: Some sequences ``(M, T, V, 3)``; missing joints are 0.
        layout: Whose ``parents`` are looked at.

    Returns:
        Joint, parent and change (standard deviation relative to the mean).
    """
    parents = np.array(layout.parents)
    lengths = []
    for pose in poses:
        body = np.asarray(pose[0], dtype=np.float64)
        present = body.any(axis=-1)
        both = present & present[:, parents]
        length = np.linalg.norm(body - body[:, parents], axis=-1)
        if not length[both].any():
            continue
        # Bodies differ in size, less in proportions.
        size = length[both].mean()
        lengths.append(np.where(both, length / size, np.nan))
    every = np.concatenate(lengths) if lengths else np.zeros((0, len(parents)))
    change = np.zeros(layout.num_joints)
    for joint in np.flatnonzero(np.nansum(every, axis=0)):
        bone = every[:, joint]
        change[joint] = np.nanstd(bone) / np.nanmean(bone)
    bones = change[np.arange(len(parents)) != parents]
    if not bones.size:
        return []
    limit = max(_CHANGE, _TIMES * float(np.median(bones)))
    return [
        (int(joint), int(parents[joint]), float(change[joint]))
        for joint in np.flatnonzero(change > limit)
    ]


def side_problem(layout: SkeletonLayout) -> str | None:
    """Say what is odd about the lists of left and right, or ``None``.

    Args:
        layout: The layout; one without sides is fine.
    """
    names = layout.joint_names
    for side, other in (('left', 'right'), ('right', 'left')):
        for joint in getattr(layout, side) if names else ():
            if other in names[joint].lower():
                return f'joint {joint}, {names[joint]!r}, is in {side}'
    swap, parents = layout.flip_permutation, layout.parents
    for joint in layout.left:
        twin = swap[joint]
        mirrored = swap[parents[joint]]
        if parents[twin] != mirrored:
            return (
                f'left joint {joint} hangs from {parents[joint]}, so that its '
                f'counterpart {twin} should hang from {mirrored}, but it '
                f'hangs from {parents[twin]}'
            )
    return None
