"""Graphs of a skeleton: subsets by direction, by distance, over frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmaction.models.utils import Graph

from aclnet_plugin.structures import SkeletonLayout, get_layout


def read_graph_cfg(
    graph_cfg: Mapping[str, Any], modes: Sequence[str], backbone: str
) -> tuple[SkeletonLayout, np.ndarray]:
    """Layout and adjacency of a ``graph_cfg`` as the host's backbones take.

    Args:
        graph_cfg: ``layout``, a name or a dict (see
            :func:`~aclnet_plugin.structures.get_layout`), ``mode`` and
            ``max_hop`` of MMAction2's ``Graph``.
        modes: Modes that the backbone knows, its default first.
        backbone: Its name, for messages.

    Returns:
        The layout and ``(K, V, V)``, source joint before target joint.

    Raises:
        ValueError: If a key or the mode is unknown or there is no layout.
    """
    given = dict(graph_cfg)
    layout = given.pop('layout', None)
    mode = given.pop('mode', modes[0])
    max_hop = given.pop('max_hop', 1)
    if given:
        raise ValueError(
            f'unknown key(s) in graph_cfg: {sorted(given)}; known are '
            f'layout, mode, max_hop'
        )
    if layout is None:
        raise ValueError("graph_cfg needs a layout, e.g. layout='nturgb+d'")
    if mode not in modes:
        raise ValueError(
            f'{backbone} takes a graph of mode {" or ".join(map(repr, modes))}'
            f', got {mode!r}'
        )
    layout = get_layout(layout)
    graph = Graph(layout.to_graph_dict(), mode, max_hop)
    return layout, graph.A.astype(np.float32)


def hop_graphs(adjacency: np.ndarray, num_scales: int) -> np.ndarray:
    r"""Disentangled graphs, one for each distance between nodes.

    .. math:: \tilde A_{(k)} = I + [d(i, j) = k], \quad
        \hat A_{(k)} = D^{-1/2} \tilde A_{(k)} D^{-1/2}

    and the identity for k = 0 (MS-G3D, section 3.2). Beyond the largest
    distance the graphs are the identity, too.

    Args:
        adjacency: ``(J, J)``, symmetric; what is not 0 is an edge. The
            diagonal does not matter.
        num_scales: Distances 0, 1, ... to look at.

    Returns:
        ``(num_scales, J, J)`` float32.
    """
    identity = np.eye(len(adjacency), dtype=bool)
    step = (np.asarray(adjacency) != 0) | identity
    reached, graphs = identity, [identity]
    for _ in range(num_scales - 1):
        further = reached.astype(np.int64) @ step > 0
        graphs.append(further & ~reached | identity)
        reached = further
    graphs = np.stack(graphs[:num_scales]).astype(np.float32)
    scale = graphs.sum(2) ** -0.5
    return scale[:, :, None] * graphs * scale[:, None]


def window_graph(adjacency: np.ndarray, window: int) -> np.ndarray:
    """Graph of all joints of a few neighbouring frames (G3D).

    A joint is linked with itself and its neighbours, in its own frame and in
    every other frame of the window (MS-G3D, section 3.3).

    Args:
        adjacency: ``(V, V)``, without self-loops.
        window: Frames.

    Returns:
        ``(window * V, window * V)``, frame before joint.
    """
    linked = adjacency + np.eye(len(adjacency), dtype=adjacency.dtype)
    return np.tile(linked, (window, window))
