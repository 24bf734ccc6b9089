"""Persons are followed through frames."""

import numpy as np

from aclnet_plugin.apis.inferencers.inputs.tracking import link_persons


def frame(*corners):
    """Persons of four joints, 10 wide, at corners."""
    square = np.array([[0, 0], [10, 0], [0, 20], [10, 20]], np.float32)
    points = np.array([square + corner for corner in corners], np.float32)
    points = points.reshape(-1, 4, 2)
    return points, np.ones(points.shape[:2], np.float32)


def test_persons_who_cross_keep_their_places():
    frames = [frame((4 * t, 0), (80 - 4 * t, 3))[0] for t in range(20)]
    rng = np.random.default_rng(0)
    mixed = [(f[rng.permutation(2)], np.ones((2, 4))) for f in frames]
    points, scores = link_persons(mixed)
    assert points.shape == (2, 20, 4, 2) and scores.all()
    for one in points:
        steps = np.diff(one[:, 0, 0])
        assert np.allclose(steps, 4) or np.allclose(steps, -4)


def test_who_comes_back_is_the_same_until_too_long():
    frames = [frame((0, 0))] * 3 + [frame()] * 5 + [frame((2, 0))] * 3
    points, scores = link_persons(frames)
    assert len(points) == 1
    assert scores[0].any(1).tolist() == [True] * 3 + [False] * 5 + [True] * 3
    points, _ = link_persons(frames, max_gap=4)
    assert len(points) == 2


def test_another_far_away_is_another():
    _, scores = link_persons([frame((0, 0)), frame((200, 0))])
    assert scores.any(2).tolist() == [[True, False], [False, True]]


def test_those_seen_best_are_kept():
    frames = [frame((0, 0), (50, 0), (100, 0))] * 4 + [frame((100, 0))]
    points, _ = link_persons(frames, max_persons=1)
    assert points.shape[0] == 1 and points[0, 0, 0, 0] == 100
