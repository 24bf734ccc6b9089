"""Graph convolutions of MS-G3D, in one frame and across frames."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .skeleton_graph import hop_graphs, window_graph


class MultiScaleGCN(nn.Module):
    r"""Graph convolution over disentangled neighbourhoods (MS-GCN).

    Of `Disentangling and Unifying Graph Convolutions
    <https://arxiv.org/abs/2003.14111>`_, section 3.2:

    .. math:: z_w = \mathrm{ReLU}(\mathrm{BN}(\sum_k \Theta_k
        \sum_v x_v (\hat A_{(k)} + B_k)_{vw}))

    with k over the distances between nodes, v source and w target node, and
    a learned residual B that starts near zero.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        adjacency: ``(J, J)``, symmetric, without weights.
        num_scales: Distances 0, 1, ... that have weights of their own.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        adjacency: np.ndarray,
        num_scales: int,
    ) -> None:
        super().__init__()
        graphs = torch.from_numpy(hop_graphs(adjacency, num_scales))
        # Follows from the config, so no checkpoint has to keep it.
        self.register_buffer('hops', graphs, persistent=False)
        self.B = nn.Parameter(torch.empty_like(graphs).uniform_(-1e-6, 1e-6))
        self.conv = nn.Conv2d(num_scales * in_channels, out_channels, 1)
        self.bn = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """``(n, C_in, T, J)`` to ``(n, C_out, T, J)``."""
        x = torch.einsum('nctv,kvw->nkctw', x, self.hops + self.B)
        return self.relu(self.bn(self.conv(x.flatten(1, 2))))


class WindowGCN(nn.Module):
    """Graph convolution across the frames of a sliding window (G3D).

    Section 3.3 of the same paper: all joints of a window are nodes of one
    graph; after :class:`MultiScaleGCN` on it, a convolution over the frames
    of the window makes one frame of it. No activation follows.

    Args:
        in_channels: Input channels.
        mid_channels: Channels inside the window.
        out_channels: Output channels.
        adjacency: ``(V, V)``, symmetric, without weights and self-loops.
        num_scales: See :class:`MultiScaleGCN`.
        window: Frames of a window, an odd number.
        stride: Frames from one window to the next. Defaults to 1.

    Raises:
        ValueError: If the window is even.
    """

    def __init__(
        self,
        in_channels: int,
        mid_channels: int,
        out_channels: int,
        adjacency: np.ndarray,
        num_scales: int,
        window: int,
        stride: int = 1,
    ) -> None:
        super().__init__()
        if window % 2 == 0:
            raise ValueError(
                f'windows need an odd number of frames, so that one is in '
                f'the middle; got {window}'
            )
        self.window = window
        self.stride = stride
        self.gcn = MultiScaleGCN(
            in_channels,
            mid_channels,
            window_graph(adjacency, window),
            num_scales,
        )
        self.collapse = nn.Conv3d(mid_channels, out_channels, (1, window, 1))
        self.bn = nn.BatchNorm2d(out_channels)

    def windows(self, x: Tensor) -> Tensor:
        """Frames around each frame, zeros beyond the ends.

        Args:
            x: ``(n, C, T, V)``.

        Returns:
            ``(n, C, ceil(T / stride), window * V)``, frame before joint.
        """
        padded = F.pad(x, (0, 0, self.window // 2, self.window // 2))
        found = padded.unfold(2, self.window, self.stride)
        return found.transpose(3, 4).flatten(3)

    def forward(self, x: Tensor) -> Tensor:
        """``(n, C_in, T, V)`` to ``(n, C_out, ceil(T / stride), V)``."""
        out = self.gcn(self.windows(x)).unflatten(3, (self.window, -1))
        return self.bn(self.collapse(out).squeeze(3))
