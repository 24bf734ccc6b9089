"""Clips of a fixed length."""

import numpy as np
import pytest

from aclnet_plugin.datasets import UniformSampleClips, UniformSampleDecode
from aclnet_plugin.datasets.transforms.sampling import uniform_clips

LENGTHS = (1, 2, 7, 8, 9, 12, 15, 16, 17, 50)


@pytest.mark.parametrize('total', LENGTHS)
def test_one_frame_from_every_segment(total):
    """The rule by a loop: each frame lies where its segment allows."""
    rng = np.random.RandomState(0)
    for _ in range(50):
        clip = uniform_clips(total, 8, 1, rng)
        assert clip.shape == (8,)
        assert clip.min() >= 0 and clip.max() < total
        for i in range(8):
            if total < 8:
                assert clip[i] == (clip[0] + i) % total
            elif total < 16:
                assert i <= clip[i] <= i + total - 8
            else:
                assert i * total // 8 <= clip[i] < (i + 1) * total // 8
        if total >= 8:
            assert (np.diff(clip) >= 1).all()


@pytest.mark.parametrize('total', LENGTHS)
def test_every_frame_can_be_drawn(total):
    rng = np.random.RandomState(0)
    assert set(uniform_clips(total, 8, 400, rng)) == set(range(total))


def sample(frames, persons=1):
    data = np.zeros((persons, frames, 25, 3), np.float16)
    data += np.arange(frames)[None, :, None, None].astype(np.float16)
    return dict(keypoint=data, keypoint_score=data[..., 0])


@pytest.mark.parametrize('test_mode', [True, False])
@pytest.mark.parametrize('frames', [1, 5, 12, 40])
@pytest.mark.parametrize('persons', [0, 1, 2])
def test_takes_the_frames_it_names(frames, persons, test_mode):
    run = UniformSampleDecode(8, num_clips=3, test_mode=test_mode)
    got = run(sample(frames, persons))
    assert got['keypoint'].shape == (persons, 24, 25, 3)
    assert got['keypoint_score'].shape == (persons, 24, 25)
    assert got['keypoint'].dtype == np.float32
    assert (got['clip_len'], got['num_clips']) == (8, 3)
    expected = np.broadcast_to(got['frame_inds'][:, None], (persons, 24, 25))
    np.testing.assert_array_equal(got['keypoint'][..., 2], expected)
    np.testing.assert_array_equal(got['keypoint_score'], expected)


@pytest.mark.parametrize('sampler', [UniformSampleDecode, UniformSampleClips])
def test_test_mode_repeats_and_leaves_the_global_generator(sampler):
    np.random.seed(0)
    state = np.random.get_state()
    run = sampler(8, num_clips=4, test_mode=True)
    first = run(sample(20))['frame_inds']
    np.testing.assert_array_equal(run(sample(20))['frame_inds'], first)
    after = np.random.get_state()
    assert state[2] == after[2] and (state[1] == after[1]).all()
    other = sampler(8, num_clips=4, test_mode=True, seed=1)
    assert (other(sample(20))['frame_inds'] != first).any()


def test_train_mode_follows_the_global_generator():
    run = UniformSampleDecode(8)
    np.random.seed(4)
    first = run(sample(30))['frame_inds']
    assert (run(sample(30))['frame_inds'] != first).any()
    np.random.seed(4)
    np.testing.assert_array_equal(run(sample(30))['frame_inds'], first)


def test_short_sequences_in_test_mode():
    run = UniformSampleClips(6, num_clips=3, test_mode=True)
    starts = run(dict(total_frames=5))['frame_inds'].reshape(3, 6)[:, 0]
    assert starts.tolist() == [0, 1, 3]
    starts = run(dict(total_frames=2))['frame_inds'].reshape(3, 6)[:, 0]
    assert starts.tolist() == [0, 1, 0]


@pytest.mark.parametrize('sampler', [UniformSampleDecode, UniformSampleClips])
@pytest.mark.parametrize('test_mode', [True, False])
def test_no_frames(sampler, test_mode):
    with pytest.raises(ValueError, match='without frames'):
        sampler(8, test_mode=test_mode)(sample(0))


def test_bad_arguments():
    with pytest.raises(ValueError, match='positive'):
        UniformSampleDecode(0)
    with pytest.raises(ValueError, match='positive'):
        UniformSampleClips(8, num_clips=0)
    assert 'clip_len=8' in repr(UniformSampleClips(8))
