"""Skeleton datasets and their transforms."""

from .checks import check_labels
from .gait_dataset import GaitPoseDataset, GaitPoseStoreDataset
from .sample_seeding import SeededFetch, seed_samples
from .samplers import RandomIdentitySampler
from .skeleton_dataset import SkeletonDataset
from .store_dataset import SkeletonStoreDataset
from .transforms import (
    AddVirtualJoints,
    CenterOnJoint,
    CenterSkeleton,
    DropFrames,
    JointNoise,
    OccludeJoints,
    PartDrop,
    PointNoise,
    RandomMirrorPose,
    RandomRot,
    SkeletonFlip,
    TemporalReverse,
    ToStream,
    UniformSampleClips,
    UniformSampleDecode,
)

__all__ = [
    'AddVirtualJoints',
    'CenterOnJoint',
    'CenterSkeleton',
    'DropFrames',
    'GaitPoseDataset',
    'GaitPoseStoreDataset',
    'JointNoise',
    'OccludeJoints',
    'PartDrop',
    'PointNoise',
    'RandomIdentitySampler',
    'RandomMirrorPose',
    'RandomRot',
    'SeededFetch',
    'SkeletonDataset',
    'SkeletonFlip',
    'SkeletonStoreDataset',
    'TemporalReverse',
    'ToStream',
    'UniformSampleClips',
    'UniformSampleDecode',
    'check_labels',
    'seed_samples',
]
