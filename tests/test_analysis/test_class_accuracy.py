"""Accuracies of classes, by loops."""

import numpy as np
import pytest

from aclnet_plugin.analysis.class_accuracy import (
    Runs,
    class_means,
    compare,
    load_groups,
    resampled_means,
)
from aclnet_plugin.analysis.errors import AnalysisError


def make_runs(name, runs=1, samples=90, classes=6, seed=0, share=0.6):
    """Class 4 has no sample."""
    rng = np.random.default_rng(7)
    labels = rng.choice([c for c in range(classes) if c != 4], samples)
    hits = np.random.default_rng(seed).random((runs, samples)) < share
    return Runs(name, hits, labels, classes)


def naive(before, after):
    """Difference of each class and of all samples, by loops."""
    table, total = {}, []
    for place, label in enumerate(before.labels.tolist()):
        first = sum(run[place] for run in before.hits) / len(before.hits)
        second = sum(run[place] for run in after.hits) / len(after.hits)
        table.setdefault(label, []).append((first, second))
        total.append((first, second))

    def mean(pairs):
        return [sum(x) / len(pairs) for x in zip(*pairs, strict=True)]

    return {c: mean(pairs) for c, pairs in table.items()}, mean(total)


@pytest.mark.parametrize('runs', [(1, 1), (3, 2)])
def test_differences_by_loops(runs):
    before = make_runs('a', runs[0])
    after = make_runs('b', runs[1], seed=1, share=0.7)
    found = compare(before, after, resamples=50)
    table, total = naive(before, after)
    for c in range(6):
        if c not in table:
            assert c == 4 and np.isnan(found.difference[c])
            assert np.isnan(found.low[c]) and found.samples[c] == 0
            continue
        first, second = table[c]
        assert found.before[c] == pytest.approx(first, abs=1e-12)
        assert found.after[c] == pytest.approx(second, abs=1e-12)
        assert found.low[c] <= second - first <= found.high[c]
    overall = (found.overall.before, found.overall.after)
    assert overall == pytest.approx(total, abs=1e-12)
    means = [sum(pair[i] for pair in table.values()) / 5 for i in (0, 1)]
    balanced = (found.balanced.before, found.balanced.after)
    assert balanced == pytest.approx(means, abs=1e-12)
    expected = sorted(table, key=lambda c: table[c][0] - table[c][1])
    assert found.order.tolist() == expected


def test_intervals_by_loops():
    """The same draws, as lists of samples."""
    before, after = make_runs('a', 2), make_runs('b', 1, seed=1, share=0.7)
    found = compare(before, after, resamples=40, level=0.8, seed=5)
    values = after.share - before.share
    rng = np.random.default_rng(5)
    drawn = {c: [] for c in range(6) if c != 4}
    for c in drawn:
        mine = sorted(values[before.labels == c].tolist())
        kinds = sorted(set(mine))
        shares = np.array([mine.count(kind) for kind in kinds]) / len(mine)
        for counts in rng.multinomial(len(mine), shares, 40):
            sample = []
            for kind, count in zip(kinds, counts, strict=True):
                sample += [kind] * int(count)
            assert len(sample) == len(mine)
            drawn[c].append(sum(sample) / len(sample))
    for c, means in drawn.items():
        ends = np.quantile(means, [0.1, 0.9])
        np.testing.assert_allclose(
            (found.low[c], found.high[c]), ends, atol=1e-12
        )
    sizes = {c: int((before.labels == c).sum()) for c in drawn}
    overall = [
        sum(drawn[c][s] * sizes[c] for c in drawn) / 90 for s in range(40)
    ]
    np.testing.assert_allclose(
        (found.overall.low, found.overall.high),
        np.quantile(overall, [0.1, 0.9]),
        atol=1e-12,
    )


def test_draws_are_those_of_drawing_samples():
    """Against indices with replacement: mean, spread and tails."""
    rng = np.random.default_rng(0)
    values = rng.choice([-1.0, -0.5, 0.0, 1.0], 40)
    labels = np.zeros(40, np.int64)
    ours = resampled_means(values, labels, 1, 40_000, seed=0)[:, 0]
    plain = values[rng.integers(40, size=(40_000, 40))].mean(1)
    assert ours.mean() == pytest.approx(plain.mean(), abs=0.004)
    assert ours.std() == pytest.approx(plain.std(), rel=0.03)
    for tail in (0.025, 0.975):
        ends = np.quantile(ours, tail), np.quantile(plain, tail)
        assert ends[0] == pytest.approx(ends[1], abs=0.026)  # two steps


def test_pairing_matters():
    """What both got wrong says nothing about the difference."""
    before = make_runs('a', samples=400)
    better = before.hits.copy()
    better[0, np.flatnonzero(~better[0])[:8]] = True
    after = Runs('b', better, before.labels, 6)
    found = compare(before, after)
    apart = compare(before, make_runs('b', samples=400, seed=9, share=0.62))
    width = found.overall.high - found.overall.low
    assert found.overall.low > 0
    assert width < 0.5 * (apart.overall.high - apart.overall.low)


def test_no_difference():
    runs = make_runs('a')
    found = compare(runs, runs)
    assert found.overall.difference == found.overall.low == 0
    assert not found.clear.any() and len(found.order) == 5


def test_seed_and_level():
    pair = make_runs('a'), make_runs('b', seed=3)
    one, again = (compare(*pair, seed=1) for _ in range(2))
    np.testing.assert_array_equal(one.low, again.low)
    wide = compare(*pair, level=0.99, seed=1).overall
    assert wide.high - wide.low > one.overall.high - one.overall.low
    for wrong in (dict(level=1.0), dict(level=0), dict(resamples=0)):
        with pytest.raises(AnalysisError, match='must be'):
            compare(*pair, **wrong)


def test_class_means_by_loop():
    values, labels = np.array([1.0, 2, 4]), np.array([2, 0, 2])
    got = class_means(values, labels, 4)
    np.testing.assert_array_equal(got, [2, np.nan, 2.5, np.nan])


def save(path, scores, labels, names):
    np.savez(path, scores=scores, labels=labels, names=names)
    return path


def test_files_are_joined_by_name(tmp_path):
    eye, names = np.eye(3), np.array(['x', 'y', 'z'])
    first = save(tmp_path / 'a.npz', eye, np.arange(3), names)
    order = np.array([2, 0, 1])
    second = save(
        tmp_path / 'b.npz',
        np.roll(eye, 1, 0)[order],
        order,
        names[order],
    )
    (one, other), notes = load_groups([('A', [first]), ('B', [second, first])])
    assert 'joined by name' in notes[0]
    assert one.hits.tolist() == [[True] * 3]
    assert other.hits.tolist() == [[False] * 3, [True] * 3]
    assert other.share.tolist() == [0.5] * 3
    bad = save(tmp_path / 'c.npz', eye[:2], np.arange(2), names[:2])
    with pytest.raises(ValueError, match='1 samples of'):
        load_groups([('A', [first]), ('B', [bad])])
