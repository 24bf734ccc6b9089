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


def frames(figure):
    from matplotlib.patches import Rectangle

    return [
        (int(p.get_x() + 0.5), int(p.get_width()))
        for p in figure.axes[0].patches
        if isinstance(p, Rectangle)
    ]


def test_families_are_in_one_piece_and_framed(texts):
    counts = np.zeros((6, 6), int)
    member = np.zeros((6, 6), bool)
    for i, j in ((0, 3), (3, 5), (1, 4)):
        counts[i, j] = 5
        member[i, j] = True
    counts[2, 0] = 1  # confused, and in no family
    names = list('abcdef')
    figure = plot_confusion(counts, names, member)
    order = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert frames(figure) == [(0, 3), (3, 2)]
    assert set(order[:3]) == {'a', 'd', 'f'}
    assert set(order[3:5]) == {'b', 'e'} and order[5] == 'c'
    assert any('groups of Motion Families' in text for text in texts(figure))


def test_without_families_nothing_is_framed(make_counts, texts):
    counts = make_counts(8)
    figure = plot_confusion(counts, member=np.zeros((8, 8), bool))
    assert frames(figure) == []
    assert any('no Motion Families' in text for text in texts(figure))
    assert frames(plot_confusion(counts)) == []


@pytest.mark.parametrize('num_classes', [2, 60, 130])
def test_frames_of_any_size(tmp_path, make_counts, num_classes):
    counts = make_counts(num_classes)
    figure = plot_confusion(counts, member=counts > 3)
    figure.savefig(tmp_path / 'a.png', dpi=40)
    end = 0
    for start, size in frames(figure):
        assert start == end
        end = start + size
    assert 0 < end <= min(num_classes, 80)


def test_families_have_to_fit_the_counts(make_counts):
    with pytest.raises(ValueError, match='same shape'):
        plot_confusion(make_counts(4), member=np.zeros((5, 5), bool))
