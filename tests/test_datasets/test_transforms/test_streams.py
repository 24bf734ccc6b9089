"""ToStream against an obvious loop and against MMAction2."""

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS

from aclnet_plugin.datasets import ToStream
from aclnet_plugin.structures import get_layout

STREAMS = ('j', 'b', 'k', 'jm', 'bm', 'km')
ROPE = dict(num_node=3, inward=[[1, 0], [2, 1]], center=0)


def pose(joints, channels=3, persons=2, frames=5, dtype=np.float32):
    rng = np.random.default_rng(3)
    data = rng.normal(size=(persons, frames, joints, channels))
    return data.astype(dtype)


def by_loop(data, layout, stream, confidence):
    """Joint by joint, frame by frame."""
    _, frames, joints, channels = data.shape
    scored = layout.dims == 2 and channels == 3
    static = np.array(data, dtype=np.float64)
    if stream[0] != 'j':
        second = stream[0] == 'k'
        mean = scored and (not second or confidence == 'mean')
        for v in range(joints):
            end = layout.parents[v]
            if second:
                end = v if end == layout.center else layout.parents[end]
            static[:, :, v] = data[:, :, v] - data[:, :, end]
            if mean:
                total = data[:, :, v, 2] + data[:, :, end, 2]
                static[:, :, v, 2] = total / 2
    if not stream.endswith('m'):
        return static
    motion = np.zeros_like(static)
    for t in range(frames - 1):
        motion[:, t] = static[:, t + 1] - static[:, t]
        if scored and confidence == 'mean':
            motion[:, t, :, 2] = static[:, t + 1, :, 2] + static[:, t, :, 2]
            motion[:, t, :, 2] /= 2
    return motion


@pytest.mark.parametrize('stream', STREAMS)
@pytest.mark.parametrize('confidence', ['mean', 'mixed'])
@pytest.mark.parametrize(
    'layout', ['nturgb+d', 'kinect_v1', 'coco', 'coco_new', 'openpose', ROPE]
)
def test_equals_the_loop(layout, stream, confidence):
    known = get_layout(layout)
    data = pose(known.num_joints)
    got = ToStream(layout, stream, confidence)(dict(keypoint=data.copy()))
    expected = by_loop(data, known, stream, confidence)
    np.testing.assert_allclose(got['keypoint'], expected, atol=1e-6)


@pytest.mark.parametrize('stream', ['j', 'b', 'jm', 'bm'])
@pytest.mark.parametrize('layout', ['nturgb+d', 'coco'])
def test_equals_the_host(layout, stream):
    flat = layout == 'coco'
    data = pose(get_layout(layout).num_joints, 2 if flat else 3)
    sample = dict(keypoint=data)
    if flat:
        sample['keypoint_score'] = pose(17, 1)[..., 0]
    host = TRANSFORMS.build(
        dict(type='GenSkeFeat', dataset=layout, feats=[stream])
    )
    expected = host(dict(sample))['keypoint']
    got = ToStream(layout, stream)(dict(sample))
    assert 'keypoint_score' not in got
    np.testing.assert_array_equal(got['keypoint'], expected)
    assert got['keypoint'].dtype == expected.dtype


@pytest.mark.parametrize('stream', STREAMS)
@pytest.mark.parametrize('dtype', [np.float16, np.float32, np.float64])
def test_dtypes(stream, dtype):
    data = pose(25, dtype=dtype)
    got = ToStream(stream=stream)(dict(keypoint=data))['keypoint']
    assert got.dtype == (dtype if stream[0] == 'j' else np.float32)


def test_half_precision_is_subtracted_in_half_precision():
    data = pose(25, dtype=np.float16)
    got = ToStream(stream='b')(dict(keypoint=data))['keypoint']
    assert got[0, 0, 0, 0] == np.float32(data[0, 0, 0, 0] - data[0, 0, 1, 0])


def test_where_the_stream_comes_from():
    data = pose(25)
    sample = dict(keypoint=data, stream='b')
    bone = ToStream()(dict(sample))['keypoint']
    assert (bone[:, :, 20] == 0).all()
    joint = ToStream(stream='j')(dict(sample))['keypoint']
    np.testing.assert_array_equal(joint, data)
    with pytest.raises(ValueError, match=r'SkeletonDataset\(stream='):
        ToStream()(dict(keypoint=data))
    with pytest.raises(ValueError, match='jm'):
        ToStream()(dict(keypoint=data, stream='joint'))


@pytest.mark.parametrize('stream', STREAMS)
def test_one_frame_no_person_and_zeros(stream):
    run = ToStream(stream=stream)
    one = run(dict(keypoint=pose(25, frames=1)))['keypoint']
    assert one.shape == (2, 1, 25, 3)
    assert not (stream.endswith('m') and one.any())
    nobody = run(dict(keypoint=pose(25, persons=0)))['keypoint']
    assert nobody.shape == (0, 5, 25, 3)
    assert not run(dict(keypoint=np.zeros((1, 5, 25, 3))))['keypoint'].any()


def test_input_is_not_changed():
    data = pose(20)
    copy = data.copy()
    for stream in STREAMS:
        ToStream('coco_new', stream)(dict(keypoint=data))
    np.testing.assert_array_equal(data, copy)


def test_messages():
    with pytest.raises(ValueError, match='AddVirtualJoints before'):
        ToStream('coco_new', 'j')(dict(keypoint=pose(17)))
    with pytest.raises(ValueError, match=r'has 25 joints.*has 20'):
        ToStream('kinect_v1', 'j')(dict(keypoint=pose(25)))
    with pytest.raises(ValueError, match='keypoint_score goes with'):
        ToStream(stream='j')(
            dict(keypoint=pose(25), keypoint_score=pose(25)[..., 0])
        )
    with pytest.raises(ValueError, match="'mean', 'mixed'"):
        ToStream(confidence='x')
    with pytest.raises(ValueError, match='Unknown stream'):
        ToStream(stream='x')
    assert 'coco_new' in repr(ToStream('coco_new', 'b'))
