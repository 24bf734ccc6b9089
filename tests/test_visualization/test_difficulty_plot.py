"""Grouped bars over bands."""

import numpy as np
import pytest

from aclnet_plugin.visualization.difficulty_plot import plot_difficulty


def draw(runs, bands, **kwargs):
    rng = np.random.default_rng(0)
    accuracy = rng.uniform(0.2, 0.9, (runs, bands))
    accuracy[:, -1] = np.nan if kwargs.pop('gap', False) else 0.95
    difference = accuracy - accuracy[0]
    figure = plot_difficulty(
        [f'{i} to {i + 1}' for i in range(bands)],
        [3] * (bands - 1) + [1],
        [f'run {i}' for i in range(runs)],
        accuracy,
        difference - 0.02,
        difference + 0.02,
        **kwargs,
    )
    return figure, accuracy


@pytest.mark.parametrize(('runs', 'bands'), [(1, 2), (2, 4), (9, 1), (3, 6)])
def test_bars_and_differences(runs, bands):
    figure, accuracy = draw(runs, bands)
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    np.testing.assert_allclose(heights, 100 * accuracy.ravel())
    ticks = figure.axes[-1].get_xticklabels()
    assert ticks[-1].get_text().endswith('1 class')
    assert len(figure.axes) == (2 if runs > 1 else 1)
    if runs > 1:
        dots = [x for x in figure.axes[1].lines if x.get_marker() == 'o']
        found = np.array([line.get_ydata() for line in dots])
        np.testing.assert_allclose(
            found, 100 * (accuracy[1:] - accuracy[0]), atol=1e-9
        )
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == [f'run {i}' for i in range(runs)]


def test_band_without_classes(texts):
    figure, _ = draw(2, 3, gap=True)
    assert texts(figure).count('none') == 2


def test_shapes_have_to_fit():
    with pytest.raises(ValueError, match=r'must be \(1, 2\)'):
        plot_difficulty(
            ['a', 'b'], [1, 1], ['x'], *(np.zeros((2, 2)) for _ in range(3))
        )
    with pytest.raises(ValueError, match='1 numbers of'):
        plot_difficulty(
            ['a', 'b'], [1], ['x'], *(np.zeros((1, 2)) for _ in range(3))
        )
