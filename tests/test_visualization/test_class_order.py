import numpy as np

from aclnet_plugin.visualization.class_order import (
    classes_of_first_pairs,
    order_by_confusion,
    sort_pairs,
)


def test_confused_classes_become_neighbours():
    counts = np.zeros((6, 6))
    for i, j in ((0, 3), (1, 4), (2, 5)):
        counts[i, j] = counts[j, i] = 10
    order = order_by_confusion(counts).tolist()
    pairs = {frozenset(order[i : i + 2]) for i in (0, 2, 4)}
    assert pairs == {frozenset((i, i + 3)) for i in range(3)}
    # Classes without any confusion come last.
    counts[:, 2] = counts[2] = counts[:, 5] = counts[5] = 0
    assert order_by_confusion(counts).tolist()[-2:] == [2, 5]


def test_heavy_then_mutual_pairs_come_first():
    member = np.zeros((4, 4), dtype=bool)
    member[0, 1] = member[1, 2] = member[2, 1] = member[3, 0] = True
    weight = np.zeros((4, 4))
    assert sort_pairs(member, weight).tolist() == [[1, 2], [0, 1], [0, 3]]
    weight[0, 3] = weight[3, 0] = 5
    assert sort_pairs(member, weight).tolist() == [[0, 3], [1, 2], [0, 1]]


def test_classes_of_first_pairs():
    pairs = np.array([[4, 7], [1, 7], [2, 3], [1, 4], [0, 1]])
    assert classes_of_first_pairs(pairs, 3).tolist() == [1, 4, 7]
    assert classes_of_first_pairs(pairs, 4).tolist() == [0, 1, 4, 7]
    assert classes_of_first_pairs(pairs[:0], 4).tolist() == []
