"""Bars and curves of occlusion."""

import numpy as np
import pytest

from aclnet_plugin.visualization.occlusion_plot import Curve, plot_occlusion

PARTS = {'left arm': 0.8, 'trunk': 0.1}
CURVE = Curve('random joints', [0, 1, 4], [0.9, 0.8, 0.5], [0, 0.1, np.nan])


def test_bars(texts):
    figure = plot_occlusion(0.9, PARTS)
    (axes,) = figure.axes
    widths = [bar.get_width() for bar in axes.patches]
    assert widths == pytest.approx([90, 90, 80, 10])
    assert '10.0  (-80.0)' in texts(figure)
    (label,) = figure.legends[0].get_texts()
    assert label.get_text() == 'nothing missing: 90.0'


@pytest.mark.parametrize('parts', [{}, PARTS])
def test_curves(parts):
    figure = plot_occlusion(0.9, parts, [CURVE, CURVE])
    assert len(figure.axes) == 2 + bool(parts)
    line = figure.axes[-1].lines[-1]
    np.testing.assert_allclose(line.get_ydata(), [90, 80, 50])
    assert figure.axes[-1].get_xlim()[0] == 0


def test_nothing():
    with pytest.raises(ValueError, match='nothing to draw'):
        plot_occlusion(0.9, {})
