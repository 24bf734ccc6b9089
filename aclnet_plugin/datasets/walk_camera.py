"""How a made-up walk looks from a direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..structures import get_layout
from .walking import FRAMES_PER_SECOND, walk_joints, with_face

IMAGE = (240, 320)
"""Height and width in pixels."""

# In pixels and metres; the optical axis is level.
_FOCAL, _DISTANCE, _HEIGHT = 480.0, 9.0, 1.0


@dataclass(frozen=True)
class Walk:
    """A walk that can be filmed from several directions.

    Args:
        condition: ``'nm'``, ``'bg'`` or ``'cl'``.
        seq: Number of the walk, from 1.
        numbers: How the person walks, see ``walking``.
        start: Phase at the first frame, in radians.
    """

    condition: str
    seq: int
    numbers: np.ndarray
    start: float


@dataclass(frozen=True)
class Camera:
    """Makes sequences of walks.

    Args:
        layout: ``'coco'`` in pixels, or ``'openpose14'`` in metres.
        num_frames: Shortest and longest sequence.
        noise: Standard deviation in metres.
    """

    layout: str
    num_frames: tuple[int, int]
    noise: float

    def film(
        self, walk: Walk, view: int, rng: np.random.Generator
    ) -> dict[str, Any]:
        """What is seen of a walk.

        Args:
            walk: The walk.
            view: From where, in degrees.
            rng: Draws length, noise and where the person is.

        Returns:
            The part of an annotation that depends on the frames.
        """
        frames = int(rng.integers(*self.num_frames, endpoint=True))
        joints, speed = walk_joints(
            walk.numbers, frames, walk.start, walk.condition == 'bg'
        )
        if self.layout == 'coco':
            joints = with_face(joints)
        names = get_layout(self.layout).joint_names
        pose = np.stack([joints[name] for name in names], axis=1)
        seconds = (np.arange(frames) - frames / 2) / FRAMES_PER_SECOND
        pose[..., 2] += speed * seconds[:, None]
        pose = turned(pose, np.deg2rad(view + rng.normal(0, 3)))
        pose += rng.normal((0, 0, _DISTANCE), (0.1, 0, 0.1))
        hidden = _hidden(names, view)
        blur = self.noise * (1 + hidden) * _coat(names, walk.condition)
        pose += blur[:, None] * rng.normal(size=pose.shape)
        if self.layout != 'coco':
            keypoint = pose[None].astype(np.float32)
            return dict(total_frames=frames, keypoint=keypoint)
        score = 0.92 - 0.25 * hidden - 1.5 * blur
        score = score + rng.normal(0, 0.04, pose.shape[:2])
        return dict(
            total_frames=frames,
            keypoint=to_pixels(pose)[None].astype(np.float32),
            keypoint_score=score.clip(0.05, 1)[None].astype(np.float32),
            img_shape=IMAGE,
            original_shape=IMAGE,
        )


def turned(pose: np.ndarray, view: float) -> np.ndarray:
    """From the walker's axes to those of a camera: right, up, away.

    Args:
        pose: Positions ``(..., 3)``.
        view: Direction in radians; at 0 the camera is ahead.
    """
    left = np.array([np.cos(view), 0, np.sin(view)])
    ahead = np.array([np.sin(view), 0, -np.cos(view)])
    return pose @ np.stack([left, (0, 1, 0), ahead])


def to_pixels(pose: np.ndarray) -> np.ndarray:
    """Project to an image, whose y grows downwards.

    Args:
        pose: Positions ``(..., 3)`` from the camera, y from the ground.

    Returns:
        Shape ``(..., 2)``.
    """
    scale = _FOCAL / pose[..., 2]
    x = IMAGE[1] / 2 + scale * pose[..., 0]
    y = IMAGE[0] / 2 - scale * (pose[..., 1] - _HEIGHT)
    return np.stack([x, y], axis=-1)


def _hidden(names: Sequence[str], view: int) -> np.ndarray:
    """How far the body hides each joint, 0 to 1, ``(V,)``."""
    # The person walks to the right and shows the right side.
    behind = np.sin(np.deg2rad(view))
    return np.array([behind * name.startswith('left') for name in names])


def _coat(names: Sequence[str], condition: str) -> np.ndarray:
    """Factor of the noise of each joint, ``(V,)``."""
    under = ('hip', 'knee', 'shoulder', 'elbow')
    covered = np.array([name.endswith(under) for name in names])
    return 1.0 + covered * (condition == 'cl')
