"""Small panels of curves."""

import numpy as np
import pytest

from aclnet_plugin.visualization.curves_plot import Line, plot_curves

X = np.arange(1.0, 5)


def test_panels_and_lines():
    panels = {
        'loss': {'a': Line(X, X), 'b': Line(X, 2 * X, 3 * X)},
        'nothing': {},
        'size': {'b': Line(X, X, step=True)},
    }
    figure = plot_curves(panels, ['a', 'b'], 'epoch')
    first, second = figure.axes
    assert [axes.get_title('left') for axes in figure.axes] == ['loss', 'size']
    np.testing.assert_array_equal(first.lines[0].get_ydata(), X)
    np.testing.assert_array_equal(first.lines[2].get_ydata(), 3 * X)
    assert second.lines[0].get_drawstyle() == 'steps-post'
    # A run has the same colour in every panel.
    assert second.lines[0].get_color() == first.lines[1].get_color()
    assert first.get_xlim() == second.get_xlim()
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == ['a', 'b']


@pytest.mark.parametrize('count', [1, 3, 8])
def test_lowest_panels_have_the_axis_label(count):
    panels = {f'p{i}': {'a': Line(X, X)} for i in range(count)}
    figure = plot_curves(panels, ['a'], 'step', columns=3)
    labelled = [bool(axes.get_xlabel()) for axes in figure.axes]
    assert sum(labelled) == min(count, 3) and all(labelled[-min(count, 3) :])
    assert not figure.legends


def test_range_of_the_values():
    panels = {
        'count': {'a': Line(X, np.array([10.0, 11, 12, 11]))},
        'loss': {'a': Line(X, X / 4)},
    }
    count, loss = plot_curves(panels, ['a'], 'epoch').axes
    assert all(tick % 1 == 0 for tick in count.get_yticks())
    assert loss.get_ylim()[0] == 0 and count.get_ylim()[0] > 0


def test_nothing():
    with pytest.raises(ValueError, match='no curve'):
        plot_curves({'a': {}}, ['x'], 'epoch')
