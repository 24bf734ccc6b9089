"""Skeletons as points and lines on a page, from plain arrays.

:func:`project_pose` turns joints into points with y upwards, :func:`bones_of`
says which belong together and :func:`segments_of` gives the lines between
them; :func:`draw_skeleton` puts them onto axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..structures import SkeletonLayout

SIDE_COLOURS = {'left': '#2b6ca3', 'right': '#c8553d', 'middle': '#4a4a4a'}
"""Of the person's own left and right, and of what is neither."""


def project_pose(
    points: np.ndarray,
    dims: int | None = None,
    azimuth: float = 0.0,
    elevation: float = 0.0,
    up: str | None = None,
) -> np.ndarray:
    """Project joints onto a page, orthographically.

    Args:
        points: ``(..., V, C)``; of C channels the first ``dims`` count, so
            that a confidence score may follow two coordinates.
        dims: 2 or 3. Defaults to None: C, at most 3.
        azimuth: Degrees by which a 3D skeleton is turned about its vertical
            axis; 0 looks along the depth. Defaults to 0.
        elevation: Degrees by which the eye is raised above it. Defaults
            to 0.
        up: Which coordinate points upwards: ``'y'``, ``'-y'``, ``'z'`` or
            ``'-z'``. Defaults to None: ``'y'`` in 3D, ``'-y'``, as in an
            image, in 2D.

    Returns:
        ``(..., V, 2)`` float64, x to the right and y upwards.

    Raises:
        ValueError: If there are not two or three coordinates, or ``up`` is
            unknown.
    """
    points = np.asarray(points)
    dims = dims or min(points.shape[-1], 3)
    if dims not in (2, 3) or points.ndim < 2 or points.shape[-1] < dims:
        raise ValueError(
            f'points must be (..., V, 2) or (..., V, 3), got '
            f'{points.shape} with dims={dims}'
        )
    up = up or ('y' if dims == 3 else '-y')
    if up not in (('y', '-y', 'z', '-z') if dims == 3 else ('y', '-y')):
        raise ValueError(f'up={up!r} is unknown for {dims} coordinates')
    points = points[..., :dims].astype(np.float64)
    sign = -1.0 if up[0] == '-' else 1.0
    x = points[..., 0]
    if dims == 2:
        return np.stack([x, sign * points[..., 1]], -1)
    y, depth = points[..., 1], points[..., 2]
    if up[-1] == 'z':
        y, depth = depth, y
    y = sign * y
    turn, tilt = np.radians([azimuth, elevation])
    x, depth = (
        x * np.cos(turn) + depth * np.sin(turn),
        depth * np.cos(turn) - x * np.sin(turn),
    )
    return np.stack([x, y * np.cos(tilt) + depth * np.sin(tilt)], -1)


def visible_joints(points: np.ndarray, dims: int | None = None) -> np.ndarray:
    """Which joints were found: neither all zero nor NaN.

    Args:
        points: ``(..., V, C)``, as measured; centring would make the centre
            look as if it were missing.
        dims: See :func:`project_pose`. Defaults to None.

    Returns:
        ``(..., V)`` bool.
    """
    points = np.asarray(points)
    points = points[..., : dims or min(points.shape[-1], 3)]
    return np.isfinite(points).all(-1) & (points != 0).any(-1)


def bones_of(layout: SkeletonLayout) -> np.ndarray:
    """The bones to draw: the edges of the skeleton's graph.

    Args:
        layout: Says how joints hang together.

    Returns:
        ``(E, 2)`` int64, pairs of joints ``(child, parent)``.
    """
    return np.array(layout.edges, np.int64).reshape(-1, 2)


def segments_of(
    pose: np.ndarray, bones: np.ndarray, visible: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Lines between the joints of one person in one frame.

    Args:
        pose: ``(V, 2)`` of :func:`project_pose`.
        bones: ``(E, 2)`` of :func:`bones_of`.
        visible: ``(V,)`` bool; a bone is drawn if both ends are. Defaults
            to None: all.

    Returns:
        Segments ``(S, 2, 2)``, for a matplotlib ``LineCollection``, and
        ``(S,)``, which bone each is.
    """
    kept = np.arange(len(bones))
    if visible is not None:
        kept = kept[visible[bones].all(1)]
    return pose[bones[kept]], kept


def pose_limits(
    pose: np.ndarray, visible: np.ndarray | None = None, margin: float = 0.08
) -> tuple[float, float, float, float]:
    """A box around all joints of all frames.

    Args:
        pose: ``(..., V, 2)`` of :func:`project_pose`.
        visible: ``(..., V)`` bool. Defaults to None: all.
        margin: Added on each side, as a share of the longer side. Defaults
            to 0.08.

    Returns:
        Left, right, bottom, top. Around the origin if nothing is visible.
    """
    points = pose.reshape(-1, 2)
    if visible is not None:
        points = points[visible.reshape(-1)]
    points = points[np.isfinite(points).all(1)]
    if not len(points):
        return -1.0, 1.0, -1.0, 1.0
    low, high = points.min(0), points.max(0)
    pad = margin * (float((high - low).max()) or 1.0)
    low, high = low - pad, high + pad
    return float(low[0]), float(high[0]), float(low[1]), float(high[1])


def widest_azimuth(points: np.ndarray, up: str = 'y') -> float:
    """The turn that shows a 3D skeleton at its widest.

    Args:
        points: ``(..., V, 3)``, joints that are visible.
        up: See :func:`project_pose`. Defaults to ``'y'``.

    Returns:
        Degrees from -90 to 90.
    """
    ground = [0, 1] if up[-1] == 'z' else [0, 2]
    flat = np.asarray(points, np.float64)[..., :3].reshape(-1, 3)[:, ground]
    if len(flat) < 2:
        return 0.0
    _, _, axes = np.linalg.svd(flat - flat.mean(0), full_matrices=False)
    across, along = axes[0] if axes[0, 0] >= 0 else -axes[0]
    return float(np.degrees(np.arctan2(along, across)))


def side_of(joint: int, layout: SkeletonLayout) -> str:
    """``'left'``, ``'right'`` or ``'middle'``, a key of SIDE_COLOURS."""
    if joint in layout.left:
        return 'left'
    return 'right' if joint in layout.right else 'middle'


def draw_skeleton(
    axes: Axes,
    pose: np.ndarray,
    layout: SkeletonLayout,
    visible: np.ndarray | None = None,
    colour: str | None = None,
    width: float = 2.0,
    **style: Any,
) -> None:
    """Draw the bones of one person.

    Args:
        axes: Where to; limits stay as they are.
        pose: ``(V, 2)`` of :func:`project_pose`.
        layout: Its joints.
        visible: ``(V,)`` bool. Defaults to None: all.
        colour: Of all bones. Defaults to None: by the sides of the body.
        width: Of the lines, in points. Defaults to 2.
        **style: For the ``LineCollection``, such as ``alpha`` or
            ``zorder``.
    """
    from matplotlib.collections import LineCollection

    bones = bones_of(layout)
    segments, kept = segments_of(pose, bones, visible)
    colours = colour or [
        SIDE_COLOURS[side_of(bones[bone, 0], layout)] for bone in kept
    ]
    lines = LineCollection(
        segments,
        colors=colours,
        linewidths=width,
        capstyle='round',
        **style,
    )
    axes.add_collection(lines, autolim=False)
