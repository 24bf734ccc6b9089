"""Joints and frames that a sensor did not see.

What is missing is zero, as in the annotation files. Where a transform
stands decides what else that does: before a transform that centres
(``CenterSkeleton``, ``PreNormalize3D``), a missing centre joint leaves the
sequence where the camera saw it, and missing frames are taken out; after it,
and before :class:`ToStream`, a missing joint lies at the origin, and the bone
from it to a kept one is minus the kept one, as after :class:`PartDrop`.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from ...structures import SkeletonLayout
from ..naming import sample_name
from .layout_transform import LayoutTransform

_ARRAYS = ('keypoint', 'keypoint_score')


def sample_generator(
    results: Mapping[str, Any], seed: int | None
) -> np.random.RandomState:
    """Random numbers for one sample.

    Args:
        results: The sample.
        seed: Together with the sample's name it decides the numbers, so that
            neither order nor number of workers has a say. None: they are
            those of NumPy's global generator, new in each epoch.
    """
    if seed is None:
        return np.random
    name = zlib.crc32(sample_name(results).encode())
    return np.random.RandomState([seed % 2**32, name])


def _checked_keypoint(results: Mapping[str, Any], who: str) -> np.ndarray:
    keypoint = results.get('keypoint')
    if not isinstance(keypoint, np.ndarray) or keypoint.ndim != 4:
        raise ValueError(
            f'{who}: {sample_name(results)} has no keypoint of shape '
            f'(M, T, V, C) here; put it after what loads and before '
            f'FormatGCNInput.'
        )
    return keypoint


@TRANSFORMS.register_module()
class OccludeJoints(LayoutTransform):
    """Set joints to zero, in all frames and of all persons.

    A virtual joint that was computed before stays, unless it is named.

    Modified Keys:

        - keypoint, ``(M, T, V, C)``
        - keypoint_score, ``(M, T, V)`` (optional)

    Args:
        joints: Which: one of the layout's ``parts`` or ``regions`` by its
            name, such as ``'left_arm'``, or a list of joints. Defaults to
            none.
        num_random: How many further joints, drawn anew for each sample.
            Defaults to 0.
        seed: Makes the random joints depend on seed and sample alone, see
            :func:`sample_generator`. Defaults to None.
        layout: Skeleton layout; ``None`` means that of the dataset, or
            ``'nturgb+d'``. Defaults to ``None``.
    """

    def __init__(
        self,
        joints: str | Sequence[int] = (),
        num_random: int = 0,
        seed: int | None = None,
        layout: str | dict | None = None,
    ) -> None:
        if num_random < 0:
            raise ValueError(
                f'num_random must not be negative, got {num_random}.'
            )
        named = isinstance(joints, str)
        self.joints = joints if named else tuple(joints)
        self.num_random = num_random
        self.seed = seed
        super().__init__(layout)

    def check_layout(self, layout: SkeletonLayout) -> None:
        """The joints must exist."""
        self._fixed(layout)
        if self.num_random > layout.num_joints:
            raise ValueError(
                f'OccludeJoints: num_random={self.num_random}, but '
                f'{layout.name!r} has {layout.num_joints} joints.'
            )

    def _fixed(self, layout: SkeletonLayout) -> np.ndarray:
        if isinstance(self.joints, str):
            return np.array(layout.joints_of(self.joints), np.int64)
        total = layout.num_joints
        wrong = [v for v in self.joints if not 0 <= v < total]
        if wrong:
            raise ValueError(
                f'OccludeJoints: joint {wrong[0]} is not one of the '
                f'{total} joints of {layout.name!r}, 0 to {total - 1}.'
            )
        return np.array(self.joints, np.int64)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Hide the joints."""
        keypoint = _checked_keypoint(results, type(self).__name__)
        joints = self._fixed(self.layout_of(results))
        # Virtual joints may not be there yet.
        joints = joints[joints < keypoint.shape[2]]
        if self.num_random:
            rest = np.setdiff1d(np.arange(keypoint.shape[2]), joints)
            rng = sample_generator(results, self.seed)
            drawn = rng.permutation(rest)[: self.num_random]
            joints = np.concatenate([joints, drawn])
        for key in _ARRAYS:
            if key in results:
                # A copy: the array may belong to the dataset.
                results[key] = results[key].copy()
                results[key][:, :, joints] = 0
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(joints={self.joints!r}, '
            f'num_random={self.num_random}, seed={self.seed}, '
            f'layout={self.layout_name!r})'
        )


@TRANSFORMS.register_module()
class DropFrames(BaseTransform):
    """Lose frames at random, of all persons alike.

    At least one frame is left.

    Modified Keys:

        - keypoint, ``(M, T, V, C)``
        - keypoint_score, ``(M, T, V)`` (optional)
        - total_frames (if frames are taken out)

    Args:
        ratio: Share of the frames, at least 0 and below 1.
        remove: Take them out instead of setting them to zero, so that the
            sequence is shorter. Only before frames are sampled. Defaults to
            False.
        seed: Makes the frames depend on seed and sample alone, see
            :func:`sample_generator`. Defaults to None.
    """

    def __init__(
        self, ratio: float, remove: bool = False, seed: int | None = None
    ) -> None:
        if not 0 <= ratio < 1:
            raise ValueError(
                f'ratio must be at least 0 and below 1, got {ratio!r}.'
            )
        self.ratio = ratio
        self.remove = remove
        self.seed = seed

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Lose the frames."""
        frames = _checked_keypoint(results, type(self).__name__).shape[1]
        if self.remove and 'frame_inds' in results:
            raise ValueError(
                'DropFrames(remove=True) has to stand before the transform '
                'that samples frames.'
            )
        number = min(round(self.ratio * frames), frames - 1)
        if number <= 0:
            return results
        rng = sample_generator(results, self.seed)
        lost = rng.permutation(frames)[:number]
        for key in _ARRAYS:
            if key not in results:
                continue
            if self.remove:
                results[key] = np.delete(results[key], lost, axis=1)
            else:
                results[key] = results[key].copy()
                results[key][:, lost] = 0
        if self.remove:
            results['total_frames'] = frames - number
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(ratio={self.ratio}, '
            f'remove={self.remove}, seed={self.seed})'
        )
