"""Skeleton datasets and their transforms."""

from .checks import check_labels
from .skeleton_dataset import SkeletonDataset
from .transforms import (
    AddVirtualJoints,
    CenterSkeleton,
    PartDrop,
    RandomRot,
    SkeletonFlip,
    ToStream,
    UniformSampleClips,
    UniformSampleDecode,
)

__all__ = [
    'AddVirtualJoints',
    'CenterSkeleton',
    'PartDrop',
    'RandomRot',
    'SkeletonDataset',
    'SkeletonFlip',
    'ToStream',
    'UniformSampleClips',
    'UniformSampleDecode',
    'check_labels',
]
