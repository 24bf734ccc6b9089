"""Points by seed and intervals, read back from the axes."""

import numpy as np
import pytest

from aclnet_plugin.visualization.compare_plot import plot_comparison

VALUES = [{0: 90.0, 1: 91.0}, {0: 91.0, 1: 91.5}, {}]
GAINS = [None, (0.75, 0.25, 1.25), None]


def points_of(axes):
    return [
        np.column_stack(line.get_data()).tolist()
        for line in axes.lines
        if line.get_marker() == 'o'
    ]


def test_points_lie_where_the_values_are():
    figure = plot_comparison(['a', 'b', 'c'], VALUES, GAINS, 'accuracy')
    points, gains = figure.axes
    assert points_of(points) == [
        [[90, 0], [91, 0]],
        [[91, 1], [91.5, 1]],
        [],
    ]
    # One line for each seed, from arm to arm.
    lines = [
        line.get_xdata().tolist()
        for line in points.lines
        if len(set(line.get_ydata())) > 1 and line.get_lw() < 1
    ]
    assert lines == [[90, 91], [91, 91.5]]
    assert points_of(gains) == [[[0.75, 1]]]
    (whisker,) = (x for x in gains.lines if x.get_marker() == '|')
    assert list(whisker.get_xdata()) == [0.25, 1.25]
    texts = [text.get_text() for text in gains.texts]
    assert texts[:3] == ['base', '+0.75  [+0.25, +1.25]', 'no result']
    labels = [label.get_text() for label in points.get_yticklabels()]
    assert labels == ['a', 'b', 'c']
    figure.canvas.draw()


def test_an_interval_with_0_is_pale():
    def colours(low):
        gains = [None, (0.75, low, 1.5)]
        figure = plot_comparison(['a', 'b'], VALUES[:2], gains, 'x')
        return {line.get_color() for line in figure.axes[1].lines[1:]}

    assert len(colours(0.1)) == len(colours(-0.1)) == 1
    assert colours(0.1) != colours(-0.1)


def test_one_seed_has_a_difference_without_interval():
    gains = [None, (0.75, np.nan, np.nan)]
    figure = plot_comparison(['a', 'b'], [{0: 1.0}, {0: 1.75}], gains, 'x')
    axes = figure.axes[1]
    assert points_of(axes) == [[[0.75, 1]]]
    assert axes.texts[1].get_text() == '+0.75'
    assert np.isfinite(axes.get_xlim()).all()


def test_a_band_is_the_second_interval():
    bands = [None, (0.5, 1.0)]
    figure = plot_comparison(
        ['a', 'b'], VALUES[:2], GAINS[:2], 'x', bootstrap=bands
    )
    (band,) = figure.axes[1].patches
    assert (band.get_x(), band.get_width()) == (0.5, 0.5)


def test_long_names_and_dollars_are_drawn():
    names = ['$' * 3, 'n' * 200]
    figure = plot_comparison(names, VALUES[:2], GAINS[:2], 'x', title='$a$')
    figure.canvas.draw()
    labels = [x.get_text() for x in figure.axes[0].get_yticklabels()]
    assert len(labels[1]) == 40
    assert figure.get_size_inches()[0] < 14


@pytest.mark.parametrize(
    ('values', 'gains', 'base', 'message'),
    [
        (VALUES, GAINS[:2], 0, 'one length'),
        ([{}, {}, {}], GAINS, 0, 'no values'),
        (VALUES, GAINS, 3, 'base must be below 3'),
    ],
)
def test_wrong_input_is_refused(values, gains, base, message):
    with pytest.raises(ValueError, match=message):
        plot_comparison(list('abc'), values, gains, 'x', base=base)
