"""Rank-k, CMC and average precision against slow loops."""

import warnings

import numpy as np
import pytest

from aclnet_plugin.evaluation.retrieval import (
    average_precision,
    cmc,
    first_match_ranks,
    rank_k_hits,
)
from aclnet_plugin.evaluation.retrieval.measures import mean_of_defined
from tests.test_evaluation.test_retrieval.examples import (
    slow_average_precision,
    slow_rank,
    slow_ranking,
)


def random_case(seed):
    """Distances with many ties, and some probes without a match."""
    rng = np.random.default_rng(seed)
    probes, size = rng.integers(1, 12), rng.integers(0, 25)
    distance = rng.integers(0, 6, (probes, size)) / 2
    subjects = rng.integers(1, 9)
    match = (
        rng.integers(0, subjects, (probes, 1))
        == rng.integers(0, subjects, size)[None]
    )
    candidate = rng.random((probes, size)) < rng.choice([0.0, 0.5, 0.9])
    return distance, match, rng.choice([candidate, np.ones_like(candidate)])


@pytest.mark.parametrize('seed', range(60))
def test_measures_agree_with_slow_loops(seed):
    distance, match, candidate = random_case(seed)
    ranks = first_match_ranks(distance, match, candidate)
    precision = average_precision(distance, match, candidate)
    slow = [
        slow_ranking(*rows)
        for rows in zip(distance, match, candidate, strict=True)
    ]
    assert ranks.tolist() == [slow_rank(relevant) for relevant in slow]
    np.testing.assert_allclose(
        precision, [slow_average_precision(relevant) for relevant in slow]
    )
    topk = (1, 2, 5)
    hits = rank_k_hits(ranks, topk)
    wanted = [[any(r[:k]) for k in topk] for r in slow]
    assert hits.tolist() == wanted
    np.testing.assert_allclose(cmc(ranks, topk), 100 * hits.mean(0))
    matched = [row for row, r in zip(wanted, slow, strict=True) if any(r)]
    skipped = cmc(ranks, topk, 'skip')
    if matched:
        np.testing.assert_allclose(skipped, 100 * np.mean(matched, 0))
    else:
        assert np.isnan(skipped).all()
    if candidate.all():
        np.testing.assert_array_equal(
            first_match_ranks(distance, match), ranks
        )
        np.testing.assert_array_equal(
            average_precision(distance, match), precision
        )


@pytest.mark.parametrize(
    ('order', 'rank1', 'wanted'),
    [('baa', 0, 7 / 12), ('aba', 100, 5 / 6)],
)
def test_example_e3_ties(order, rank1, wanted):
    distance = np.array([[0.5, 0.5, 0.9]])
    match = np.array([[letter == 'a' for letter in order]])
    ranks = first_match_ranks(distance, match)
    assert cmc(ranks, (1, 2)).tolist() == [rank1, 100]
    assert average_precision(distance, match)[0] == pytest.approx(wanted)


def test_the_reversed_order_changes_nothing_without_ties():
    rng = np.random.default_rng(0)
    distance = rng.permutation(200).reshape(10, 20).astype(float)
    match = rng.random((10, 20)) < 0.2
    back = np.s_[:, ::-1]
    for measure in (first_match_ranks, average_precision):
        np.testing.assert_allclose(
            measure(distance, match), measure(distance[back], match[back])
        )


def test_the_mean_over_nothing_is_nan_without_a_warning():
    values = np.array([[1, np.nan, 3], [np.nan] * 3])
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        found = mean_of_defined(values, 1)
        empty = cmc(np.zeros(0, int), (1, 5))
    np.testing.assert_array_equal(found, [2, np.nan])
    assert np.isnan(empty).all() and empty.shape == (2,)
