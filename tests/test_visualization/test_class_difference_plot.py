"""Bars of differences."""

import numpy as np
import pytest

from aclnet_plugin.visualization.class_difference_plot import (
    plot_class_differences,
)


def draw(classes, top=15, **kwargs):
    rng = np.random.default_rng(0)
    values = rng.normal(0, 0.1, classes)
    width = rng.uniform(0.01, 0.2, classes)
    names = [f'class {i}' for i in range(classes)]
    figure = plot_class_differences(
        names, values, values - width, values + width, top=top, **kwargs
    )
    return figure, values


def labels_of(figure):
    return [text.get_text() for text in figure.axes[0].get_yticklabels()]


@pytest.mark.parametrize('classes', [1, 2, 30])
def test_all_classes_sorted(classes):
    figure, values = draw(classes)
    order = np.argsort(-values)
    assert labels_of(figure) == [f'class {i}' for i in order]
    widths = [bar.get_width() for bar in figure.axes[0].patches]
    np.testing.assert_allclose(widths, 100 * values[order])


def test_of_many_classes_the_ends(texts):
    figure, values = draw(120, top=4)
    order = np.argsort(-values)
    chosen = [*order[:4], *order[-4:]]
    assert labels_of(figure) == [f'class {i}' for i in chosen]
    assert '112 further classes in between' in texts(figure)
    figure, _ = draw(9, top=4)
    assert '1 further class in between' in texts(figure)


def test_pale_bars_are_those_that_may_be_nothing():
    figure = plot_class_differences(
        ['sure', 'not', 'lost'],
        np.array([0.2, 0.1, -0.2]),
        np.array([0.1, -0.1, -0.3]),
        np.array([0.3, 0.3, -0.1]),
        overall=0.03,
    )
    colours = [bar.get_facecolor() for bar in figure.axes[0].patches]
    assert len(set(colours)) == 3
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == [
        'gain',
        'loss',
        'pale: interval includes 0',
        'all samples: +3.00',
    ]


def test_classes_without_samples_are_left_out():
    gap = np.array([0.1, np.nan, -0.1])
    figure = plot_class_differences(['a', 'b', 'c'], gap, gap, gap)
    assert labels_of(figure) == ['a', 'c']


def test_what_cannot_be_drawn():
    one = np.zeros(1)
    with pytest.raises(ValueError, match='one length'):
        plot_class_differences(['a', 'b'], one, one, one)
    with pytest.raises(ValueError, match='at least 1'):
        plot_class_differences(['a'], one, one, one, top=0)
    with pytest.raises(ValueError, match='no class'):
        plot_class_differences(['a'], one * np.nan, one, one)
