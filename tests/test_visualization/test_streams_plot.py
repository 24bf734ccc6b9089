"""Two arms over streams, read back from the axes."""

import numpy as np
import pytest

from aclnet_plugin.visualization.streams_plot import plot_streams

STREAMS = ['j', 'b', '2 streams']
VALUES = [
    ({0: 90.0, 1: 91.0}, {0: 91.0, 1: 92.5}),
    ({0: 80.0}, {}),
    ({}, {}),
]
GAINS = [(1.25, 0.25, 2.25), None, None]


def draw(values=VALUES, gains=GAINS):
    return plot_streams(STREAMS, ('CE', 'both'), values, gains, 'accuracy')


def test_points_of_both_arms_lie_in_the_row_of_their_stream():
    figure = draw()
    points, gains = figure.axes
    first, second = (x for x in points.lines if x.get_marker() == 'o')
    assert list(first.get_xdata()) == [90, 91, 80]
    assert list(np.round(first.get_ydata())) == [0, 0, 1]
    assert list(second.get_xdata()) == [91, 92.5]
    assert first.get_color() != second.get_color() or (
        first.get_markeredgecolor() != second.get_markeredgecolor()
    )
    assert (first.get_ydata()[:2] < second.get_ydata()).all()
    means = [
        segment[0, 0]
        for ticks in points.collections
        for segment in ticks.get_segments()
    ]
    assert means == [90.5, 80, 91.75]
    (whisker,) = (x for x in gains.lines if x.get_marker() == '|')
    assert list(whisker.get_xdata()) == [0.25, 2.25]
    texts = [text.get_text() for text in gains.texts]
    assert texts == ['+1.25  [+0.25, +2.25]', 'no result', 'no result']
    figure.canvas.draw()


def test_legend_and_axes_name_the_arms():
    figure = draw()
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ['CE', 'both']
    points, gains = figure.axes
    labels = [label.get_text() for label in points.get_yticklabels()]
    assert labels == STREAMS
    assert gains.get_xlabel() == 'both less CE, by seed'


@pytest.mark.parametrize(
    ('values', 'gains', 'message'),
    [
        (VALUES[:2], GAINS, 'must have one length'),
        ([({}, {})] * 3, GAINS, 'no values to draw'),
    ],
)
def test_wrong_input(values, gains, message):
    with pytest.raises(ValueError, match=message):
        draw(values, gains)
