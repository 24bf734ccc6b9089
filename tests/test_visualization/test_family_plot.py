import numpy as np
import pytest

from aclnet_plugin.visualization import plot_family_graph


def make_member(counts):
    member = counts > 2
    np.fill_diagonal(member, False)
    return member


@pytest.mark.parametrize('num_classes', [1, 2, 10, 60, 130])
def test_any_size(tmp_path, make_counts, num_classes):
    counts = make_counts(num_classes)
    path = tmp_path / 'families.png'
    plot_family_graph(make_member(counts), counts).savefig(path, dpi=40)
    assert path.stat().st_size > 1000


@pytest.mark.parametrize('num_classes', [5, 90])
def test_without_any_family(tmp_path, texts, num_classes):
    empty = np.zeros((num_classes, num_classes), int)
    graph = plot_family_graph(empty.astype(bool), empty)
    graph.savefig(tmp_path / 'empty.png', dpi=40)
    message = f'0 of {num_classes} classes are part'
    assert any(message in text for text in texts(graph))


def test_every_class_is_named(make_counts, texts):
    counts = make_counts(10)
    names = [f'action {i}' for i in range(10)]
    graph = plot_family_graph(make_member(counts), counts, names)
    assert set(names) <= set(texts(graph))


def test_the_legend_explains_what_is_drawn():
    member = np.zeros((3, 3), dtype=bool)
    member[0, 1] = True
    counts = np.zeros((3, 3))
    (axes,) = plot_family_graph(member).axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ['no family']
    counts[0, 1], counts[0, 2] = 30, 30
    (axes,) = plot_family_graph(member, counts).axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ['10 %', '20 %', '50 %', 'no family']
    widths = [line.get_linewidth() for line in axes.get_legend().get_lines()]
    assert widths[:3] == sorted(widths[:3])


def test_limits_are_announced(texts):
    member = np.ones((90, 90), dtype=bool)
    found = texts(plot_family_graph(member))
    assert any('shown: 60' in text for text in found)
    assert any('180 of 4005 edges drawn' in text for text in found)


def test_bad_arguments():
    member = np.ones((3, 3), int)
    with pytest.raises(ValueError, match='booleans'):
        plot_family_graph(2 * member)
    with pytest.raises(ValueError, match='same shape'):
        plot_family_graph(member, np.ones((4, 4)))
