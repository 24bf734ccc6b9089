"""Changes of a walk, each against a loop over its numbers."""

import random

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS

from aclnet_plugin.datasets import (
    CenterOnJoint,
    JointNoise,
    PointNoise,
    RandomMirrorPose,
    TemporalReverse,
    seed_samples,
)
from aclnet_plugin.structures import get_layout

EVERY = [
    RandomMirrorPose(1),
    TemporalReverse(1),
    PointNoise(),
    JointNoise(),
    CenterOnJoint(2),
]


def walk(dims=2, persons=2, frames=5, joints=4, dtype=np.float32):
    """A sample; a score goes with two dimensions."""
    rng = np.random.default_rng(3)
    shape = persons, frames, joints, dims
    sample = dict(keypoint=rng.uniform(0, 320, shape).astype(dtype))
    if dims == 2:
        score = rng.uniform(0, 1, shape[:3])
        sample['keypoint_score'] = score.astype(dtype)
    return sample


@pytest.fixture(params=[2, 3])
def sample(request):
    return walk(request.param)


def close(one, two, tolerance=1e-3):
    np.testing.assert_allclose(one, two, rtol=0, atol=tolerance)


def test_mirror_by_loop(sample):
    before = sample['keypoint'].copy()
    got = RandomMirrorPose(1)(dict(sample))['keypoint']
    expected = before.astype(float)
    for person in range(2):
        for frame in range(5):
            middle = sum(before[person, frame, v, 0] for v in range(4)) / 4
            for joint in range(4):
                x = before[person, frame, joint, 0]
                expected[person, frame, joint, 0] = 2 * middle - x
    close(got, expected)
    np.testing.assert_array_equal(got[..., 1:], before[..., 1:])
    close(got[..., 0].mean(2), before[..., 0].mean(2))
    close(RandomMirrorPose(1)(dict(keypoint=got))['keypoint'], before)


def test_reverse_by_loop(sample):
    got = TemporalReverse(1)(dict(sample))
    for key, before in sample.items():
        for frame in range(5):
            np.testing.assert_array_equal(
                got[key][:, frame], before[:, 4 - frame]
            )
        assert got[key].flags.c_contiguous


def test_point_noise_is_another_for_every_number(sample):
    np.random.seed(1)
    got = PointNoise(0.05)(dict(sample))
    np.random.seed(1)
    for key in ('keypoint', 'keypoint_score'):
        if key in sample:
            expected = sample[key].astype(float)
            for place in np.ndindex(expected.shape):
                expected[place] += np.random.normal(0, 0.05)
            close(got[key], expected, 1e-4)
    assert got.keys() == sample.keys()


def test_joint_noise_is_the_same_in_all_frames(sample):
    np.random.seed(1)
    got = JointNoise(0.25)(dict(sample))
    np.random.seed(1)
    expected = sample['keypoint'].astype(float)
    dims = expected.shape[-1]
    for person in range(2):
        for joint in range(4):
            for axis in range(dims):
                offset = np.random.normal(0, 0.25)
                for frame in range(5):
                    expected[person, frame, joint, axis] += offset
    close(got['keypoint'], expected, 1e-4)
    if 'keypoint_score' in sample:
        assert got['keypoint_score'] is sample['keypoint_score']


@pytest.mark.parametrize(
    ('transform', 'std'),
    [(PointNoise(), 0.05), (PointNoise(2), 2), (JointNoise(), 0.25)],
)
def test_deviation(transform, std):
    np.random.seed(0)
    flat = dict(keypoint=np.zeros((1, 10, 4000, 3), np.float32))
    noise = transform(flat)['keypoint']
    assert noise.std() == pytest.approx(std, rel=0.02)
    assert abs(noise.mean()) < 0.02 * std


@pytest.mark.parametrize('joint', [0, 3])
def test_centre_by_loop(sample, joint):
    before = sample['keypoint'].copy()
    got = CenterOnJoint(joint)(dict(sample))
    expected = before.copy()
    for person, frame, other in np.ndindex(before.shape[:3]):
        for axis in range(before.shape[-1]):
            expected[person, frame, other, axis] = (
                before[person, frame, other, axis]
                - before[person, frame, joint, axis]
            )
    np.testing.assert_array_equal(got['keypoint'], expected)
    assert not got['keypoint'][:, :, joint].any()
    if 'keypoint_score' in sample:
        assert got['keypoint_score'] is sample['keypoint_score']


@pytest.mark.parametrize('transform', EVERY, ids=repr)
@pytest.mark.parametrize('dtype', [np.float16, np.float32, np.float64])
def test_the_sample_of_the_dataset_stays_as_it_is(transform, dtype):
    sample = walk(dtype=dtype)
    before = {key: value.copy() for key, value in sample.items()}
    got = transform(dict(sample))
    assert (got['keypoint'] != before['keypoint']).any()
    for key, value in sample.items():
        np.testing.assert_array_equal(value, before[key])


@pytest.mark.parametrize('transform', EVERY, ids=repr)
def test_dtypes(transform):
    kinds = {
        dtype: transform(walk(dtype=dtype))['keypoint'].dtype
        for dtype in (np.float16, np.float32, np.float64)
    }
    if not isinstance(transform, TemporalReverse):
        # Half precision is too coarse for the noise.
        assert kinds.pop(np.float16) == np.float32
    assert all(before == after for before, after in kinds.items())


@pytest.mark.parametrize('make', [JointNoise, CenterOnJoint])
def test_score_as_third_channel(make):
    three = walk(3)['keypoint']
    flat = dict(keypoint=three, layout=get_layout('coco'))
    np.testing.assert_array_equal(
        make()(flat)['keypoint'][..., 2], three[..., 2]
    )
    solid = dict(keypoint=three, layout=get_layout('openpose14'))
    assert (make()(solid)['keypoint'][..., 2] != three[..., 2]).any()


@pytest.mark.parametrize('kind', [RandomMirrorPose, TemporalReverse])
def test_probability(kind):
    sample = walk()
    np.random.seed(0)
    transform = kind(0.3)
    hits = sum(
        transform(dict(sample))['keypoint'] is not sample['keypoint']
        for _ in range(2000)
    )
    assert 500 < hits < 700
    assert kind(0)(dict(sample))['keypoint'] is sample['keypoint']
    assert kind().p == 0.5


def test_numbers_depend_on_seed_epoch_and_sample_alone():
    class Walks:
        def __getitem__(self, index):
            sample = walk()
            for transform in (RandomMirrorPose(), *EVERY[2:4]):
                sample = transform(sample)
            return sample['keypoint']

    dataset = Walks()
    fetch = seed_samples(dataset, 7)
    first, second = fetch([0, 1])
    random.random(), np.random.rand()
    (again,) = fetch([1])
    np.testing.assert_array_equal(second, again)
    assert (first != second).any()
    fetch.epoch.fill_(1)
    assert (fetch([1])[0] != again).any()


@pytest.mark.parametrize('frames', [60, 61, 62, 83, 100, 101])
def test_stock_sampling_cuts_out_the_middle(frames):
    crop = TRANSFORMS.build(
        dict(
            type='SampleFrames',
            clip_len=60,
            frame_interval=1,
            num_clips=1,
            test_mode=True,
        )
    )
    indices = crop(dict(total_frames=frames, start_index=0))['frame_inds']
    start = (frames - 60) // 2
    assert indices.tolist() == list(range(start, start + 60))


@pytest.mark.parametrize('frames', [60, 61, 65])
def test_stock_sampling_starts_anywhere_in_training(frames):
    crop = TRANSFORMS.build(
        dict(type='SampleFrames', clip_len=60, frame_interval=1, num_clips=1)
    )
    np.random.seed(0)
    starts = set()
    for _ in range(300):
        sample = crop(dict(total_frames=frames, start_index=0))
        indices = sample['frame_inds']
        assert (np.diff(indices) == 1).all() and len(indices) == 60
        starts.add(int(indices[0]))
    assert starts == set(range(frames - 60 + 1))


@pytest.mark.parametrize('test_mode', [False, True])
def test_stock_sampling_repeats_short_walks(test_mode):
    crop = TRANSFORMS.build(
        dict(
            type='SampleFrames',
            clip_len=60,
            frame_interval=1,
            num_clips=1,
            test_mode=test_mode,
        )
    )
    indices = crop(dict(total_frames=25, start_index=0))['frame_inds']
    assert indices.tolist() == [frame % 25 for frame in range(60)]


@pytest.mark.parametrize('kind', [RandomMirrorPose, TemporalReverse])
@pytest.mark.parametrize('p', [-0.1, 1.5, '0.5', None, True, float('nan')])
def test_bad_probabilities(kind, p):
    with pytest.raises(ValueError, match=f'{kind.__name__}: p is .*0 to 1'):
        kind(p)


@pytest.mark.parametrize('kind', [PointNoise, JointNoise])
@pytest.mark.parametrize(
    'std', [-1, '1', [0.1], None, False, float('inf'), float('nan')]
)
def test_bad_deviations(kind, std):
    with pytest.raises(ValueError, match=f'{kind.__name__}: std is'):
        kind(std)


@pytest.mark.parametrize('joint', [-1, 1.0, 'nose', None, True])
def test_bad_joints(joint):
    with pytest.raises(ValueError, match='CenterOnJoint: joint is'):
        CenterOnJoint(joint)


def test_joint_that_the_sample_lacks():
    with pytest.raises(ValueError, match='no joint 4; the sample has 4'):
        CenterOnJoint(4)(walk())


@pytest.mark.parametrize('transform', EVERY, ids=repr)
def test_bad_samples(transform):
    name = type(transform).__name__
    for bad in ({}, dict(keypoint=[1]), dict(keypoint=np.zeros((1, 2, 3)))):
        with pytest.raises(ValueError, match=f'{name}: keypoint is'):
            transform(bad)
    bad = walk()
    bad['keypoint_score'] = bad['keypoint_score'][:, 1:]
    with pytest.raises(ValueError, match='keypoint_score has the shape'):
        transform(bad)


def test_repr():
    assert [repr(transform) for transform in EVERY] == [
        'RandomMirrorPose(p=1)',
        'TemporalReverse(p=1)',
        'PointNoise(std=0.05)',
        'JointNoise(std=0.25)',
        'CenterOnJoint(joint=2)',
    ]
