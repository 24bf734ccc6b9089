"""Rotation, left-right exchange and part drop."""

import random

import numpy as np
import pytest
from mmengine.dataset import worker_init_fn

from aclnet_plugin.datasets import PartDrop, RandomRot, SkeletonFlip
from aclnet_plugin.datasets.transforms.augment import rotation_matrix
from aclnet_plugin.structures import get_layout


def pose(joints=25, persons=2, frames=4, dtype=np.float16):
    rng = np.random.default_rng(5)
    return rng.normal(size=(persons, frames, joints, 3)).astype(dtype)


def test_rotation_matrix_is_made_of_three_turns():
    angles = np.array([0.3, -0.7, 1.1])
    matrix = rotation_matrix(angles)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1)
    single = [rotation_matrix(angles * np.eye(3)[i]) for i in range(3)]
    np.testing.assert_allclose(
        single[2] @ single[1] @ single[0], matrix, atol=1e-12
    )


def test_rotation_by_loop():
    data = pose()
    np.random.seed(3)
    got = RandomRot(0.3)(dict(keypoint=data))['keypoint']
    np.random.seed(3)
    matrix = rotation_matrix(np.random.uniform(-0.3, 0.3, size=3))
    for index in np.ndindex(data.shape[:3]):
        expected = matrix @ data[index].astype(float)
        np.testing.assert_allclose(got[index], expected, atol=1e-12)
    assert got.dtype == np.float64
    norms = [np.linalg.norm(x.astype(float), axis=-1) for x in (data, got)]
    np.testing.assert_allclose(*norms, atol=1e-12)


def test_angles_per_axis():
    data = pose(dtype=np.float64)
    run = RandomRot((0.0, 1.0, 0.0))
    got = run(dict(keypoint=data))['keypoint']
    np.testing.assert_allclose(got[..., 1], data[..., 1], atol=1e-12)
    assert np.abs(got[..., 0] - data[..., 0]).max() > 1e-3
    np.testing.assert_array_equal(
        RandomRot(0)(dict(keypoint=data))['keypoint'], data
    )


def test_nothing_is_drawn_for_an_empty_sample():
    zeros = np.zeros((1, 3, 25, 3), np.float16)
    np.random.seed(1)
    before = np.random.get_state()[2]
    got = RandomRot()(dict(keypoint=zeros))['keypoint']
    assert got is zeros and np.random.get_state()[2] == before
    nobody = RandomRot()(dict(keypoint=pose(persons=0)))['keypoint']
    assert nobody.shape == (0, 4, 25, 3)


def test_two_dimensional_input_is_refused():
    with pytest.raises(ValueError, match='2 channels'):
        RandomRot()(dict(keypoint=pose()[..., :2]))
    flat = dict(keypoint=pose(), keypoint_score=pose()[..., 0])
    with pytest.raises(ValueError, match='and a score'):
        RandomRot()(flat)


@pytest.mark.parametrize('name', ['nturgb+d', 'coco', 'kinect_v1'])
def test_flip_renames_the_sides(name):
    layout = get_layout(name)
    data = pose(layout.num_joints)
    sample = dict(keypoint=data, keypoint_score=data[..., 0])
    got = SkeletonFlip(1, name)(dict(sample))
    for left, right in zip(layout.left, layout.right, strict=True):
        for one, two in ((left, right), (right, left)):
            np.testing.assert_array_equal(
                got['keypoint'][:, :, one], data[:, :, two]
            )
    middle = sorted(
        set(range(layout.num_joints)) - {*layout.left, *layout.right}
    )
    np.testing.assert_array_equal(
        got['keypoint'][:, :, middle], data[:, :, middle]
    )
    np.testing.assert_array_equal(
        got['keypoint_score'], got['keypoint'][..., 0]
    )
    again = SkeletonFlip(1, name)(got)
    np.testing.assert_array_equal(again['keypoint'], data)


def test_flip_before_the_virtual_joints_are_there():
    data = pose(17)
    got = SkeletonFlip(1, 'coco_new')(dict(keypoint=data))['keypoint']
    expected = SkeletonFlip(1, 'coco')(dict(keypoint=data))['keypoint']
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize('name', ['nturgb+d', 'coco_new', 'openpose'])
def test_drop_clears_one_whole_part(name):
    layout = get_layout(name)
    data = pose(layout.num_joints)
    copy = data.copy()
    seen = set()
    random.seed(0)
    for _ in range(60):
        got = PartDrop(1, name)(
            dict(keypoint=data, keypoint_score=data[..., 0])
        )
        gone = ~got['keypoint'].any(axis=(0, 1, 3))
        seen.add(tuple(np.flatnonzero(gone)))
        kept = ~gone
        np.testing.assert_array_equal(
            got['keypoint'][:, :, kept], data[:, :, kept]
        )
        assert not got['keypoint_score'][:, :, gone].any()
    assert seen == {tuple(sorted(joints)) for _, joints in layout.parts}
    np.testing.assert_array_equal(data, copy)


@pytest.mark.parametrize('transform', [SkeletonFlip, PartDrop])
def test_probability(transform):
    data = pose()
    random.seed(0)
    hits = sum(
        transform(0.3)(dict(keypoint=data))['keypoint'] is not data
        for _ in range(2000)
    )
    assert 500 < hits < 700
    assert transform(0)(dict(keypoint=data))['keypoint'] is data


def test_workers_differ_and_repeat():
    """MMEngine seeds both generators that are used here."""

    def draw(worker):
        worker_init_fn(worker, num_workers=2, rank=0, seed=7)
        return np.random.uniform(), random.random()

    one, two = draw(0), draw(1)
    assert one == draw(0)
    assert one[0] != two[0] and one[1] != two[1]


def test_bad_arguments():
    bare = dict(num_node=2, inward=[[1, 0]], center=0)
    for make, message in [
        (lambda: RandomRot(-1), 'theta'),
        (lambda: RandomRot((1, 2)), 'theta'),
        (lambda: SkeletonFlip(1.5), 'between 0 and 1'),
        (lambda: PartDrop(-0.1), 'between 0 and 1'),
        (lambda: SkeletonFlip(0.5, bare), 'left and right'),
        (lambda: PartDrop(0.5, bare), 'no parts'),
    ]:
        with pytest.raises(ValueError, match=message):
            make()
    assert repr(PartDrop(0.2)) == 'PartDrop(p=0.2, layout=None)'
