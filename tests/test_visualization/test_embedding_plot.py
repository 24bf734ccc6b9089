import numpy as np
import pytest

from aclnet_plugin.visualization.embedding_plot import MAX_CLASSES, plot_maps


def draw(panels, classes, per_class=3):
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(classes), per_class)
    maps = [rng.normal(size=(len(labels), 2)) for _ in range(panels)]
    return plot_maps(
        maps,
        labels,
        [f'action name {i}' for i in range(classes)],
        [f'epoch {i}' for i in range(panels)],
        [f'silhouette 0.{i}' for i in range(panels)],
        't-SNE',
        'some samples',
    )


@pytest.mark.parametrize(
    'panels, columns', [(1, 1), (2, 2), (3, 3), (4, 2), (5, 3)]
)
def test_panels_show_the_same_section(texts, panels, columns):
    figure = draw(panels, 4)
    assert len(figure.axes) == panels
    assert len({axes.get_xlim() for axes in figure.axes}) == 1
    lefts = {round(axes.get_position().x0, 4) for axes in figure.axes}
    assert len(lefts) == columns
    assert {'epoch 0', 'silhouette 0.0'} <= set(texts(figure))
    for axes in figure.axes:
        box = axes.get_position()
        assert 0 <= box.x0 and box.x1 <= 1 and 0 <= box.y0 and box.y1 <= 1


def test_classes_differ_in_colour_or_mark():
    figure = draw(2, MAX_CLASSES)
    styles = {
        (tuple(points.get_facecolor()[0]), len(points.get_paths()[0].vertices))
        for points in figure.axes[0].collections
    }
    assert len(figure.axes[0].collections) == MAX_CLASSES
    assert len(styles) > 20
    [legend] = figure.legends
    assert len(legend.get_texts()) == MAX_CLASSES
    figure.canvas.draw()
    box = legend.get_window_extent()
    below = min(axes.get_window_extent().y0 for axes in figure.axes)
    assert box.y1 <= below and box.x1 <= figure.bbox.width + 1


def test_what_cannot_be_drawn():
    with pytest.raises(ValueError, match='told apart'):
        draw(1, MAX_CLASSES + 1)
    with pytest.raises(ValueError, match='title'):
        plot_maps([np.ones((2, 2))], np.zeros(2), ['a'], [], [], 'x')
