import numpy as np
import pytest

from aclnet_plugin.models.layers.skeleton_graph import (
    Graph,
    hop_graphs,
    read_graph_cfg,
    window_graph,
)
from aclnet_plugin.structures import get_layout

MODES = ('spatial', 'stgcn_spatial', 'binary_adj')


@pytest.mark.parametrize('mode', MODES)
@pytest.mark.parametrize('layout', ['nturgb+d', 'coco', 'openpose'])
def test_the_layouts_of_the_host_give_its_graphs(layout, mode):
    found, graphs = read_graph_cfg(dict(layout=layout, mode=mode), MODES, 'X')
    assert found == get_layout(layout)
    np.testing.assert_allclose(graphs, Graph(layout, mode).A, rtol=1e-6)


def test_more_hops():
    graphs = read_graph_cfg(
        dict(layout='coco', mode='stgcn_spatial', max_hop=2), MODES, 'X'
    )[1]
    assert len(graphs) == 5


@pytest.mark.parametrize(
    ('config', 'message'),
    [
        (dict(layout='coco', hops=2), "unknown key.*'hops'"),
        (dict(mode='spatial'), 'needs a layout'),
        (
            dict(layout='coco', mode='random'),
            "X takes .*'spatial' or .*random",
        ),
        # An attribute of the host's Graph, but no mode.
        (dict(layout='coco', mode='set_layout'), 'takes a graph of mode'),
        (dict(layout='nowhere'), 'nowhere'),
    ],
)
def test_wrong_graphs_are_explained(config, message):
    with pytest.raises(ValueError, match=message):
        read_graph_cfg(config, MODES, 'X')


def distances(adjacency):
    """All shortest paths, by Floyd and Warshall."""
    size = len(adjacency)
    steps = np.where(adjacency != 0, 1.0, np.inf)
    np.fill_diagonal(steps, 0)
    for k in range(size):
        for i in range(size):
            for j in range(size):
                steps[i, j] = min(steps[i, j], steps[i, k] + steps[k, j])
    return steps


@pytest.mark.parametrize('window', [1, 3])
def test_graphs_by_distance_equal_shortest_paths(window):
    adjacency = get_layout('coco').adjacency() - np.eye(17)
    adjacency = window_graph(adjacency, window)
    steps = distances(adjacency)
    for k, graph in enumerate(hop_graphs(adjacency, 5)):
        want = (steps == k) | np.eye(len(steps), dtype=bool)
        degree = want.sum(1)
        want = want / np.sqrt(np.outer(degree, degree))
        np.testing.assert_allclose(graph, want, rtol=1e-6)


def test_beyond_the_largest_distance_nothing_is_left():
    path = np.eye(3, k=1) + np.eye(3, k=-1)
    graphs = hop_graphs(path, 5)
    assert (graphs[2] != 0).sum() == 5, 'both ends'
    for graph in (graphs[0], graphs[3], graphs[4]):
        np.testing.assert_array_equal(graph, np.eye(3))


def test_window_links_neighbours_of_all_frames():
    path = np.eye(3, k=1) + np.eye(3, k=-1)
    graph = window_graph(path, 2).reshape(2, 3, 2, 3)
    for one in range(2):
        for other in range(2):
            np.testing.assert_array_equal(
                graph[one, :, other], path + np.eye(3)
            )
