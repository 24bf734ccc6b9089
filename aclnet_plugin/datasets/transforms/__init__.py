"""Transforms of skeleton sequences."""

from .augment import PartDrop, RandomRot, SkeletonFlip
from .gait import (
    CenterOnJoint,
    JointNoise,
    PointNoise,
    RandomMirrorPose,
    TemporalReverse,
)
from .keypoints import AddVirtualJoints, CenterSkeleton
from .occlusion import DropFrames, OccludeJoints
from .sampling import UniformSampleClips, UniformSampleDecode
from .streams import STREAMS, ToStream

__all__ = [
    'STREAMS',
    'AddVirtualJoints',
    'CenterOnJoint',
    'CenterSkeleton',
    'DropFrames',
    'JointNoise',
    'OccludeJoints',
    'PartDrop',
    'PointNoise',
    'RandomMirrorPose',
    'RandomRot',
    'SkeletonFlip',
    'TemporalReverse',
    'ToStream',
    'UniformSampleClips',
    'UniformSampleDecode',
]
