"""Bands of difficulty."""

import numpy as np
import pytest

from aclnet_plugin.analysis.class_accuracy import Runs, class_means, compare
from aclnet_plugin.analysis.difficulty import (
    Band,
    band_changes,
    equal_bands,
    split_halves,
    threshold_bands,
)
from aclnet_plugin.analysis.errors import AnalysisError

ACCURACY = np.array([0.9, 0.2, np.nan, 0.5, 0.8, 0.5, 1.0])


def classes_of(bands):
    return [band.classes.tolist() for band in bands]


def test_equal_bands():
    bands = equal_bands(ACCURACY, 4)
    # Ties by index; class 2 has no sample; the first two have one more.
    assert classes_of(bands) == [[1, 3], [5, 4], [0], [6]]
    assert [band.label for band in bands] == [
        '20.0 to 50.0',
        '50.0 to 80.0',
        '90.0 to 90.0',
        '100.0 to 100.0',
    ]
    assert classes_of(equal_bands(ACCURACY, 1)) == [[1, 3, 5, 4, 0, 6]]
    for wrong in (0, 7):
        with pytest.raises(AnalysisError, match='6 classes cannot'):
            equal_bands(ACCURACY, wrong)


def test_threshold_bands():
    bands = threshold_bands(ACCURACY, [0.1, 0.5, 0.85])
    assert classes_of(bands) == [[], [1], [3, 5, 4], [0, 6]]
    labels = [band.label for band in bands]
    assert labels == ['below 10', '10 to 50', '50 to 85', '85 or more']
    for wrong in ([], [0.5, 0.5], [0.9, 0.1], [0, 0.5], [80, 90]):
        with pytest.raises(AnalysisError, match='ascend between 0 and 1'):
            threshold_bands(ACCURACY, wrong)


def random_runs(seed, share, per_class=20):
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(share)), per_class)
    hits = rng.random((1, len(labels))) < np.asarray(share)[labels]
    return Runs(f'run {seed}', hits, labels, len(share))


def test_changes_by_loop():
    base, run = random_runs(0, [0.5] * 6), random_runs(1, [0.7] * 6)
    bands = [Band('x', np.array([4, 1])), Band('none', np.array([], int))]
    bands.append(Band('all', np.arange(6)))
    first, empty, every = band_changes(base, run, bands, resamples=200)
    for change, classes in ((first, [4, 1]), (every, range(6))):
        for one, got in ((base, change.before), (run, change.after)):
            means = [one.hits[0][one.labels == c].mean() for c in classes]
            assert got == pytest.approx(sum(means) / len(means), abs=1e-12)
        assert change.low < change.difference < change.high
    assert empty is None
    balanced = compare(base, run, resamples=200).balanced
    assert (every.low, every.high) == pytest.approx(
        (balanced.low, balanced.high)
    )
    with pytest.raises(AnalysisError, match='level'):
        band_changes(base, run, bands, level=2)


def test_halves():
    labels = np.array([0, 1] * 5 + [1])
    chosen = split_halves(labels, seed=1)
    assert chosen[labels == 0].sum() == 2 and chosen[labels == 1].sum() == 3
    assert (split_halves(labels, 1) == chosen).all()
    assert (split_halves(labels, 2) != chosen).any()
    with pytest.raises(AnalysisError, match='class 3 has a single'):
        split_halves(np.array([0, 0, 3]))


def test_regression_to_the_mean_and_its_remedies():
    """Two equal methods: the hardest quarter seems to gain, unless ..."""
    share = np.full(400, 0.7)
    base, run, other = (random_runs(seed, share, 40) for seed in range(3))

    def hardest(sorter, base, run):
        accuracy = class_means(sorter.share, sorter.labels, 400)
        bands = equal_bands(accuracy, 4)
        return band_changes(base, run, bands, resamples=5)[0].difference

    # The standard deviation by chance is 0.01, 0.015 for half the samples.
    assert hardest(base, base, run) > 0.07
    assert abs(hardest(other, base, run)) < 0.03
    half = split_halves(base.labels)
    kept = base.take(~half), run.take(~half)
    assert abs(hardest(base.take(half), *kept)) < 0.045
