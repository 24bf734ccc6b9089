import sys

import pytest

from aclnet_plugin.visualization import plot_confusion, plot_family_graph
from aclnet_plugin.visualization.figure import add_axes, new_figure


def test_pyplot_is_not_touched(monkeypatch, make_counts):
    monkeypatch.delitem(sys.modules, 'matplotlib.pyplot', raising=False)
    plot_confusion(make_counts(3))
    plot_family_graph(make_counts(3) > 2)
    assert 'matplotlib.pyplot' not in sys.modules


@pytest.mark.parametrize('plot', [plot_confusion, plot_family_graph])
def test_missing_matplotlib_is_named(monkeypatch, plot):
    monkeypatch.setitem(sys.modules, 'matplotlib.figure', None)
    with pytest.raises(ImportError, match='pip install matplotlib'):
        plot([[0, 1], [1, 0]])


def test_axes_are_placed_in_inches():
    axes = add_axes(new_figure(4, 8), 1, 2, 2, 4)
    assert axes.get_position().bounds == (0.25, 0.25, 0.5, 0.5)
