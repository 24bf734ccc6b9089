"""One pose of a sample, to draw something on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ..datasets.movements import rest_offsets
from ..datasets.naming import sample_name
from ..datasets.transforms.keypoints import AddVirtualJoints
from ..structures import SkeletonLayout
from ..visualization.skeleton_plot import visible_joints
from .errors import AnalysisError
from .importance import telling_frame


class SamplePose(NamedTuple):
    """One person in one frame.

    Attributes:
        points: ``(V, C)`` coordinates; a score may follow them.
        visible: ``(V,)`` bool.
        where: Sample and frame, for captions.
    """

    points: np.ndarray
    visible: np.ndarray
    where: str


def pose_of_sample(
    sample: Mapping[str, Any],
    layout: SkeletonLayout,
    frame: int | None = None,
) -> SamplePose:
    """Take a pose from an annotation.

    Args:
        sample: Annotation with ``keypoint`` ``(M, T, V, C)``.
        layout: Its joints; virtual ones are computed.
        frame: Frame from 0. Defaults to None: the one farthest from the
            mean pose.

    Returns:
        The pose of the person who is seen in most frames.

    Raises:
        AnalysisError: If the sample has no such poses or frame.
    """
    name = sample_name(sample)
    keypoint = np.asarray(sample.get('keypoint'))
    if keypoint.ndim != 4 or not keypoint.size:
        raise AnalysisError(
            f'{name} has no poses (M, T, V, C) to draw; draw a rest pose '
            f'instead (--pose rest)'
        )
    if layout.virtual_joints and keypoint.shape[2] == layout.num_source_joints:
        results = {'keypoint': keypoint}
        keypoint = AddVirtualJoints(layout).transform(results)['keypoint']
    if keypoint.shape[2] != layout.num_joints:
        raise AnalysisError(
            f'{name} has {keypoint.shape[2]} joints, the layout '
            f'{layout.name!r} of the config has {layout.num_joints}'
        )
    seen = visible_joints(keypoint, layout.dims)
    person = int(seen.any(2).sum(1).argmax())
    track, seen = keypoint[person], seen[person]
    if frame is None:
        frame = telling_frame(track[..., : layout.dims])
    if not 0 <= frame < len(track):
        raise AnalysisError(
            f'{name} has frames 0 to {len(track) - 1}, there is no {frame}'
        )
    return SamplePose(track[frame], seen[frame], f'{name}, frame {frame}')


def rest_pose(layout: SkeletonLayout) -> SamplePose:
    """A person who stands upright.

    Args:
        layout: A layout in three dimensions with known joint names.

    Raises:
        AnalysisError: If there is no rest pose for it.
    """
    try:
        offsets = rest_offsets(layout)
    except ValueError as error:
        raise AnalysisError(f'{error} Or draw a sample.') from error
    points = offsets.copy()
    closer = dict(layout.edges)
    for joint in range(layout.num_joints):
        end = joint
        while end != layout.center:
            end = closer[end]
            points[joint] += offsets[end]
    visible = np.ones(layout.num_joints, bool)
    return SamplePose(points, visible, 'rest pose')
