"""Skeleton datasets and their transforms."""

from .checks import check_labels
from .sample_seeding import SeededFetch, seed_samples
from .skeleton_dataset import SkeletonDataset
from .store_dataset import SkeletonStoreDataset
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
    'SeededFetch',
    'SkeletonDataset',
    'SkeletonFlip',
    'SkeletonStoreDataset',
    'ToStream',
    'UniformSampleClips',
    'UniformSampleDecode',
    'check_labels',
    'seed_samples',
]
