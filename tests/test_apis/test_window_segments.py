"""Windows over long sequences, and the segments they lead to."""

import numpy as np
import pytest

from aclnet_plugin.apis.inferencers.windows import (
    find_segments,
    plan_windows,
    smooth_scores,
)


@pytest.mark.parametrize(
    ('frames', 'window', 'stride', 'want'),
    [
        (10, None, None, [(0, 10)]),
        (10, 10, 5, [(0, 10)]),
        (7, 10, 5, [(0, 7)]),
        (20, 10, 5, [(0, 10), (5, 15), (10, 20)]),
        (22, 10, 5, [(0, 10), (5, 15), (10, 20), (12, 22)]),
        (12, 5, None, [(0, 5), (3, 8), (6, 11), (7, 12)]),
    ],
)
def test_windows_cover_all_frames(frames, window, stride, want):
    assert plan_windows(0, frames, window, stride) == want
    shifted = plan_windows(3, frames + 3, window, stride)
    assert shifted == [(a + 3, b + 3) for a, b in want]


def rows(labels, sure=1.0):
    """Scores of windows that are sure of a class."""
    scores = np.full((len(labels), 3), (1 - sure) / 2)
    scores[np.arange(len(labels)), labels] = sure
    return scores


def test_smoothing_by_hand():
    scores = np.array([[0.0], [3], [0], [6]])
    assert smooth_scores(scores, 'mean', 3).ravel().tolist() == [1, 1, 3, 4]
    assert smooth_scores(scores, 'median', 3).ravel().tolist() == [0, 0, 3, 6]
    assert smooth_scores(scores, 'none', 3) is scores
    assert smooth_scores(scores, 'mean', 1) is scores


@pytest.mark.parametrize('kind', ['mean', 'median'])
def test_smoothing_removes_a_single_odd_window(kind):
    scores = rows([0, 0, 0, 2, 0, 0, 1, 1, 1], 0.8)
    smooth = smooth_scores(scores, kind, 3)
    assert smooth.argmax(1).tolist() == [0] * 6 + [1] * 3


def test_segments_meet_between_the_middles_of_windows():
    windows = [(0, 10), (10, 20), (20, 30)]
    found = find_segments(windows, rows([0, 0, 1], 0.9))
    assert [tuple(one)[:3] for one in found] == [(0, 20, 0), (20, 30, 1)]
    assert found[0].score == pytest.approx(0.9)
    overlapping = find_segments([(0, 10), (4, 14)], rows([0, 1]))
    assert [(o.start, o.end) for o in overlapping] == [(0, 7), (7, 14)]


def test_short_segments_go_to_the_better_neighbour():
    windows = [(10 * i, 10 * i + 10) for i in range(6)]
    scores = rows([0, 0, 2, 1, 1, 1], 0.8)
    scores[2] = [0.1, 0.3, 0.6]
    found = find_segments(windows, scores, min_length=11)
    assert [tuple(one)[:3] for one in found] == [(0, 20, 0), (20, 60, 1)]
    assert found[1].score == pytest.approx((0.3 + 3 * 0.8) / 4)
    scores[2] = [0.3, 0.1, 0.6]
    found = find_segments(windows, scores, min_length=11)
    assert [tuple(one)[:3] for one in found] == [(0, 30, 0), (30, 60, 1)]


def test_a_short_one_between_equals_joins_them():
    windows = [(10 * i, 10 * i + 10) for i in range(5)]
    found = find_segments(windows, rows([0, 0, 1, 0, 0]), min_length=15)
    assert [tuple(one)[:3] for one in found] == [(0, 50, 0)]


def test_of_equally_short_ones_the_less_sure_goes_first():
    windows = [(10 * i, 10 * i + 10) for i in range(2)]
    scores = np.array([[0.6, 0.4, 0], [0.3, 0.7, 0]])
    found = find_segments(windows, scores, min_length=15)
    assert [tuple(one)[:3] for one in found] == [(0, 20, 1)]


def test_the_only_segment_may_be_short():
    assert len(find_segments([(0, 4)], rows([1]), min_length=50)) == 1


def test_unsure_segments_are_left_out():
    scores = np.concatenate([rows([0], 0.9), rows([1], 0.4)])
    found = find_segments([(0, 4), (4, 8)], scores, min_score=0.5)
    assert [(one.start, one.label) for one in found] == [(0, 0)]


def test_no_cycle_among_many_short_segments():
    rng = np.random.default_rng(0)
    windows = [(i, i + 1) for i in range(200)]
    scores = rng.dirichlet(np.ones(5), 200)
    found = find_segments(windows, scores, min_length=7)
    assert all(one.end - one.start >= 7 for one in found)
    assert found[0].start == 0 and found[-1].end == 200
