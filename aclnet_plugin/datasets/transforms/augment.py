"""Random changes of a whole skeleton sequence.

The rotation draws from NumPy's global generator and the joint changes from
Python's: MMEngine seeds both in every worker, and the recorded results of
the official code were drawn this way.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from ...structures import SkeletonLayout
from .half import seen_frames, widen
from .layout_transform import LayoutTransform


def rotation_matrix(angles: np.ndarray) -> np.ndarray:
    r"""Rotation :math:`R_z R_y R_x`, to be applied to column vectors.

    Args:
        angles: Radians about x, y and z.

    Returns:
        Shape ``(3, 3)``, float64.
    """
    (cx, cy, cz), (sx, sy, sz) = np.cos(angles), np.sin(angles)
    about_x = np.array([[1, 0, 0], [0, cx, sx], [0, -sx, cx]])
    about_y = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    about_z = np.array([[cz, sz, 0], [-sz, cz, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def _check_probability(p: float) -> float:
    if not 0 <= p <= 1:
        raise ValueError(f'p must be between 0 and 1, got {p!r}.')
    return p


@TRANSFORMS.register_module()
class RandomRot(BaseTransform):
    """Rotate a 3D sequence by three random angles, once per sample.

    A sample without any joint (all zeros) is left alone and draws nothing.
    The result is float64, so that a float16 annotation is rounded only once,
    when it is decoded.

    Modified Keys:

        - keypoint, ``(M, T, V, 3)``

    Args:
        theta: The angles are drawn evenly from ``[-theta, theta]`` radians;
            one number, or three for the axes x, y and z. Defaults to 0.3.
    """

    def __init__(self, theta: float | Sequence[float] = 0.3) -> None:
        limits = np.asarray(theta, dtype=np.float64)
        if limits.shape not in ((), (3,)) or (limits < 0).any():
            raise ValueError(
                'theta must be one angle or three, none negative, got '
                f'{theta!r}.'
            )
        self.theta = theta
        self.limits = limits

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Rotate ``keypoint`` about the origin."""
        keypoint = results['keypoint']
        if keypoint.shape[-1] != 3 or 'keypoint_score' in results:
            raise ValueError(
                'RandomRot rotates three coordinates; this sample has '
                f'{keypoint.shape[-1]} channels'
                f'{" and a score" * ("keypoint_score" in results)}.'
            )
        if not seen_frames(keypoint).any():
            return results
        angles = np.random.uniform(-self.limits, self.limits, size=3)
        # The product is faster with a factor that is not a transposed view.
        rotation = np.ascontiguousarray(rotation_matrix(angles).T)
        wide = widen(keypoint, np.float64).reshape(-1, 3)
        results['keypoint'] = (wide @ rotation).reshape(keypoint.shape)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(theta={self.theta})'


@TRANSFORMS.register_module()
class SkeletonFlip(LayoutTransform):
    """Exchange the names of left and right joints, at random.

    The coordinates are not mirrored: the left hand's track becomes the right
    hand's. The official code calls this a spatial flip.

    Modified Keys:

        - keypoint, ``(M, T, V, C)``
        - keypoint_score, ``(M, T, V)`` (optional)

    Args:
        p: Probability. Defaults to 0.5.
        layout: Skeleton layout with ``left`` and ``right``; ``None`` means
            that of the dataset, or ``'nturgb+d'``. Defaults to ``None``.
    """

    def __init__(
        self, p: float = 0.5, layout: str | dict | None = None
    ) -> None:
        super().__init__(layout)
        self.p = _check_probability(p)

    def check_layout(self, layout: SkeletonLayout) -> None:
        """Sides must be known."""
        if not layout.left:
            raise ValueError(
                f'SkeletonFlip: the layout {layout.name!r} does not say '
                'which joints are left and right.'
            )

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Reorder the joints with probability ``p``."""
        layout = self.layout_of(results)
        if random.random() >= self.p:
            return results
        order = np.array(layout.flip_permutation)
        # Virtual joints lie on the midline and may not be there yet.
        order = order[: results['keypoint'].shape[2]]
        results['keypoint'] = results['keypoint'][:, :, order]
        if 'keypoint_score' in results:
            results['keypoint_score'] = results['keypoint_score'][:, :, order]
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(p={self.p}, layout={self.layout_name!r})'
        )


@TRANSFORMS.register_module()
class PartDrop(LayoutTransform):
    """Set one arm or leg to zero in all frames, at random.

    Placed before :class:`ToStream`: the bone from a dropped joint to a kept
    one then is minus the kept one, as in the official code.

    Modified Keys:

        - keypoint, ``(M, T, V, C)``
        - keypoint_score, ``(M, T, V)`` (optional)

    Args:
        p: Probability. Defaults to 0.2.
        layout: Skeleton layout with ``parts``, each equally likely; ``None``
            means that of the dataset, or ``'nturgb+d'``. Defaults to
            ``None``.
    """

    def __init__(
        self, p: float = 0.2, layout: str | dict | None = None
    ) -> None:
        super().__init__(layout)
        self.p = _check_probability(p)

    def check_layout(self, layout: SkeletonLayout) -> None:
        """Parts must be known."""
        if not layout.parts:
            raise ValueError(
                f'PartDrop: the layout {layout.name!r} has no parts.'
            )

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Zero one part with probability ``p``."""
        parts = self.layout_of(results).parts
        if random.random() >= self.p:
            return results
        _, joints = parts[random.randint(0, len(parts) - 1)]
        for key in ('keypoint', 'keypoint_score'):
            if key in results:
                # A copy: the array may belong to the dataset.
                results[key] = results[key].copy()
                results[key][:, :, list(joints)] = 0
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(p={self.p}, layout={self.layout_name!r})'
        )
