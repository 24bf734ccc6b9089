import numpy as np
import pytest

from aclnet_plugin.visualization.family_layout import (
    arrange_group,
    close_groups,
    connected_groups,
    family_blocks,
    place_on_circle,
)


@pytest.fixture
def chain():
    """Three cliques of three classes, weakly joined to a chain."""
    strength = np.zeros((9, 9))
    for start in (0, 3, 6):
        strength[start : start + 3, start : start + 3] = 1
    np.fill_diagonal(strength, 0)
    for i, j in ((2, 3), (5, 6)):
        strength[i, j] = strength[j, i] = 0.1
    return strength


def test_connected_groups(chain):
    chain[5, 6] = chain[6, 5] = 0
    groups = connected_groups(chain, np.array([1, 2, 3, 4, 6, 8]))
    assert [group.tolist() for group in groups] == [[1, 2, 3, 4], [6, 8]]
    groups = connected_groups(chain, np.array([0, 3]))
    assert [group.tolist() for group in groups] == [[0], [3]]
    assert connected_groups(chain, np.arange(0)) == []


def test_close_groups_are_the_cliques_of_a_chain(chain):
    groups = sorted(sorted(group.tolist()) for group in close_groups(chain))
    assert groups == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


def test_only_large_groups_are_split(chain):
    assert len(arrange_group(np.arange(6), chain)) == 1
    arcs = arrange_group(np.arange(9), chain)
    assert sorted(map(len, arcs)) == [3, 3, 3]
    assert set(arcs[1].tolist()) == {3, 4, 5}  # the middle of the chain


def test_classes_stand_clockwise_from_the_top():
    points = place_on_circle([np.array([5, 2, 0, 9])])
    assert list(points) == [5, 2, 0, 9]
    expected = [[0, 1], [1, 0], [0, -1], [-1, 0]]
    np.testing.assert_allclose(list(points.values()), expected, atol=1e-12)
    points = place_on_circle([np.array([0, 1]), np.array([2, 3])])
    gaps = [np.linalg.norm(points[i] - points[i + 1]) for i in range(3)]
    assert gaps[1] > gaps[0]


def test_blocks_are_the_arcs_of_the_family_graph():
    member = np.zeros((9, 9), bool)
    member[7, 0] = member[2, 4] = member[4, 5] = True
    member[8, 8] = True  # itself, which does not count
    counts = np.zeros((9, 9))
    counts[2, 4] = 3
    blocks, rest = family_blocks(member, counts)
    assert [set(block.tolist()) for block in blocks] == [{2, 4, 5}, {0, 7}]
    assert rest.tolist() == [1, 3, 6, 8]
    blocks, rest = family_blocks(np.zeros((3, 3), bool), np.zeros((3, 3)))
    assert blocks == [] and rest.tolist() == [0, 1, 2]
