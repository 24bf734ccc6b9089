"""Joints that are computed, and the origin they are measured from."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from ...structures import SkeletonLayout, get_layout
from .half import difference, seen_frames, seen_joints
from .layout_transform import LayoutTransform


@TRANSFORMS.register_module()
class AddVirtualJoints(BaseTransform):
    """Append the virtual joints of a layout, such as ``coco_new``.

    A virtual joint is the mean of others in all channels, the confidence
    included. COCO's 17 joints become 20: pelvis, mid spine and neck.

    Required Keys:

        - keypoint, ``(M, T, V, 2)``, or with the score as third channel
        - keypoint_score, ``(M, T, V)`` (optional)

    Modified Keys:

        - keypoint, ``(M, T, V + new, C)``, float32, the score appended
        - keypoint_score (removed)

    Args:
        layout: Layout with virtual joints. Defaults to ``'coco_new'``.
    """

    def __init__(self, layout: str | dict = 'coco_new') -> None:
        self.layout = get_layout(layout)
        if not self.layout.virtual_joints:
            raise ValueError(
                f'AddVirtualJoints: the layout {self.layout.name!r} has no '
                'virtual joints.'
            )

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Append the joints."""
        layout = self.layout
        source = results['keypoint']
        if source.shape[2] != layout.num_source_joints:
            raise ValueError(
                f'AddVirtualJoints: layout {layout.name!r} starts from '
                f'{layout.num_source_joints} joints, the sample has '
                f'{source.shape[2]}.'
            )
        if 'keypoint_score' in results:
            score = results.pop('keypoint_score')[..., None]
            source = np.concatenate([source, score], axis=-1)
        persons, frames, joints, channels = source.shape
        out = np.zeros(
            (persons, frames, layout.num_joints, channels), np.float32
        )
        out[:, :, :joints] = source
        for joint, parts in layout.virtual_joints:
            out[:, :, joint] = out[:, :, list(parts)].mean(axis=2)
        results['keypoint'] = out
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(layout={self.layout.name!r})'


@TRANSFORMS.register_module()
class CenterSkeleton(LayoutTransform):
    """Drop empty frames and measure from the centre of the first one.

    What MMAction2's ``PreNormalize3D`` does without its rotations, for every
    layout: there the centre is joint 1 of 25-joint skeletons and otherwise
    the last joint, which need not be near the middle of the body. Frames
    are looked at all at once.

    Frames without any joint of the main person are dropped. If there are two
    persons, the one that is seen longer becomes the first. The joint
    ``center`` of the first kept frame is subtracted from all joints; missing
    joints stay 0. An all-zero sample is left as it is.

    Modified Keys:

        - keypoint, ``(M, T, V, 3)``
        - total_frames

    Added Keys:

        - body_center, ``(3,)``

    Args:
        layout: Skeleton layout; ``None`` means that of the dataset, or
            ``'nturgb+d'``. Defaults to ``None``.
        center: Joint to measure from. Defaults to ``None``, the centre of
            the layout.
    """

    def __init__(
        self, layout: str | dict | None = None, center: int | None = None
    ) -> None:
        self.center = center
        super().__init__(layout)

    def check_layout(self, layout: SkeletonLayout) -> None:
        """The centre must be one of its joints."""
        if self.center is None or 0 <= self.center < layout.num_joints:
            return
        raise ValueError(
            f'center must be a joint of {layout.name!r}, 0 to '
            f'{layout.num_joints - 1}, got {self.center!r}.'
        )

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Drop, swap and centre."""
        layout = self.layout_of(results)
        skeleton = results['keypoint']
        if skeleton.shape[2] != layout.num_joints:
            raise ValueError(
                f'CenterSkeleton: the sample has {skeleton.shape[2]} joints, '
                f'the layout {layout.name!r} has {layout.num_joints}.'
            )
        seen = seen_frames(skeleton)
        if not seen.any():
            return results
        main = int(seen.sum(axis=1).argmax())
        if main:
            order = np.arange(len(skeleton))
            order[[0, main]] = order[[main, 0]]
            skeleton = skeleton[order]
        if not seen[main].all():
            skeleton = skeleton[:, seen[main]]
        center = layout.center if self.center is None else self.center
        body_center = skeleton[0, 0, center].copy()
        centred = difference(skeleton, body_center)
        missing = ~seen_joints(skeleton)
        if missing.any():
            centred[missing] = 0
        results['keypoint'] = centred
        results['total_frames'] = centred.shape[1]
        results['body_center'] = body_center
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(layout={self.layout_name!r}, '
            f'center={self.center})'
        )
