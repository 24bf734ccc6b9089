import itertools

import numpy as np
import pytest

from aclnet_plugin.visualization import plot_confusion


@pytest.mark.parametrize('num_classes', [1, 2, 10, 60, 130])
def test_any_size(tmp_path, make_counts, num_classes):
    path = tmp_path / 'confusion.png'
    plot_confusion(make_counts(num_classes)).savefig(path, dpi=40)
    assert path.stat().st_size > 1000


@pytest.mark.parametrize('num_classes', [5, 90])
def test_without_any_confusion(tmp_path, texts, num_classes):
    figure = plot_confusion(np.zeros((num_classes, num_classes), int))
    figure.savefig(tmp_path / 'empty.png', dpi=40)
    assert any('0 confusions counted' in text for text in texts(figure))


def test_cells_are_shares_of_the_true_class(texts):
    counts = np.array([[9, 3, 1], [2, 9, 0], [0, 0, 9]])
    figure = plot_confusion(counts, ['a', 'b', 'c'])
    assert set(texts(figure)) >= {'a', 'b', 'c', '75', '25', '100'}
    assert any('6 confusions counted' in text for text in texts(figure))


def test_labels_do_not_overlap(make_counts):
    names = [f'a rather long action name {i}' for i in range(60)]
    figure = plot_confusion(make_counts(60), names)
    figure.canvas.draw()
    for labels in (
        figure.axes[0].get_xticklabels(),
        figure.axes[0].get_yticklabels(),
    ):
        boxes = [label.get_window_extent() for label in labels]
        for one, other in itertools.pairwise(boxes):
            assert not one.overlaps(other)
        for box in boxes:
            assert box.x0 >= 0 and box.y0 >= 0


def test_of_many_classes_the_most_confused_are_shown(make_counts, texts):
    counts = make_counts(90)
    counts[7, 33] = 1000
    names = [f'action {i}' for i in range(90)]
    found = texts(plot_confusion(counts, names))
    assert any('80 of 90 classes' in text for text in found)
    assert {'action 7', 'action 33'} <= set(found)
