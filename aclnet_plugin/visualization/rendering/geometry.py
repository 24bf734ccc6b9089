"""From joints to pixels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...structures import SkeletonLayout
from ..skeleton_plot import pose_limits, project_pose, visible_joints
from .panel import Panel, RenderError

UP = {'nturgb+d': 'y', 'kinect_v1': 'y'}
"""The axis that points up, of the 3D layouts of which it is known: both are
those of a Kinect."""

AXES = ('y', '-y', 'z', '-z')


class Screen(NamedTuple):
    """A sequence on the page.

    Attributes:
        points: ``(M, T, V, 2)`` pixels, y downwards.
        visible: ``(M, T, V)`` bool.
    """

    points: np.ndarray
    visible: np.ndarray


def up_of(layout: SkeletonLayout, up: str | None) -> str:
    """Which axis points up.

    Args:
        layout: The layout; in 2D y points down, as in an image.
        up: What the user says; None if nothing.

    Raises:
        RenderError: If nothing says it.
    """
    known = '-y' if layout.dims == 2 else UP.get(layout.name)
    up = up or known
    if up is None:
        raise RenderError(
            f'nothing says which axis of the layout {layout.name!r} points '
            f'up; give up={AXES[0]!r} or another of {", ".join(AXES)} (--up).'
        )
    if up not in AXES or (layout.dims == 2 and up[-1] == 'z'):
        raise RenderError(
            f'up={up!r} is unknown for {layout.dims} coordinates; choose one '
            f'of {", ".join(AXES)}.'
        )
    return up


def add_virtual_joints(
    keypoint: np.ndarray, layout: SkeletonLayout
) -> np.ndarray:
    """Append the joints that are means of others, if they are missing.

    Args:
        keypoint: ``(M, T, V, C)``.
        layout: The layout.

    Returns:
        With all joints; a virtual one is 0 unless all it is made of is seen.
    """
    if keypoint.shape[2] == layout.num_joints:
        return keypoint
    joints = [keypoint[:, :, v] for v in range(keypoint.shape[2])]
    made: dict[int, np.ndarray] = {}
    for joint, sources in layout.virtual_joints:
        ends = [made[s] if s in made else joints[s] for s in sources]
        seen = np.all([visible_joints(end, layout.dims) for end in ends], 0)
        made[joint] = np.mean(ends, 0) * seen[..., None]
    return np.stack([*joints, *(made[v] for v in sorted(made))], 2)


def to_screen(
    panel: Panel,
    width: int,
    height: int,
    azimuth: float = 0.0,
    elevation: float = 0.0,
    up: str | None = None,
    margin: float = 0.06,
    follow: bool = False,
) -> Screen:
    """Project a sequence into a box; all frames have one scale.

    Args:
        panel: The sequence.
        width: Of the box, pixels.
        height: Of the box, pixels.
        azimuth: See :func:`project_pose`. Defaults to 0.
        elevation: See :func:`project_pose`. Defaults to 0.
        up: See :func:`up_of`. Defaults to None.
        margin: Free on each side, as a share of the longer side. Defaults
            to 0.06.
        follow: Whether the middle of the persons stays in the middle from
            left to right, so that who walks is not small. Defaults to
            False.
    """
    layout = panel.layout
    keypoint = add_virtual_joints(panel.keypoint.astype(np.float64), layout)
    visible = visible_joints(keypoint, layout.dims)
    keypoint = np.where(visible[..., None], keypoint, 0)
    points = project_pose(
        keypoint, layout.dims, azimuth, elevation, up_of(layout, up)
    )
    if follow:
        points[..., 0] -= _middles(points[..., 0], visible)[None, :, None]
    left, right, bottom, top = pose_limits(points, visible, margin)
    scale = min(width / (right - left), height / (top - bottom))
    x = (points[..., 0] - (left + right) / 2) * scale + width / 2
    y = height / 2 - (points[..., 1] - (bottom + top) / 2) * scale
    return Screen(np.stack([x, y], -1), visible)


def _middles(x: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """Middle ``(T,)`` of what is visible of ``(M, T, V)``, 0 if nothing."""
    low = np.where(visible, x, np.inf).min((0, 2))
    high = np.where(visible, x, -np.inf).max((0, 2))
    return np.where(np.isfinite(low), low + high, 0) / 2
