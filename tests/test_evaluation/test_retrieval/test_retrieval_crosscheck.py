"""The same numbers from another library, where it is installed."""

import numpy as np
import pytest
import torch

from aclnet_plugin.evaluation.retrieval import (
    average_precision,
    cmc,
    first_match_ranks,
)

torchmetrics = pytest.importorskip('torchmetrics.retrieval')


@pytest.mark.parametrize('unmatched', ['miss', 'skip'])
@pytest.mark.parametrize('seed', range(3))
def test_torchmetrics_agrees(seed, unmatched):
    rng = np.random.default_rng(seed)
    distance = rng.random((30, 50))  # no ties, whose order it does not tell
    match = rng.integers(0, 25, (30, 1)) == rng.integers(0, 25, 50)[None]
    match[::7] = False  # probes without a match
    indexes = torch.arange(30).repeat_interleave(50)
    given = (
        # RetrievalMAP takes what is not positive for irrelevant.
        torch.tensor(1 - distance).flatten(),
        torch.tensor(match).flatten(),
        indexes,
    )
    ranks = first_match_ranks(distance, match)
    action = dict(miss='neg', skip='skip')[unmatched]
    topk = (1, 5, 10)
    for k, found in zip(topk, cmc(ranks, topk, unmatched), strict=True):
        theirs = torchmetrics.RetrievalHitRate(
            top_k=k, empty_target_action=action
        )
        assert found == pytest.approx(100 * float(theirs(*given)), abs=1e-4)
    theirs = torchmetrics.RetrievalMAP(empty_target_action='skip')
    found = np.nanmean(average_precision(distance, match))
    assert found == pytest.approx(float(theirs(*given)), abs=1e-6)
