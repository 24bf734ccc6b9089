"""Changes of a walk for gait recognition and re-identification.

They are those of GaitGraph's recipe and of TranSG's preparation. All take
single-precision coordinates as they are in the file (pixels or metres), and
draw from NumPy's global generator, which is seeded for every sample.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from ...utils.shown import shown
from .walk_inputs import (
    check_deviation,
    check_probability,
    coordinates_of,
    keypoint_of,
    wide_copy,
)


@TRANSFORMS.register_module()
class RandomMirrorPose(BaseTransform):
    """Mirror a walk about the middle of the body, at random.

    In every frame x becomes ``2 * mean(x) - x``, the mean being that of the
    person's joints. Left and right joints do not exchange their names, which
    sets it apart from MMAction2's ``Flip``. All frames are mirrored, or
    none.

    Modified Keys:

        - keypoint, ``(M, T, V, C)``

    Args:
        p: Probability. Defaults to 0.5.
    """

    def __init__(self, p: float = 0.5) -> None:
        self.p = check_probability(self, p)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Mirror with probability ``p``."""
        keypoint = keypoint_of(self, results)
        if np.random.rand() >= self.p:
            return results
        mirrored = wide_copy(keypoint)
        x = mirrored[..., 0]
        # NumPy would add up thousands of pixels in single precision.
        middle = x.mean(axis=-1, keepdims=True, dtype=np.float64)
        mirrored[..., 0] = 2 * middle - x
        results['keypoint'] = mirrored
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(p={self.p})'


@TRANSFORMS.register_module()
class TemporalReverse(BaseTransform):
    """Let a walk run backwards, at random.

    Modified Keys:

        - keypoint, ``(M, T, V, C)``
        - keypoint_score, ``(M, T, V)`` (optional)

    Args:
        p: Probability; 1 for a copy at test time. Defaults to 0.5.
    """

    def __init__(self, p: float = 0.5) -> None:
        self.p = check_probability(self, p)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Reverse time with probability ``p``."""
        keypoint_of(self, results)
        if np.random.rand() >= self.p:
            return results
        for key in ('keypoint', 'keypoint_score'):
            if key in results:
                # PyTorch knows no negative strides.
                results[key] = np.ascontiguousarray(results[key][:, ::-1])
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(p={self.p})'


@TRANSFORMS.register_module()
class PointNoise(BaseTransform):
    """Add normal noise to every frame, joint and channel by itself.

    The score gets it, too, and is not cut to 0 to 1 afterwards.

    Modified Keys:

        - keypoint, ``(M, T, V, C)``
        - keypoint_score, ``(M, T, V)`` (optional)

    Args:
        std: Standard deviation, in the unit of the coordinates and of the
            score. Defaults to 0.05, which is meant for pixels.
    """

    def __init__(self, std: float = 0.05) -> None:
        self.std = check_deviation(self, std)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add the noise."""
        keypoint_of(self, results)
        for key in ('keypoint', 'keypoint_score'):
            if key in results:
                noisy = wide_copy(results[key])
                noisy += np.random.normal(0, self.std, noisy.shape)
                results[key] = noisy
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(std={self.std})'


@TRANSFORMS.register_module()
class JointNoise(BaseTransform):
    """Move every joint a little, by the same in all frames.

    All coordinates of a joint get an offset of their own; the score is left
    alone.

    Modified Keys:

        - keypoint, ``(M, T, V, C)``

    Args:
        std: Standard deviation of the offsets, in the unit of the
            coordinates. Defaults to 0.25, which is meant for pixels.
    """

    def __init__(self, std: float = 0.25) -> None:
        self.std = check_deviation(self, std)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add the offsets."""
        keypoint = keypoint_of(self, results)
        dims = coordinates_of(results)
        persons, _, joints, _ = keypoint.shape
        moved = wide_copy(keypoint)
        moved[..., :dims] += np.random.normal(
            0, self.std, (persons, 1, joints, dims)
        )
        results['keypoint'] = moved
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(std={self.std})'


@TRANSFORMS.register_module()
class CenterOnJoint(BaseTransform):
    """Measure all joints of a frame from one of them.

    In every frame, and for every person, the joint becomes the origin. The
    score is left alone; nothing is scaled or rotated. A joint that is
    missing (all zeros) is moved like the others.

    Modified Keys:

        - keypoint, ``(M, T, V, C)``

    Args:
        joint: The joint, from 0. Defaults to 0.
    """

    def __init__(self, joint: int = 0) -> None:
        if not isinstance(joint, int) or isinstance(joint, bool) or joint < 0:
            raise ValueError(
                f'CenterOnJoint: joint is {shown(joint)}; it must be an '
                'integer from 0.'
            )
        self.joint = joint

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Subtract the joint."""
        keypoint = keypoint_of(self, results)
        joints = keypoint.shape[2]
        if self.joint >= joints:
            raise ValueError(
                f'CenterOnJoint: there is no joint {self.joint}; the sample '
                f'has {joints}, 0 to {joints - 1}.'
            )
        dims = coordinates_of(results)
        centred = wide_copy(keypoint)
        centred[..., :dims] -= centred[:, :, self.joint, None, :dims]
        results['keypoint'] = centred
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(joint={self.joint})'
