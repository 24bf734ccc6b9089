"""Fusion and accuracies against loops and against MMAction2."""

import numpy as np
import pytest
from mmaction.evaluation import (
    get_weighted_score,
    mean_class_accuracy,
    top_k_accuracy,
)

from aclnet_plugin.evaluation import (
    COMBINATIONS,
    DEFAULT_WEIGHTS,
    accuracies,
    fuse,
    leave_one_out,
)


def random_scores(streams=3, samples=200, classes=8, seed=0):
    rng = np.random.default_rng(seed)
    scores = rng.dirichlet(np.ones(classes), (streams, samples))
    labels = np.concatenate(
        [np.arange(classes), rng.integers(0, classes, samples - classes)]
    )
    return scores, labels


def naive_accuracies(scores, labels):
    """Sample by sample; of equal scores the first class is preferred."""
    first, five, by_class = 0, 0, {}
    for row, label in zip(scores.tolist(), labels.tolist(), strict=True):
        order = sorted(range(len(row)), key=lambda c: (-row[c], c))
        first += order[0] == label
        five += label in order[:5]
        by_class.setdefault(label, []).append(order[0] == label)
    means = [sum(hits) / len(hits) for hits in by_class.values()]
    return {
        'top1': first / len(labels),
        'top5': five / len(labels),
        'mean_class': sum(means) / len(means),
    }


@pytest.mark.parametrize('decimals', [16, 1])
def test_accuracies_against_a_loop(decimals):
    """Rounded to one decimal, many scores are tied."""
    for seed in range(5):
        scores, labels = random_scores(seed=seed)
        scores = scores[0].round(decimals)
        assert accuracies(scores, labels) == pytest.approx(
            naive_accuracies(scores, labels)
        )


def test_accuracies_of_a_class_without_samples():
    scores = np.eye(4)[[0, 1, 3]]
    got = accuracies(scores, np.array([0, 1, 1]))
    assert got == {
        'top1': pytest.approx(2 / 3),
        'top5': 1,
        'mean_class': pytest.approx(3 / 4),
    }


def test_ties_go_to_the_first_class():
    scores = np.full((6, 6), 0.5)
    got = accuracies(scores, np.arange(6))
    assert got['top1'] == pytest.approx(1 / 6)
    assert got['top5'] == pytest.approx(5 / 6)


def test_agrees_with_the_host():
    scores, labels = random_scores()
    weights = [2, 0.5, 1]
    fused = fuse(scores, weights)
    theirs = np.array(get_weighted_score(list(scores), weights))
    np.testing.assert_allclose(fused, theirs, rtol=1e-12)
    top1, top5 = top_k_accuracy(list(fused), labels, (1, 5))
    assert accuracies(fused, labels) == pytest.approx(
        {
            'top1': top1,
            'top5': top5,
            'mean_class': mean_class_accuracy(list(fused), labels),
        }
    )


def test_fused_scores_are_sums():
    scores, _ = random_scores(samples=20)
    fused = fuse(scores.astype(np.float32), (2, 2, 1))
    for sample in range(20):
        for label in range(8):
            want = sum(
                weight * np.float32(scores[stream, sample, label]).item()
                for stream, weight in enumerate((2, 2, 1))
            )
            assert fused[sample, label] == pytest.approx(want, rel=1e-12)


def test_what_each_stream_adds():
    scores, labels = random_scores()
    weights = (2, 2, 1)
    whole = naive_accuracies(fuse(scores, weights), labels)
    for stream, gain in enumerate(leave_one_out(scores, labels, weights)):
        rest = [s for s in range(3) if s != stream]
        others = fuse(scores[rest], [weights[s] for s in rest])
        left = naive_accuracies(others, labels)
        for name, value in gain.items():
            assert value == pytest.approx(whole[name] - left[name])


def test_a_stream_that_is_all_there_is():
    scores, labels = random_scores(2)
    one, two = leave_one_out(scores, labels, (1, 0))
    assert one == pytest.approx(accuracies(scores[0], labels))
    assert two == dict.fromkeys(one, 0)


def test_the_weights_of_the_field():
    wanted = {
        '2 streams': [2, 2],
        '4 streams': [2, 2, 1, 1],
        '6 streams': [2, 2, 2, 1, 1, 1],
    }
    assert wanted == {
        title: [DEFAULT_WEIGHTS[name] for name in members]
        for title, members in COMBINATIONS.items()
    }
