"""Differences by seed against scipy and loops."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from aclnet_plugin.analysis.comparison.statistics import (
    adjusted,
    compare_seeds,
    most_held,
    worth,
)
from aclnet_plugin.analysis.errors import AnalysisError


def make_arms(total, seed=0):
    rng = np.random.default_rng(seed)
    before = dict(enumerate(rng.normal(90, 1, total).tolist()))
    after = {s: v + rng.normal(0.5, 0.4) for s, v in before.items()}
    return before, after


@pytest.mark.parametrize('total', [2, 3, 5, 9])
@pytest.mark.parametrize('level', [0.9, 0.95])
def test_the_t_interval_is_that_of_scipy(total, level):
    before, after = make_arms(total)
    found = compare_seeds(before, after, level)
    test = stats.ttest_rel(list(after.values()), list(before.values()))
    interval = test.confidence_interval(level)
    assert found.low == pytest.approx(interval.low)
    assert found.high == pytest.approx(interval.high)
    assert found.p == pytest.approx(test.pvalue)
    assert found.clear == (test.pvalue < 1 - level)
    assert found.mean == pytest.approx((found.low + found.high) / 2)


def test_few_seeds_have_all_bootstrap_samples():
    before, after = make_arms(3)
    found = compare_seeds(before, after, 0.8)
    gains = [after[s] - before[s] for s in before]
    means = sorted(sum(some) / 3 for some in product(gains, repeat=3))
    assert len(means) == 27
    # Percentile p lies at (n - 1) p of the sorted ones.
    for end, place in ((found.boot_low, 2.6), (found.boot_high, 23.4)):
        below = int(place)
        share = place - below
        naive = (1 - share) * means[below] + share * means[below + 1]
        assert end == pytest.approx(naive)


def test_many_seeds_are_resampled_like_scipy_does():
    before, after = make_arms(30)
    found = compare_seeds(before, after, resamples=20_000)
    gains = np.array([after[s] - before[s] for s in before])
    other = stats.bootstrap(
        (gains,), np.mean, n_resamples=20_000, method='percentile', rng=1
    ).confidence_interval
    assert found.boot_low == pytest.approx(other.low, abs=0.01)
    assert found.boot_high == pytest.approx(other.high, abs=0.01)
    again = compare_seeds(before, after, resamples=20_000)
    assert again == found
    assert compare_seeds(before, after, resamples=99, seed=1) != found


def test_only_seeds_that_both_have_count():
    found = compare_seeds({0: 1.0, 1: 2.0, 7: 0.0}, {1: 2.5, 0: 1.0, 4: 9.0})
    assert found.differences == {0: 0.0, 1: 0.5}
    assert found.mean == 0.25


def test_without_spread_nothing_is_made_up():
    assert compare_seeds({0: 1.0}, {1: 1.0}).mean is None
    single = compare_seeds({0: 1.0}, {0: 3.0})
    assert (single.mean, single.low, single.p) == (2.0, None, None)
    assert not single.clear
    # 0.3 - 0.1 and 0.2 are equal but for rounding.
    equal = compare_seeds({0: 0.1, 1: 0.0}, {0: 0.3, 1: 0.2})
    assert equal.mean == pytest.approx(0.2) and equal.spread == 0
    assert (equal.low, equal.p, equal.boot_low) == (None, None, None)
    assert not equal.clear


def test_small_differences_are_not_equal():
    found = compare_seeds(
        {0: 1e-9, 1: 1e-9, 2: 1e-9}, {0: 2e-9, 1: 4e-9, 2: 6e-9}
    )
    assert found.spread == pytest.approx(2e-9)
    assert compare_seeds({0: 0.0, 1: 0.0}, {0: 0.0, 1: 0.0}).spread == 0


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_values_must_be_finite(value):
    with pytest.raises(AnalysisError, match='not finite'):
        compare_seeds({0: 1.0, 1: value}, {0: 1.0, 1: 2.0})
    # What is not compared does no harm.
    assert compare_seeds({0: 1.0, 1: value}, {0: 1.5}).mean == 0.5


def test_what_a_bootstrap_can_hold_at_most():
    """Drawn anew: how often 4 differences are not all on one side of 0."""
    drawn = np.random.default_rng(0).normal(size=(20_000, 4))
    share = ((drawn.min(1) < 0) & (drawn.max(1) > 0)).mean()
    assert most_held(4) == pytest.approx(share, abs=0.01)
    assert '88 % of cases' in worth(4)
    assert 'too narrow: it lies' in worth(5)
    assert 'too narrow: it lies' not in worth(6)
    assert '12.7 standard errors' in worth(2)
    assert 'nothing can be said' in worth(1)
    assert 'No seed' in worth(0)


def test_holm_by_hand():
    found = adjusted([0.04, None, 0.01, 0.03])
    # 3 * 0.01, 2 * 0.03, and never less than the one before.
    assert found == pytest.approx([0.06, None, 0.03, 0.06])
    assert adjusted([0.5, 0.9]) == [1.0, 1.0]
    assert adjusted([]) == []


@pytest.mark.parametrize(('level', 'resamples'), [(1, 9), (0, 9), (0.9, 0)])
def test_impossible_intervals_are_refused(level, resamples):
    with pytest.raises(AnalysisError, match=r'must be'):
        compare_seeds({}, {}, level, resamples)
