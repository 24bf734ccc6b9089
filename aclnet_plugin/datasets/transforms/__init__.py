"""Transforms of skeleton sequences."""

from .augment import PartDrop, RandomRot, SkeletonFlip
from .keypoints import AddVirtualJoints, CenterSkeleton
from .sampling import UniformSampleClips, UniformSampleDecode
from .streams import STREAMS, ToStream

__all__ = [
    'STREAMS',
    'AddVirtualJoints',
    'CenterSkeleton',
    'PartDrop',
    'RandomRot',
    'SkeletonFlip',
    'ToStream',
    'UniformSampleClips',
    'UniformSampleDecode',
]
