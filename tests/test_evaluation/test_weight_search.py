import itertools
import math

import numpy as np
import pytest

from aclnet_plugin.evaluation import accuracies, fuse, search_weights
from aclnet_plugin.evaluation import weight_search as module
from aclnet_plugin.evaluation.weight_search import weight_grid


def streams_of(quality, samples=300, classes=6, seed=0):
    """Streams of which some know more than others."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, samples)
    logits = rng.normal(size=(len(quality), samples, classes))
    for stream, strength in enumerate(quality):
        logits[stream, np.arange(samples), labels] += strength
    powers = np.exp(logits)
    return powers / powers.sum(2, keepdims=True), labels


@pytest.mark.parametrize('streams', range(1, 13))
def test_grid(streams):
    grid = weight_grid(streams)
    assert len(grid) <= 5000 and grid.shape[1] == streams
    assert len({tuple(row) for row in grid.tolist()}) == len(grid)
    assert all(math.gcd(*row) == 1 for row in grid.tolist())
    assert (
        grid.max()
        == {4: 7, 5: 4, 6: 3, 7: 2}.get(streams, 10 if streams < 4 else 1)
        or streams == 1
    )
    for place in range(streams):
        # Each alone, and all of equal weight, are among them.
        assert np.eye(streams, dtype=int)[place].tolist() in grid.tolist()
    assert [1] * streams in grid.tolist()


def test_too_many_streams():
    with pytest.raises(ValueError, match='13 streams'):
        weight_grid(13)


@pytest.mark.parametrize('chunk', [1, 2**22])
def test_against_trying_all(monkeypatch, chunk):
    monkeypatch.setattr(module, '_CHUNK', chunk)
    for seed in range(3):
        scores, labels = streams_of((1.5, 1, 0.3), seed=seed)
        start = (2.0, 2.0, 1.0)
        best, wanted = -1, None
        candidates = [
            start,
            *(
                row
                for row in itertools.product(range(11), repeat=3)
                if math.gcd(*row) == 1
            ),
        ]
        for weights in candidates:
            fused = fuse(scores, weights)
            hits = int((fused.argmax(1) == labels).sum())
            far = sum(
                abs(w / sum(weights) - s / sum(start))
                for w, s in zip(weights, start, strict=True)
            )
            key = (hits, -round(far, 12))
            if wanted is None or key > best:
                best, wanted = key, weights
        assert search_weights(scores, labels, start) == wanted


def test_finds_what_helps_and_repeats_itself():
    scores, labels = streams_of((2, 0, 0), seed=4)
    equal = accuracies(fuse(scores, (1, 1, 1)), labels)['top1']
    found = search_weights(scores, labels, (1, 1, 1))
    assert accuracies(fuse(scores, found), labels)['top1'] > equal
    assert found[0] > max(found[1:])
    assert search_weights(scores, labels, (1, 1, 1)) == found


def test_keeps_the_start_where_nothing_is_better():
    scores, labels = streams_of((1, 1))
    same = np.stack([scores[0], scores[0]])
    assert search_weights(same, labels, (2.5, 1)) == (2.5, 1)


def test_progress():
    scores, labels = streams_of((1, 1))
    seen = []
    search_weights(scores, labels, (1, 1), lambda x: seen.append(x) or x)
    assert len(seen) == 1
