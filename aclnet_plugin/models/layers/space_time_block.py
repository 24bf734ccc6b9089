"""Temporal unit and block of MS-G3D."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor, nn
from torch.nn import functional as F

from .multi_scale_gcn import MultiScaleGCN, WindowGCN
from .temporal_branches import TemporalBranches, shortcut

DILATIONS = (1, 2, 3, 4)
"""Of the convolutions over time, which look at 3 frames each."""


class TemporalUnit(nn.Module):
    """Temporal branches with a residual connection (MS-TCN).

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        stride: Temporal stride. Defaults to 1.
        activate: Whether a ReLU follows. Defaults to True.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        activate: bool = True,
    ) -> None:
        super().__init__()
        self.branches = TemporalBranches(
            in_channels, out_channels, 3, DILATIONS, stride
        )
        self.residual = shortcut(in_channels, out_channels, stride)
        self.activate = activate

    def forward(self, x: Tensor) -> Tensor:
        """``(n, C_in, T, V)`` to ``(n, C_out, ceil(T / stride), V)``."""
        out = self.branches(x) + self.residual(x)
        return F.relu(out, inplace=True) if self.activate else out


class SpaceTimeBlock(nn.Module):
    """Space and time one after the other, plus both at once (STGC block).

    The sum of a pathway of :class:`MultiScaleGCN` and two temporal units and
    of one :class:`WindowGCN` per window goes through ReLU and a last
    temporal unit. All but the first block widen the features in time: after
    the graph convolution of the one, in the collapse of the other pathways.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        adjacency: See :class:`WindowGCN`.
        stride: Temporal stride. Defaults to 1.
        first: Whether this is the first block. Defaults to False.
        gcn_scales: Distances 0, 1, ... in one frame. Defaults to 13.
        g3d_scales: Distances in a window. Defaults to 6.
        windows: Frames of each window. Defaults to (3, 5).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        adjacency: np.ndarray,
        stride: int = 1,
        first: bool = False,
        gcn_scales: int = 13,
        g3d_scales: int = 6,
        windows: Sequence[int] = (3, 5),
    ) -> None:
        super().__init__()
        inner = out_channels if first else in_channels
        self.factorised = nn.Sequential(
            MultiScaleGCN(in_channels, inner, adjacency, gcn_scales),
            TemporalUnit(inner, out_channels, stride),
            TemporalUnit(out_channels, out_channels, activate=False),
        )
        self.unified = nn.ModuleList(
            WindowGCN(
                in_channels,
                inner,
                out_channels,
                adjacency,
                g3d_scales,
                window,
                stride,
            )
            for window in windows
        )
        self.tcn = TemporalUnit(out_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """``(n, C_in, T, V)`` to ``(n, C_out, ceil(T / stride), V)``."""
        out = self.factorised(x)
        for pathway in self.unified:
            out = out + pathway(x)
        return self.tcn(F.relu(out, inplace=True))
