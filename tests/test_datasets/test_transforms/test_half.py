"""Half-precision arithmetic equals NumPy's, number by number."""

import numpy as np
import pytest

from aclnet_plugin.datasets.transforms.half import (
    difference,
    seen_frames,
    seen_joints,
    widen,
)


@pytest.fixture(scope='module')
def halves():
    """Every finite half there is."""
    numbers = np.arange(2**16, dtype=np.uint16).view(np.float16)
    return numbers[np.isfinite(numbers)]


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
def test_every_half_is_widened_exactly(halves, dtype):
    got = widen(halves, dtype)
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, halves.astype(dtype))


@pytest.mark.filterwarnings('ignore:overflow')
def test_differences_are_rounded_as_numpy_rounds_them(halves):
    rng = np.random.default_rng(0)
    for right in rng.choice(halves, 300):
        right = np.array([right])
        np.testing.assert_array_equal(
            difference(halves, right), halves - right
        )


@pytest.mark.parametrize('dtype', [np.float32, np.float64, np.int16])
def test_other_types_are_left_to_numpy(dtype):
    left, right = np.arange(6).astype(dtype), np.array([4], dtype)
    got = difference(left, right)
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, left - right)
    assert widen(left, np.float64).dtype == np.float64
    mixed = difference(left.astype(np.float16), np.array([4], np.float64))
    assert mixed.dtype == np.float64


def test_results_are_copies_whatever_the_memory_looks_like():
    values = np.arange(12, dtype=np.float16).reshape(3, 4)
    frozen = values.copy()
    frozen.flags.writeable = False
    for odd in (values, values.T, values[::-1], values[:, ::2], frozen):
        got = widen(odd, np.float32)
        np.testing.assert_array_equal(got, odd.astype(np.float32))
        np.testing.assert_array_equal(difference(odd, odd[:1]), odd - odd[:1])
        got[:] = -1
    np.testing.assert_array_equal(values.ravel(), np.arange(12))


@pytest.mark.parametrize('dtype', [np.float16, np.float32, np.float64])
@pytest.mark.parametrize('channels', [2, 3])
def test_what_is_seen_is_what_numpy_calls_close_to_zero(dtype, channels):
    rng = np.random.default_rng(1)
    keypoint = rng.normal(size=(2, 50, 5, channels)).astype(dtype)
    keypoint[rng.random(keypoint.shape) < 0.6] = 0
    keypoint[rng.random(keypoint.shape) < 0.1] = -0.0
    keypoint[rng.random((2, 50)) < 0.4] = 0
    keypoint[0, 0], keypoint[0, 1] = 1e-9, 2e-8
    frames = seen_frames(keypoint)
    joints = seen_joints(keypoint)
    for person, frame in np.ndindex(2, 50):
        pose = keypoint[person, frame]
        assert frames[person, frame] == (not np.isclose(pose, 0).all())
        for joint in range(5):
            seen = any(x != 0 for x in pose[joint])
            assert joints[person, frame, joint] == seen


def test_nobody_is_not_seen():
    assert seen_frames(np.zeros((0, 3, 5, 2), np.float16)).shape == (0, 3)
    assert seen_joints(np.zeros((0, 3, 5, 2), np.float16)).shape == (0, 3, 5)


def test_a_lone_missing_joint_is_found_among_numbers():
    """Without a zero there is a short cut; minus zero must not take it."""
    keypoint = np.ones((1, 4, 5, 3), np.float16)
    assert seen_joints(keypoint).all()
    keypoint[0, 2, 3, 1] = 0
    assert seen_joints(keypoint).all()
    keypoint[0, 2, 3] = -0.0
    assert np.argwhere(~seen_joints(keypoint)).tolist() == [[0, 2, 3]]
