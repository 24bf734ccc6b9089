import sys
import types

import numpy as np
import pytest

from aclnet_plugin.analysis.embedding_map import (
    common_rows,
    map_panels,
    normalised,
    onto,
    separation,
)
from aclnet_plugin.analysis.errors import AnalysisError


def blobs(classes=3, each=12, width=8, spread=0.1, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, width))
    labels = np.repeat(np.arange(classes), each)
    found = centres[labels] + spread * rng.normal(size=(len(labels), width))
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found.astype(np.float32), labels


def test_separation_of_classes_that_are_apart_and_that_are_not():
    features, labels = blobs()
    good = separation(features, labels)
    assert good.silhouette > 0.8 and good.purity == 1.0
    mixed = separation(features, np.arange(len(labels)) % 3)
    assert mixed.silhouette < 0.1 and mixed.purity < 0.5


def test_separation_by_hand():
    features = np.array([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    found = separation(features, np.array([0, 0, 1, 1]))
    assert found.silhouette == pytest.approx(1)
    assert found.purity == pytest.approx(1 / 3)  # of 3 others one is alike
    alone = separation(features[:1], np.array([0]))
    assert alone.silhouette is None and alone.purity is None
    same = separation(features, np.zeros(4, int))
    assert same.silhouette is None and same.purity == 1


def test_common_samples_in_the_order_of_the_first():
    names = [np.array(['a', 'b', 'c']), np.array(['c', 'x', 'a'])]
    labels = [np.array([0, 1, 2]), np.array([2, 9, 0])]
    first, second = common_rows(names, labels)
    assert first.tolist() == [0, 2] and second.tolist() == [2, 0]


@pytest.mark.parametrize(
    'second, labels, said',
    [
        (['x', 'y'], [0, 1], 'no sample in common'),
        (['a', 'a'], [0, 0], 'occur twice'),
        (['b', 'a'], [0, 0], r'2 have label 0 for b.*1'),
    ],
)
def test_sets_that_cannot_be_compared(second, labels, said):
    names = [np.array(['a', 'b']), np.array(second)]
    with pytest.raises(AnalysisError, match=said):
        common_rows(names, [np.array([0, 1]), np.array(labels)])


def test_procrustes_undoes_turn_mirror_and_scale():
    rng = np.random.default_rng(0)
    target = normalised(rng.normal(size=(20, 2)))
    mirror = np.array([[0.6, 0.8], [0.8, -0.6]])
    moved = normalised(3 * target @ mirror + 7)
    np.testing.assert_allclose(onto(moved, target), target, atol=1e-9)
    assert np.array_equal(normalised(np.ones((3, 2))), np.zeros((3, 2)))


@pytest.mark.parametrize('method', ['tsne', 'pca'])
def test_panels_of_turned_features_agree(method):
    features, labels = blobs()
    rng = np.random.default_rng(1)
    turn, _ = np.linalg.qr(rng.normal(size=(8, 8)))
    turned = (features @ turn).astype(np.float32)
    first, second = map_panels([features, turned], method, seed=3)
    assert np.square(first).sum(1).mean() == pytest.approx(1)
    centres = [
        np.stack([made[labels == c].mean(0) for c in range(3)])
        for made in (first, second)
    ]
    # The same class is nearer in the other panel than any other class.
    apart = np.linalg.norm(centres[0][:, None] - centres[1][None], axis=2)
    assert (apart.argmin(1) == np.arange(3)).all()
    again = map_panels([features, turned], method, seed=3)
    np.testing.assert_array_equal(first, again[0])
    np.testing.assert_array_equal(second, again[1])


def test_features_of_different_width_and_few_samples():
    features, _ = blobs(2, 2)
    narrow = np.ones((4, 1), np.float32)
    maps = map_panels([features, narrow], 'pca')
    assert [made.shape for made in maps] == [(4, 2), (4, 2)]
    assert np.isfinite(map_panels([features])[0]).all()
    with pytest.raises(AnalysisError, match='3 samples are too few'):
        map_panels([features[:3]])


def test_umap_begins_where_the_panel_before_ended(monkeypatch):
    # The real one takes more than a minute to import the first time.
    calls = []

    class UMAP:
        def __init__(self, **options):
            calls.append(options)

        def fit_transform(self, features):
            return calls[-1]['init'] * 2 + 5

    module = types.ModuleType('umap')
    module.UMAP = UMAP
    monkeypatch.setitem(sys.modules, 'umap', module)
    features, _ = blobs()
    first, second = map_panels([features, features], 'umap', 3, 10)
    assert [c['random_state'] for c in calls] == [3, 3]
    assert [c['n_neighbors'] for c in calls] == [10, 10]
    np.testing.assert_allclose(calls[1]['init'], 10 * first, rtol=1e-5)
    np.testing.assert_allclose(second, first, atol=1e-6)


@pytest.mark.parametrize(
    'module, method, said',
    [
        ('umap', 'umap', r'aclnet_plugin\[umap\]'),
        ('sklearn.manifold', 'tsne', r'aclnet_plugin\[analysis\]'),
    ],
)
def test_packages_that_are_not_installed(monkeypatch, module, method, said):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=said):
        map_panels([blobs()[0]], method)
