"""Pictures of sweeps."""

import numpy as np
import pytest

from aclnet_plugin.visualization.sweep_map import plot_sweep_map
from aclnet_plugin.visualization.sweep_plot import (
    MARK,
    mean_and_spread,
    plot_curve,
    plot_settings,
)


def texts_of(figure):
    found = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        found += [text.get_text() for text in axes.texts]
    return found


def lines_with(axes, colour):
    return [line for line in axes.lines if line.get_color() == colour]


def test_the_line_goes_through_the_means_in_order():
    figure = plot_curve(
        [3, 1, 2], [[5, 7], [1, 2], []], 'k', 'top1', base=0, title='A $b$'
    )
    (axes,) = figure.axes
    line = axes.lines[0]
    assert line.get_xdata().tolist() == [1, 3]
    assert line.get_ydata().tolist() == [1.5, 6]
    (band,) = axes.collections
    points = band.get_paths()[0].vertices
    assert points[:, 1].max() == pytest.approx(6 + 2**0.5)
    (mark,) = lines_with(axes, MARK)
    assert mark.get_xdata() == [3, 3]
    assert 'base' in texts_of(figure)
    assert [t.get_text() for t in axes.get_xticklabels()] == ['1', '2', '3']
    figure.canvas.draw()


def test_numbers_too_close_for_a_scale_stand_apart():
    values = [[1], [2], [3], [4]]
    (axes,) = plot_curve([0, 0.01, 0.1, 1], values, 'w', 'm').figure.axes
    assert axes.lines[0].get_xdata().tolist() == [0, 1, 2, 3]
    assert 'not to scale' in axes.get_xlabel()
    (axes,) = plot_curve([0, 1, 2, 4], values, 'w', 'm').figure.axes
    assert axes.lines[0].get_xdata().tolist() == [0, 1, 2, 4]
    assert axes.get_xlabel() == 'w'


def test_bars_reach_from_the_base():
    figure = plot_settings(
        ['base', 'more', 'none'], [[1, 3], [5], []], 'top1', base=0
    )
    (axes,) = figure.axes
    widths = [(bar.get_x(), bar.get_width()) for bar in axes.patches]
    assert widths == [(2, 0), (2, 3)]
    texts = texts_of(figure)
    assert '2.00 ± 1.41  (2)' in texts
    assert '5.00  (1)' in texts
    assert 'no result' in texts
    # Without a base there is nothing that a bar could begin at.
    (axes,) = plot_settings(['a', 'b'], [[1], [2]], 'top1').axes
    assert not axes.patches


def test_many_or_long_names_still_fit():
    names = [f'{i} ' + 'long ' * 30 for i in range(70)]
    figure = plot_settings(names, [[i] for i in range(70)], 'm', base=65)
    assert any('the first 60 of 70' in text for text in texts_of(figure))
    (axes,) = figure.axes
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert len(labels) == 60
    assert max(map(len, labels)) <= 44
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    boxes = [t.get_window_extent(renderer) for t in axes.get_yticklabels()]
    assert min(box.x0 for box in boxes) >= 0


def test_a_map_has_a_cell_for_each_combination():
    values = [[[1, 3], [4], []], [[5], [6], [7]]]
    figure = plot_sweep_map(
        ['1', '2'], ['a', 'b', 'c'], values, ('k', 'm'), 'top1', base=(1, 2)
    )
    axes = figure.axes[0]
    (image,) = axes.images
    shown = image.get_array()
    np.testing.assert_array_equal(shown.filled(-1), [[2, 4, -1], [5, 6, 7]])
    assert '2.00\n± 1.41' in texts_of(figure)
    (frame,) = axes.patches
    assert frame.get_xy() == (1.5, 0.5)
    figure.canvas.draw()


def test_equal_means_have_a_shade():
    figure = plot_sweep_map(['1'], ['a'], [[[2]]], ('k', 'm'), 'top1')
    figure.canvas.draw()
    low, high = figure.axes[0].images[0].get_clim()
    assert low < 2 < high


@pytest.mark.parametrize(
    'call',
    [
        lambda: plot_curve([1], [[1], [2]], 'k', 'm'),
        lambda: plot_curve([1], [[]], 'k', 'm'),
        lambda: plot_settings(['a'], [[]], 'm'),
        lambda: plot_sweep_map(['a'], ['b'], [[]], ('k', 'm'), 'x'),
        lambda: plot_sweep_map(['a'], ['b'], [[[]]], ('k', 'm'), 'x'),
    ],
)
def test_what_cannot_be_drawn_is_refused(call):
    with pytest.raises(ValueError, match=r'no values|lists of|no table'):
        call()


def test_labels_tell_the_number_of_values():
    assert mean_and_spread([]) == 'no result'
    assert mean_and_spread([1.234]) == '1.23  (1)'
