"""Distances, and embeddings of several streams as one."""

import numpy as np
import pytest
import torch

from aclnet_plugin.evaluation.retrieval import (
    concatenate_streams,
    distance,
    pairwise_distance,
)
from aclnet_plugin.evaluation.retrieval.distance import rankable_distance


def test_distances_are_those_of_a_loop():
    rng = np.random.default_rng(0)
    probes, gallery = rng.normal(size=(7, 5)), rng.normal(size=(9, 5))
    found = pairwise_distance(probes, gallery)
    for p, probe in enumerate(probes):
        for g, item in enumerate(gallery):
            wanted = sum((probe - item) ** 2) ** 0.5
            assert found[p, g] == pytest.approx(wanted, rel=1e-14)


def test_sums_are_taken_in_float64():
    probe = np.array([[1e4, 0.0]], np.float32)
    gallery = np.array([[1e4, 1e-3], [1e4, 2e-3]], np.float32)
    found = pairwise_distance(probe, gallery)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, [[1e-3, 2e-3]], rtol=1e-6)


@pytest.mark.parametrize('size', [1, 5, 64, 333])
def test_equal_embeddings_are_equally_far_wherever_they_stand(size):
    rng = np.random.default_rng(size)
    probes = rng.normal(size=(17, 384)).astype(np.float32)
    item = rng.normal(size=(1, 384)).astype(np.float32)
    gallery = rng.normal(size=(size, 384)).astype(np.float32)
    mixed = np.vstack([item, gallery, item, probes, item])
    found = pairwise_distance(probes, mixed)
    np.testing.assert_array_equal(found[:, 0], found[:, -1])
    np.testing.assert_array_equal(found[:, 0], found[:, size + 1])
    own = found[:, size + 2 : -1]
    assert (np.diag(own) == 0).all()
    np.testing.assert_array_equal(own, own.T)


@pytest.mark.parametrize('threads', [2, 3, 8])
def test_the_number_of_threads_does_not_matter(threads, monkeypatch):
    rng = np.random.default_rng(0)
    probes, gallery = rng.normal(size=(5, 33)), rng.normal(size=(9, 33))
    monkeypatch.setattr(torch, 'get_num_threads', lambda: 1)
    alone = pairwise_distance(probes, gallery)
    monkeypatch.setattr(torch, 'get_num_threads', lambda: threads)
    np.testing.assert_array_equal(pairwise_distance(probes, gallery), alone)
    assert pairwise_distance(probes[:0], gallery).shape == (0, 9)


def test_no_probes_and_no_gallery():
    some, none = np.ones((3, 2)), np.ones((0, 2))
    assert pairwise_distance(none, some).shape == (0, 3)
    assert pairwise_distance(some, none).shape == (3, 0)


def hard_cases():
    rng = np.random.default_rng(0)
    plain = rng.normal(size=(40, 24))
    yield 'plain', plain
    yield 'single', plain.astype(np.float32)
    yield 'equal', plain[rng.integers(0, 10, 40)]
    yield 'whole', rng.integers(-2, 3, (40, 3))
    yield 'one-hot', np.eye(6)[rng.integers(0, 6, 40)]
    single = plain.astype(np.float32)
    step = np.nextafter(single, np.float32(9))
    yield 'neighbours', np.where(rng.random(plain.shape) < 0.1, step, single)
    one = np.repeat(plain[:1], 40, 0)
    yield 'last-bits', one + 1e-15 * rng.integers(-3, 4, one.shape)
    yield 'far-away', 1e6 + 1e-6 * plain
    yield 'collapsed', 1 + 1e-9 * plain
    yield 'zeros', np.zeros((40, 24))
    mixed = np.vstack([plain[:20], plain[:20] * (1 + 1e-15)])
    yield 'mixed', mixed
    yield 'scales', plain * 10.0 ** rng.integers(-8, 9, (40, 1))


@pytest.mark.parametrize(
    'points', [pytest.param(points, id=name) for name, points in hard_cases()]
)
def test_rankable_distances_rank_alike(points):
    exact = pairwise_distance(points, points)
    found = rankable_distance(points, points)
    for row, other in zip(exact, found, strict=True):
        one = row[:, None] - row
        np.testing.assert_array_equal(
            np.sign(one), np.sign(other[:, None] - other)
        )


def test_distances_are_taken_by_differences_where_in_doubt(monkeypatch):
    rows = []

    def counted(probes, gallery):
        rows.append(len(probes))
        return pairwise_distance(probes, gallery)

    monkeypatch.setattr(distance, 'pairwise_distance', counted)
    rng = np.random.default_rng(0)
    points = rng.normal(size=(50, 384))
    rankable_distance(points, points)
    rankable_distance(points[:7], points[[0, 0, 1]])
    assert rows == [0, 7]


def test_rankable_distances_of_nothing():
    some, none = np.ones((3, 2)), np.ones((0, 2))
    assert rankable_distance(none, some).shape == (0, 3)
    assert rankable_distance(some, none).shape == (3, 0)


def test_streams_have_the_same_say():
    rng = np.random.default_rng(0)
    streams = [rng.normal(size=(6, 4)), 1000 * rng.normal(size=(6, 9))]
    fused = concatenate_streams(streams)
    assert fused.shape == (6, 13)
    np.testing.assert_allclose(np.linalg.norm(fused[:, :4], axis=1), 1)
    np.testing.assert_allclose(np.linalg.norm(fused[:, 4:], axis=1), 1)
    parts = [concatenate_streams([stream]) for stream in streams]
    squares = sum(pairwise_distance(part, part) ** 2 for part in parts)
    whole = pairwise_distance(fused, fused) ** 2
    np.testing.assert_allclose(whole, squares, atol=1e-12)


def test_an_embedding_of_zeros_stays_one():
    assert not concatenate_streams([np.zeros((2, 3))]).any()


@pytest.mark.parametrize(
    'streams',
    [[], [np.ones(3)], [np.ones((2, 3)), np.ones((3, 3))]],
    ids=['none', 'vector', 'other-samples'],
)
def test_streams_of_other_samples_are_refused(streams):
    with pytest.raises(ValueError, match=r'expected \(N, D\)'):
        concatenate_streams(streams)
