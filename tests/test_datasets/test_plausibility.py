"""What does not look like a skeleton."""

import numpy as np
import pytest

from aclnet_plugin.datasets.plausibility import (
    body_size,
    changing_bones,
    image_problem,
    side_problem,
    unit_problem,
)
from aclnet_plugin.datasets.synthetic import generate_synthetic_skeletons
from aclnet_plugin.structures import get_layout
from aclnet_plugin.structures.layouts import TABLES

CHAIN = dict(num_node=5, center=0, inward=((1, 0), (2, 1), (3, 0), (4, 3)))


@pytest.fixture(scope='module')
def poses():
    content = generate_synthetic_skeletons(
        num_classes=6, num_subjects=2, num_views=2, noise=0.003
    )
    return [sample['keypoint'] for sample in content['annotations']]


def test_size_of_a_body():
    pose = np.zeros((2, 3, 4, 3))
    assert body_size(pose) == 0
    pose[0, :2, 1] = (1, 1, 5)
    pose[0, :2, 2] = (1, 3, 4)
    pose[1] = 100
    assert body_size(pose) == 2, 'missing joints are not at the origin'


def test_units(poses):
    assert unit_problem(poses) is None
    millimetres = [np.float32(pose) * 1000 for pose in poses]
    assert 'units large, which looks like milli' in unit_problem(millimetres)
    assert unit_problem([pose * 0 for pose in poses]) is None


def test_bones_that_change(poses):
    tables = get_layout('nturgb+d')
    assert changing_bones(poses, tables) == []
    parents = list(tables.parents)
    parents[10] = 16  # the right wrist hangs from the left hip
    layout = get_layout(
        dict(
            num_node=25,
            center=20,
            inward=[(v, p) for v, p in enumerate(parents) if v != p],
        )
    )
    ((joint, parent, change),) = changing_bones(poses, layout)
    assert (joint, parent) == (10, 16) and change > 0.2
    assert changing_bones([pose * 0 for pose in poses], layout) == []


def test_length_of_bones_against_a_loop():
    """Missing joints are left out; the change is relative to the mean."""
    rng = np.random.default_rng(0)
    layout = get_layout(CHAIN)
    pose = np.zeros((1, 30, 5, 3))
    pose[0, :, :, 0] = (5, 6, 7, 4, 3)
    pose[0, :, 2, 0] = rng.uniform(7, 11, 30)
    pose[0, 7, 2] = 0
    lengths = [
        pose[0, t, 2, 0] - pose[0, t, 1, 0] for t in range(30) if t != 7
    ]
    ((joint, parent, change),) = changing_bones([pose], layout)
    assert (joint, parent) == (2, 1)
    assert change == pytest.approx(np.std(lengths) / np.mean(lengths))


@pytest.mark.parametrize('name', [table['name'] for table in TABLES])
def test_known_layouts_are_symmetric(name):
    assert side_problem(get_layout(name)) is None


def test_sides():
    def problem(**sides):
        return side_problem(get_layout(CHAIN | sides))

    assert problem() is None
    assert problem(left=(1, 2), right=(3, 4)) is None
    assert 'left joint 1 hangs from 0, so that its counterpart 4 should' in (
        problem(left=(1, 2), right=(4, 3))
    )
    names = ('mid', 'left_a', 'left_b', 'right_a', 'right_b')
    sides = dict(joint_names=names, left=(1, 2), right=(3, 4))
    assert problem(**sides) is None
    sides |= dict(left=(1, 4), right=(3, 2))
    assert problem(**sides) == "joint 4, 'right_b', is in left"


def flat(scale, third=None, **more):
    pose = np.random.default_rng(0).uniform(0, 1, (1, 9, 5, 2)) * scale
    if third is not None:
        pose = np.concatenate([pose, pose[..., :1] * 0 + third], axis=-1)
    return [dict(keypoint=pose, **more)]


def test_images():
    size = dict(img_shape=(480, 640))
    assert image_problem(flat((640, 480), **size)) is None
    assert image_problem(flat((640, 480), 0.9, **size)) is None
    assert image_problem(flat(0, **size)) is None
    assert 'no score' in image_problem(flat((640, 480), 2.5, **size))
    assert 'no score' in image_problem(flat((640, 480), -0.1))
    assert 'shares' in image_problem(flat(1, **size))
    assert image_problem(flat(1, img_shape=(1, 1))) is None
    swapped = image_problem(flat((640, 480), img_shape=(640, 480)))
    assert '(height, width) = (640, 480)' in swapped
