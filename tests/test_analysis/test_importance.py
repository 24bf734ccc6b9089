import numpy as np
import pytest

from aclnet_plugin.analysis.importance import (
    Link,
    joint_importance,
    mean_relation,
    strongest_links,
    telling_frame,
)


def test_importance_counts_links_from_and_to_a_joint():
    weights = np.array([[9.0, 1, 0], [0, 9, -2], [0, 1, 9]])
    before = weights.copy()
    # Without the diagonal: 0 has 1, 1 has 1 + 2 + 1, 2 has 2 + 1.
    np.testing.assert_allclose(
        joint_importance(weights), [1 / 8, 4 / 8, 3 / 8]
    )
    assert np.array_equal(weights, before)
    assert joint_importance(np.zeros((3, 3))).tolist() == [0, 0, 0]


def test_mean_and_difference_to_a_baseline():
    matrices = np.stack([np.eye(2), 3 * np.eye(2)]).astype(np.float16)
    assert mean_relation(matrices).tolist() == [[2, 0], [0, 2]]
    assert mean_relation(matrices, np.eye(2)).tolist() == [[1, 0], [0, 1]]


def test_links_are_those_of_both_directions():
    weights = np.array([[5.0, 1, 0], [3, 5, -8], [0, -2, 5]])
    bones = np.array([[1, 0]])
    links = strongest_links(weights, bones)
    assert links == [
        Link(1, 2, -5.0, False),
        Link(0, 1, 2.0, True),
        Link(0, 2, 0.0, False),
    ]
    assert strongest_links(weights, bones, 1) == links[:1]
    assert strongest_links(weights, bones, 0) == []


@pytest.mark.parametrize('empty', [0, 2])
def test_the_telling_frame_is_a_pose_and_no_place(empty):
    body = np.random.default_rng(0).normal(size=(5, 3))
    track = np.stack([body] * 8)
    track += np.arange(8)[:, None, None]  # walks away
    track[5, 0] += 2  # and lifts a hand once
    track[:empty] = 0  # not seen yet
    track[6, 1] = np.nan
    track[6] = 0
    assert telling_frame(track) == 5
    assert telling_frame(np.zeros((4, 5, 3))) == 0
