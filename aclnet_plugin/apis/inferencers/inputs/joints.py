"""Joints in the order of the layout, found by their names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ....structures import SkeletonLayout, get_layout

_MIDDLES = {'neck': ('left_shoulder', 'right_shoulder')}

COCO_NAMES = get_layout('coco').joint_names
OPENPOSE_NAMES = get_layout('openpose').joint_names
BODY25_NAMES = (
    'nose', 'neck', 'right_shoulder', 'right_elbow', 'right_wrist',
    'left_shoulder', 'left_elbow', 'left_wrist', 'pelvis', 'right_hip',
    'right_knee', 'right_ankle', 'left_hip', 'left_knee', 'left_ankle',
    'right_eye', 'left_eye', 'right_ear', 'left_ear', 'left_big_toe',
    'left_small_toe', 'left_heel', 'right_big_toe', 'right_small_toe',
    'right_heel',
)  # fmt: skip


def in_layout(
    keypoint: np.ndarray,
    score: np.ndarray,
    names: Sequence[str],
    layout: SkeletonLayout | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Take the joints of a layout out of those of a pose estimator.

    A neck that the estimator does not know is the middle of the shoulders,
    with the lower of their scores.

    Args:
        keypoint: ``(..., V, C)``.
        score: ``(..., V)``.
        names: ``V`` names.
        layout: The layout; None leaves everything as it is.

    Returns:
        Both with the source joints of the layout.

    Raises:
        ValueError: If the layout has a joint that is not among them.
    """
    if layout is None:
        return keypoint, score
    wanted = layout.joint_names[: layout.num_source_joints]
    if layout.dims != 2 or not wanted:
        what = 'is 3D' if layout.dims != 2 else 'has no names of its joints'
        raise ValueError(
            f'the pose estimator finds {len(names)} joints in 2D, but the '
            f'layout {layout.name!r} of the model {what}. Take a model that '
            'was trained on 2D skeletons of named joints, such as coco.'
        )
    lacking = [
        name for name in wanted if name not in names and name not in _MIDDLES
    ]
    if lacking:
        raise ValueError(
            f'the layout {layout.name!r} of the model has the joint '
            f'{lacking[0]!r}, which is not among the {len(names)} that were '
            'found. Take a model that was trained on such skeletons.'
        )
    place = {name: index for index, name in enumerate(names)}
    points, scores = [], []
    for name in wanted:
        ends = [place[name]] if name in place else _ends(name, place)
        sure = score[..., ends].min(-1)
        # The middle of a joint and of nothing is nowhere.
        points.append(keypoint[..., ends, :].mean(-2) * (sure > 0)[..., None])
        scores.append(sure)
    return np.stack(points, -2), np.stack(scores, -1)


def _ends(name: str, place: dict[str, int]) -> list[int]:
    return [place[end] for end in _MIDDLES[name]]


def reorder(
    array: np.ndarray, names: Sequence[str], layout: SkeletonLayout, axis: int
) -> np.ndarray:
    """Bring named joints into the order of a layout that has those names.

    Args:
        array: With the joints along ``axis``.
        names: Their names, or none.
        layout: The layout; one with other names changes nothing.
        axis: Where the joints are.
    """
    wanted = layout.joint_names[: len(names)]
    if not names or set(wanted) != set(names):
        return array
    return array.take([list(names).index(name) for name in wanted], axis)
