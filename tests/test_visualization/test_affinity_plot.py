import numpy as np
import pytest

from aclnet_plugin.visualization.affinity_plot import plot_affinities


def legend(figure):
    [found] = figure.legends
    return [text.get_text() for text in found.get_texts()]


def test_bars_add_up_and_the_threshold_is_marked(texts):
    direct, indirect = np.array([0.5, 0, 0]), np.array([0.4, 0.5, 0.2])
    member = np.array([True, True, False])
    figure = plot_affinities(
        'wave', ['a', 'b', 'c'], direct, indirect, member, 0.4, '2 members'
    )
    axes = figure.axes[0]
    bars = [(bar.get_x(), bar.get_width()) for bar in axes.patches]
    want = [(0, 0.5), (0, 0), (0, 0), (0.5, 0.4), (0, 0.5), (0, 0.2)]
    np.testing.assert_allclose(bars, want)
    assert {'0.90', '0.50', '0.20', 'Family of “wave”'} <= set(texts(figure))
    [line] = axes.lines
    assert set(line.get_xdata()) == {0.4}
    assert 'threshold 0.4' in legend(figure)
    assert 'not a member' in legend(figure)
    blue = axes.patches[0].get_facecolor()
    assert axes.patches[1].get_facecolor() == blue
    assert axes.patches[2].get_facecolor() != blue


@pytest.mark.parametrize('size', [0, 1, 60])
def test_any_number_of_bars(tmp_path, texts, size):
    figure = plot_affinities(
        'a name with $ and more than fits on a line of a label',
        [f'a rather long action name {i}' for i in range(size)],
        np.full(size, 0.5),
        np.zeros(size),
        np.ones(size, bool),
        subtitle='members',
    )
    figure.savefig(tmp_path / 'a.png', dpi=40)
    found = texts(figure)
    assert any('first 40 of 60' in text for text in found) == (size == 60)
    assert ('no class has an affinity to it' in found) == (size == 0)
    assert not figure.axes[0].lines  # without a threshold
    assert not any('threshold' in text for text in legend(figure))
    for label in figure.axes[0].get_yticklabels():
        assert label.get_window_extent().x0 >= 0


def test_lengths_have_to_agree():
    with pytest.raises(ValueError, match='one length'):
        plot_affinities('x', ['a'], np.ones(1), np.ones(2), np.ones(1))
    with pytest.raises(ValueError, match='names'):
        plot_affinities('x', ['a', 'b'], np.ones(1), np.ones(1), np.ones(1))
