"""The search against a loop over all pairs."""

import math

import numpy as np
import pytest

from aclnet_plugin.evaluation.embeddings import (
    EmbeddingsError,
    neighbours,
    search,
)
from tests.test_evaluation.test_embeddings.embedding_examples import example


def naive(vector, features):
    """Every row by itself, in Python; nearest first."""
    found = []
    for place, row in enumerate(features.tolist()):
        dot = sum(a * b for a, b in zip(vector.tolist(), row, strict=True))
        length = math.hypot(*vector.tolist()) * math.hypot(*row)
        found.append((-dot / length if length else 0.0, place))
    return [(place, -cosine) for cosine, place in sorted(found)]


@pytest.mark.parametrize('top', [1, 7, 500])
def test_equals_the_loop(top, monkeypatch):
    monkeypatch.setattr(
        'aclnet_plugin.evaluation.embeddings.neighbours._CHUNK', 7
    )
    rng = np.random.default_rng(1)
    features = rng.normal(size=(40, 5)).astype(np.float32)
    places, cosines = neighbours.nearest(features[3], features, top)
    want = naive(features[3], features)[:top]
    assert places.tolist() == [place for place, _ in want]
    np.testing.assert_allclose(cosines, [c for _, c in want], rtol=1e-12)
    assert places[0] == 3 and cosines[0] <= 1


def test_equal_cosines_in_the_order_of_the_rows():
    rng = np.random.default_rng(0)
    row = rng.normal(size=33).astype(np.float32)
    features = np.stack([-row, row, 0 * row, row, -row, row])
    places, cosines = neighbours.nearest(row, features, 6)
    assert places.tolist() == [1, 3, 5, 2, 0, 4]
    assert cosines[3] == 0
    candidate = np.array([1, 0, 1, 1, 0, 1], bool)
    places, _ = neighbours.nearest(row, features, 3, candidate)
    assert places.tolist() == [3, 5, 2]


def test_neighbours_of_a_sample():
    source = example()
    found = search(source, 'walk-2', top=3)
    want = [x for x in naive(source.features[2], source.features) if x[0] != 2]
    assert [match.place for match in found] == [place for place, _ in want[:3]]
    assert [match.rank for match in found] == [1, 2, 3]
    for match in found:
        assert match.name == f'walk-{match.place}'
        assert match.label == source.labels[match.place]
        assert match.class_name == source.class_of(match.place)
        assert isinstance(match.cosine, float)
    assert len(search(source, 'walk-2', top=100)) == 5


def test_in_another_gallery():
    source = example(seed=0)
    names = np.array(['a', 'walk-1', 'b', 'c', 'd', 'e'])
    gallery = example(seed=1, names=names, classes=())
    found = search(source, 'walk-1', gallery)
    want = naive(source.features[1], gallery.features)
    assert [m.place for m in found] == [p for p, _ in want if p != 1]
    assert {match.class_name for match in found} == {''}


def test_exclusions():
    source = example()
    other = search(source, 'walk-1', exclude_same='subject')
    assert {match.place for match in other} == {3, 4, 5}
    # walk-4 becomes another window of the same video.
    meta = {key: column.copy() for key, column in source.meta.items()}
    meta['subject'][4] = 75
    source = example(meta=meta)
    other = search(source, 'walk-1', exclude_same='video')
    assert {match.place for match in other} == {0, 2, 3, 5}
    assert not search(
        example(meta={'subject': np.zeros(6, np.int64)}),
        'walk-1',
        exclude_same='subject',
    )


def test_exclusions_that_are_not_known():
    with pytest.raises(EmbeddingsError, match=r"'subject' is needed.*none"):
        search(example(meta={}), 'walk-1', exclude_same='subject')
    meta = example().meta | {'seq': np.array([1, 1, 1, 1, -1, 1])}
    with pytest.raises(EmbeddingsError, match=r'seq .*walk-4.*1 of 6'):
        search(example(meta=meta), 'walk-1', exclude_same='video')
    meta = example().meta | {'condition': np.array(['na'] * 6)}
    with pytest.raises(EmbeddingsError, match='6 of 6'):
        search(example(meta=meta), 'walk-1', exclude_same='video')
    meta = {'subject': np.array(['75'] * 6)}
    with pytest.raises(EmbeddingsError, match='cannot be compared'):
        search(example(), 'walk-1', example(meta=meta), 10, 'subject')


def test_files_that_cannot_be_compared():
    source = example()
    with pytest.raises(EmbeddingsError, match=r'of 4 numbers.*of 5'):
        search(source, 'walk-1', example(size=5))
    for key, value in dict(
        embedding='inter', checkpoint_sha256='0' * 64, tta=True
    ).items():
        other = example(about=source.about | {key: value})
        with pytest.raises(EmbeddingsError, match=f'differ in {key}'):
            search(source, 'walk-1', other)


def test_refusals():
    with pytest.raises(EmbeddingsError, match="no sample 'walk-9'"):
        search(example(), 'walk-9')
    with pytest.raises(ValueError, match='top must be at least 1, got 0'):
        search(example(), 'walk-1', top=0)
    with pytest.raises(ValueError, match='one of subject, video'):
        search(example(), 'walk-1', exclude_same='view')
