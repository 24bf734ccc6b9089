import numpy as np
import pytest

from aclnet_plugin.structures import get_layout
from aclnet_plugin.visualization.importance_plot import (
    ImportancePanel,
    plot_importance,
)

LAYOUT = get_layout('nturgb+d')


def panel(name='wave', peak=4, missing=()):
    rng = np.random.default_rng(0)
    importance = np.full(25, 0.7 / 24)
    importance[peak] = 0.3
    visible = np.ones(25, bool)
    visible[list(missing)] = False
    links = [(4, 20, 0.2), (11, 7, -0.1), (0, 3, 0.05)]
    pose = rng.normal(size=(25, 2))
    return ImportancePanel(name, '9 samples', pose, visible, importance, links)


def curves(axes):
    from matplotlib.patches import PathPatch

    return [p for p in axes.patches if isinstance(p, PathPatch)]


@pytest.mark.parametrize('number', [1, 2, 4])
def test_panels_names_and_legend(tmp_path, texts, number):
    figure = plot_importance(
        [panel(f'class {i}', peak=4 + i) for i in range(number)],
        LAYOUT,
        subtitle='of x.pth ' * 12,
    )
    figure.savefig(tmp_path / 'a.png', dpi=40)
    assert (tmp_path / 'a.png').stat().st_size > 1000
    found = set(texts(figure))
    assert {f'class {i}' for i in range(number)} <= found
    assert 'left shoulder' in found  # joint 4, the only important one
    assert 'spine base' not in found
    [legend] = figure.legends
    labels = {text.get_text() for text in legend.get_texts()}
    assert labels == {
        *('positive link, 0.2 at this width', 'bone'),
        'negative link, 0.2 at this width',
    }
    for text in figure.texts:
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= figure.bbox.width


def test_joints_and_links_that_are_missing_are_not_drawn():
    figure = plot_importance([panel(missing=(11, 13))], LAYOUT)
    axes = figure.axes[0]
    sizes = axes.collections[1].get_sizes()
    assert len(sizes) == 23
    assert len(curves(axes)) == 2  # that to joint 11 is left out
    widths = [curve.get_linewidth() for curve in curves(axes)]
    assert widths[-1] == max(widths)  # the strongest lies on top


def test_a_model_that_has_learned_nothing(tmp_path):
    nothing = panel()._replace(importance=np.zeros(25), links=[])
    figure = plot_importance([nothing], LAYOUT)
    figure.savefig(tmp_path / 'a.png', dpi=40)
    assert not curves(figure.axes[0])


def test_long_sample_names_are_cut(texts):
    long = panel()._replace(subtitle='x' * 300)
    cut = [
        text for text in texts(plot_importance([long], LAYOUT)) if 'xx' in text
    ]
    assert len(cut) == 1 and cut[0].endswith('…')


def test_panels_have_to_fit_the_layout():
    with pytest.raises(ValueError, match='nothing'):
        plot_importance([], LAYOUT)
    with pytest.raises(ValueError, match='25 joints'):
        plot_importance([panel()], get_layout('coco'))
