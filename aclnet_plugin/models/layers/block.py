"""One block of the backbone."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from .gcn import DynamicGCN
from .norms import chain
from .tcn import DEFAULT_BRANCHES, MultiScaleTCN


class ACLBlock(nn.Module):
    """Spatial unit, temporal unit and residual (section 2).

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        adjacency: ``(K_s, V, V)`` start value of the learnable graph.
        stride: Temporal stride. Defaults to 1.
        residual: Whether the block adds its input. Defaults to True.
        gcn_ratio: See :class:`~.gcn.DynamicGCN`.
        tcn_branches: See :class:`~.tcn.MultiScaleTCN`.
        num_coeff: See :class:`~.tcn.MultiScaleTCN`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        adjacency: Tensor,
        stride: int = 1,
        residual: bool = True,
        gcn_ratio: float = 0.125,
        tcn_branches: Sequence = DEFAULT_BRANCHES,
        num_coeff: int = 25,
    ) -> None:
        super().__init__()
        self.gcn = DynamicGCN(in_channels, out_channels, adjacency, gcn_ratio)
        self.tcn = MultiScaleTCN(out_channels, stride, tcn_branches, num_coeff)
        self.relu = nn.ReLU(inplace=True)
        self.residual: nn.Module | None
        if not residual:
            self.residual = None
        elif in_channels == out_channels and stride == 1:
            self.residual = nn.Identity()
        else:
            self.residual = nn.Sequential()
            self.residual.add_module(
                'conv',
                nn.Conv2d(in_channels, out_channels, 1, stride=(stride, 1)),
            )
            self.residual.add_module('bn', nn.BatchNorm2d(out_channels))

    def forward(
        self, x: Tensor, counts: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Run the units.

        Args:
            x: ``(n, C_in, T, V)``.
            counts: See :func:`~.norms.norm`.

        Returns:
            Features ``(n, C_out, ceil(T / stride), V)`` and the block's
            dynamic graph.
        """
        out, dynamic = self.gcn(x, counts)
        out = self.tcn(out, counts)
        if isinstance(self.residual, nn.Sequential):
            out += chain(self.residual, x, counts)
        elif self.residual is not None:
            out += self.residual(x)
        return self.relu(out), dynamic
