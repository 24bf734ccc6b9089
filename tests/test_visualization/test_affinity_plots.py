import itertools
import sys

import numpy as np
import pytest

from aclnet_plugin.visualization import (
    plot_confusion,
    plot_family_graph,
    top_confusions,
)
from aclnet_plugin.visualization.affinity_plots import (
    _close_groups,
    _leaf_order,
    _row_shares,
)


def make_counts(num_classes, seed=0):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, max(num_classes // 4, 1), num_classes)
    same = group[:, None] == group
    counts = rng.poisson(np.where(same, 9.0, 0.05))
    np.fill_diagonal(counts, 50)
    return counts.astype(np.int64)


def make_member(counts):
    member = counts > 2
    np.fill_diagonal(member, False)
    return member


def texts(figure):
    found = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        found += [text.get_text() for text in axes.texts]
        found += [text.get_text() for text in axes.get_xticklabels()]
    return found


def test_top_confusions():
    counts = np.array([[90, 3, 1], [0, 90, 3], [2, 0, 90]])
    found = top_confusions(counts, k=3)
    assert found == [(0, 1, 3, 0.75), (1, 2, 3, 1.0), (2, 0, 2, 1.0)]
    assert found[0].true == 0 and found[0].share == 0.75
    # Zero counts are no confusions, and the input is not changed.
    assert len(top_confusions(counts, k=99)) == 4
    assert counts[0, 0] == 90
    assert top_confusions(np.zeros((4, 4), int)) == []


def test_shares_leave_empty_rows_alone():
    assert _row_shares(np.array([[0.0, 0.0], [4.0, 0.0]])).tolist() == [
        [0, 0],
        [1, 0],
    ]


def test_order_puts_confused_classes_together():
    counts = np.zeros((6, 6))
    for i, j in ((0, 3), (1, 4), (2, 5)):
        counts[i, j] = counts[j, i] = 10
    order = _leaf_order(counts).tolist()
    pairs = {frozenset(order[i : i + 2]) for i in (0, 2, 4)}
    assert pairs == {frozenset((i, i + 3)) for i in range(3)}
    # Classes without any confusion come last.
    counts[:, 2] = counts[2] = counts[:, 5] = counts[5] = 0
    assert _leaf_order(counts).tolist()[-2:] == [2, 5]


def test_close_groups_are_the_cliques_of_a_chain():
    strength = np.zeros((9, 9))
    for start in (0, 3, 6):
        strength[start : start + 3, start : start + 3] = 1
    np.fill_diagonal(strength, 0)
    for i, j in ((2, 3), (5, 6)):
        strength[i, j] = strength[j, i] = 0.1
    groups = sorted(sorted(g.tolist()) for g in _close_groups(strength))
    assert groups == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


@pytest.mark.parametrize('num_classes', [1, 2, 10, 60, 130])
@pytest.mark.parametrize('normalize', [True, False])
def test_plots_of_any_size(tmp_path, num_classes, normalize):
    counts = make_counts(num_classes)
    figure = plot_confusion(counts, normalize=normalize)
    figure.savefig(tmp_path / 'confusion.png', dpi=40)
    graph = plot_family_graph(make_member(counts), counts)
    graph.savefig(tmp_path / 'families.png', dpi=40)
    assert (tmp_path / 'confusion.png').stat().st_size > 1000
    assert (tmp_path / 'families.png').stat().st_size > 1000


def test_empty_state_can_be_drawn(tmp_path):
    empty = np.zeros((5, 5), int)
    plot_confusion(empty).savefig(tmp_path / 'a.png', dpi=40)
    graph = plot_family_graph(empty.astype(bool), empty)
    graph.savefig(tmp_path / 'b.png', dpi=40)
    assert any('0 of 5 classes are part' in text for text in texts(graph))


def test_labels_appear_where_they_can_be_read():
    counts = make_counts(10)
    names = [f'action {i}' for i in range(10)]
    assert set(names) <= set(texts(plot_confusion(counts, names)))
    assert set(names) <= set(
        texts(plot_family_graph(make_member(counts), counts, names))
    )
    # Too many to label: the most frequent confusions are listed instead.
    figure = plot_confusion(make_counts(100))
    assert any('Most frequent confusions' in text for text in texts(figure))


def test_labels_do_not_overlap():
    counts = make_counts(60)
    names = [f'a rather long action name {i}' for i in range(60)]
    figure = plot_confusion(counts, names)
    figure.canvas.draw()
    for labels in (
        figure.axes[0].get_xticklabels(),
        figure.axes[0].get_yticklabels(),
    ):
        boxes = [label.get_window_extent() for label in labels]
        for one, other in itertools.pairwise(boxes):
            assert not one.overlaps(other)
        for box in boxes:
            assert box.x0 >= 0 and box.y0 >= 0


def test_limits_are_announced():
    counts = make_counts(90)
    figure = plot_confusion(counts, max_classes=12)
    assert any('12 of 90 classes' in text for text in texts(figure))
    member = make_member(counts)
    graph = plot_family_graph(member, counts, max_classes=20, max_edges=9)
    assert any('shown: 20' in text for text in texts(graph))
    assert any('9 of ' in text for text in texts(graph))


def test_names_are_not_read_as_mathematics(tmp_path):
    names = ['$x', 'a_b$', 'w' * 90]
    figure = plot_confusion(make_counts(3), names)
    figure.savefig(tmp_path / 'a.png', dpi=40)
    assert any(text.endswith('…') for text in texts(figure))


def test_pyplot_is_not_touched(monkeypatch):
    monkeypatch.delitem(sys.modules, 'matplotlib.pyplot', raising=False)
    plot_confusion(make_counts(3))
    plot_family_graph(make_member(make_counts(3)))
    assert 'matplotlib.pyplot' not in sys.modules


def test_missing_matplotlib_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'matplotlib.figure', None)
    with pytest.raises(ImportError, match='pip install matplotlib'):
        plot_confusion(make_counts(3))


@pytest.mark.parametrize(
    ('counts', 'message'),
    [
        (np.zeros((2, 3)), 'square'),
        (np.zeros(4), 'square'),
        (np.zeros((0, 0)), 'no classes'),
        (np.array([[0, -1], [0, 0]]), 'negative'),
        (np.array([[0, np.nan], [0, 0]]), 'finite'),
        (np.array([['a', 'b'], ['c', 'd']]), 'numbers'),
    ],
)
def test_bad_counts(counts, message):
    with pytest.raises(ValueError, match=message):
        plot_confusion(counts)
    with pytest.raises(ValueError, match=message):
        top_confusions(counts)


def test_bad_arguments():
    counts = np.ones((3, 3), int)
    with pytest.raises(ValueError, match='2 entries for 3 classes'):
        plot_confusion(counts, ['a', 'b'])
    with pytest.raises(ValueError, match='for 3 classes'):
        plot_family_graph(counts, class_names='abc')
    with pytest.raises(ValueError, match='max_classes'):
        plot_confusion(counts, max_classes=1)
    with pytest.raises(ValueError, match='k must be'):
        top_confusions(counts, 0)
    with pytest.raises(ValueError, match='booleans'):
        plot_family_graph(2 * counts)
    with pytest.raises(ValueError, match='same shape'):
        plot_family_graph(counts, np.ones((4, 4)))
    with pytest.raises(ValueError, match='max_edges'):
        plot_family_graph(counts, max_edges=0)
