"""Virtual joints and centring."""

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS

from aclnet_plugin.datasets import AddVirtualJoints, CenterSkeleton


def pose(joints, persons=1, frames=6, channels=3, dtype=np.float32):
    rng = np.random.default_rng(7)
    shape = (persons, frames, joints, channels)
    return (rng.normal(size=shape) + 3).astype(dtype)


def test_virtual_joints_by_hand():
    data = pose(17, channels=2, dtype=np.float16)
    score = pose(17, channels=1, dtype=np.float16)[..., 0]
    got = AddVirtualJoints()(dict(keypoint=data, keypoint_score=score))
    assert 'keypoint_score' not in got
    out = got['keypoint']
    assert out.shape == (1, 6, 20, 3) and out.dtype == np.float32
    full = np.concatenate([data, score[..., None]], -1).astype(np.float32)
    np.testing.assert_array_equal(out[:, :, :17], full)
    pelvis = (full[:, :, 11] + full[:, :, 12]) / 2
    neck = (full[:, :, 5] + full[:, :, 6]) / 2
    np.testing.assert_allclose(out[:, :, 17], pelvis)
    np.testing.assert_allclose(out[:, :, 19], neck)
    np.testing.assert_allclose(out[:, :, 18], (pelvis + neck) / 2)


def test_virtual_joints_of_nobody():
    got = AddVirtualJoints()(dict(keypoint=pose(17, persons=0)))
    assert got['keypoint'].shape == (0, 6, 20, 3)


def test_virtual_joint_messages():
    with pytest.raises(ValueError, match=r'starts from 17 joints.*has 25'):
        AddVirtualJoints()(dict(keypoint=pose(25)))
    with pytest.raises(ValueError, match='no virtual joints'):
        AddVirtualJoints('coco')


def with_gaps(persons, seed):
    """Empty frames, missing joints, and persons that come and go."""
    rng = np.random.default_rng(seed)
    data = pose(25, persons, frames=30, dtype=np.float16)
    data[rng.random(data.shape[:2]) < 0.3] = 0
    data[rng.random(data.shape[:3]) < 0.1] = 0
    return data


@pytest.mark.parametrize('persons', [1, 2])
@pytest.mark.parametrize('seed', range(8))
def test_equals_the_host_on_25_joints(persons, seed):
    host = TRANSFORMS.build(
        dict(type='PreNormalize3D', align_spine=False, align_shoulder=False)
    )
    data = with_gaps(persons, seed)
    expected = host(dict(keypoint=data.copy(), total_frames=30))
    got = CenterSkeleton(center=1)(dict(keypoint=data, total_frames=30))
    for key in ('keypoint', 'body_center', 'total_frames'):
        np.testing.assert_array_equal(got[key], expected[key])
    assert got['keypoint'].dtype == np.float16


def test_centre_of_the_layout():
    data = pose(20)
    got = CenterSkeleton('kinect_v1')(dict(keypoint=data, total_frames=6))
    np.testing.assert_array_equal(got['body_center'], data[0, 0, 2])
    np.testing.assert_array_equal(got['keypoint'], data - data[:1, :1, 2:3])


def test_three_persons():
    data = pose(20, persons=3)
    data[0, :4] = data[1, :2] = 0
    got = CenterSkeleton('kinect_v1')(dict(keypoint=data))['keypoint']
    assert got.shape == (3, 6, 20, 3)
    np.testing.assert_array_equal(got[0], data[2] - data[2, 0, 2])


def test_zeros_nobody_and_one_frame():
    run = CenterSkeleton('kinect_v1')
    zeros = np.zeros((2, 5, 20, 3))
    assert run(dict(keypoint=zeros, total_frames=5)) == dict(
        keypoint=zeros, total_frames=5
    )
    nobody = run(dict(keypoint=pose(20, persons=0)))
    assert nobody['keypoint'].shape == (0, 6, 20, 3)
    one = run(dict(keypoint=pose(20, frames=1)))
    assert one['total_frames'] == 1 and not one['keypoint'][0, 0, 2].any()


def test_centring_messages():
    with pytest.raises(ValueError, match='has 25 joints'):
        CenterSkeleton('kinect_v1')(dict(keypoint=pose(25)))
    with pytest.raises(ValueError, match='0 to 19'):
        CenterSkeleton('kinect_v1', center=20)
    assert 'center=2' in repr(CenterSkeleton('kinect_v1', 2))
