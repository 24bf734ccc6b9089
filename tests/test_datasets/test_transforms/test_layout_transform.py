"""Transforms take the layout of the dataset if they are given none."""

import random

import numpy as np
import pytest

from aclnet_plugin.datasets import (
    CenterSkeleton,
    PartDrop,
    SkeletonFlip,
    ToStream,
)
from aclnet_plugin.structures import get_layout

CHAIN = dict(
    name='chain',
    num_node=4,
    inward=[(1, 0), (2, 1), (3, 1)],
    center=0,
    left=[2],
    right=[3],
    parts=dict(end=[3]),
)
TRANSFORMS = {
    'center': CenterSkeleton,
    'flip': lambda layout=None: SkeletonFlip(p=1, layout=layout),
    'drop': lambda layout=None: PartDrop(p=1, layout=layout),
    'bone': lambda layout=None: ToStream(layout, stream='b'),
}


def sample(joints=4, **more):
    pose = np.random.default_rng(0).normal(size=(1, 5, joints, 3))
    return dict(keypoint=pose, total_frames=5, **more)


@pytest.mark.parametrize('name', TRANSFORMS)
def test_the_layout_of_the_sample_is_as_good_as_a_given_one(name):
    make = TRANSFORMS[name]
    random.seed(0)
    given = make(layout=CHAIN)(sample())['keypoint']
    random.seed(0)
    stamped = make()(sample(layout=get_layout(CHAIN)))['keypoint']
    np.testing.assert_array_equal(given, stamped)
    assert not np.array_equal(stamped, sample()['keypoint'])


@pytest.mark.parametrize('name', TRANSFORMS)
def test_a_given_layout_comes_first_and_ntu_last(name):
    make = TRANSFORMS[name]
    other = get_layout('nturgb+d')
    make(layout=CHAIN)(sample(layout=other))
    make()(sample(25))


def test_what_a_layout_lacks_is_said_when_it_is_met():
    bare = {k: CHAIN[k] for k in ('name', 'num_node', 'inward', 'center')}
    for transform, lacking in ((SkeletonFlip, 'left'), (PartDrop, 'parts')):
        with pytest.raises(ValueError, match=lacking):
            transform(layout=bare)
        with pytest.raises(ValueError, match=lacking):
            transform()(sample(layout=get_layout(bare)))
    with pytest.raises(ValueError, match='center must be a joint of'):
        CenterSkeleton(center=9)(sample(layout=get_layout(CHAIN)))
    with pytest.raises(ValueError, match=r'has 4 joints.*has 25'):
        ToStream(stream='j')(sample())
