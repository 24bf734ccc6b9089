"""Spatial unit of CTR-GCN: a topology of its own for each channel."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .temporal_branches import TemporalBranches, shortcut

DILATIONS = (1, 2)
"""Of the two convolutions over time, which look at 5 frames each."""


class ChannelTopologyGCN(nn.Module):
    r"""Graph convolution with channel-wise refined topologies (CTR-GC).

    Of `Channel-wise Topology Refinement Graph Convolution
    <https://arxiv.org/abs/2107.12213>`_, section 3.2. A topology that all
    channels share is refined, for each sample and channel, by what tells two
    joints apart:

    .. math:: z_{cw} = \sum_k \sum_v \Theta_k(x)_{cv} (A_{kvw} +
        \alpha Q_{kcvw}), \quad
        Q_k = \xi_k(\tanh(\psi_k(\bar x_v) - \phi_k(\bar x_w)))

    with k over the subsets, v source and w target joint, the mean
    :math:`\bar x` over the frames, and pointwise linear maps
    :math:`\Theta, \phi, \psi, \xi`. It starts with :math:`\alpha = 0`.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        adjacency: ``(K, V, V)`` start value of the shared topologies, which
            are learned; source joint before target joint.
        reduction: Input channels over those of :math:`\phi` and
            :math:`\psi`, which have 8 at the first unit. Defaults to 8.
        first: Whether this is the first unit. Defaults to False.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        adjacency: Tensor,
        reduction: int = 8,
        first: bool = False,
    ) -> None:
        super().__init__()
        subsets = len(adjacency)
        width = 8 if first else max(1, in_channels // reduction)
        self.A = nn.Parameter(adjacency.clone())
        self.alpha = nn.Parameter(torch.zeros(()))
        self.source = nn.Conv2d(in_channels, subsets * width, 1)
        self.target = nn.Conv2d(in_channels, subsets * width, 1)
        self.value = nn.Conv2d(in_channels, subsets * out_channels, 1)
        self.refine = nn.Conv2d(
            subsets * width, subsets * out_channels, 1, groups=subsets
        )
        self.bn = nn.BatchNorm2d(out_channels)
        self.down = shortcut(in_channels, out_channels, 1)
        self.relu = nn.ReLU(inplace=True)
        for conv in (self.source, self.target, self.value, self.refine):
            _start(conv, subsets)
        # The unit begins as its shortcut, as the authors have it.
        nn.init.constant_(self.bn.weight, 1e-6)

    def correlations(self, x: Tensor) -> Tensor:
        """How the joints of a sample differ, for each channel.

        Args:
            x: ``(n, C_in, T, V)``.

        Returns:
            Q, ``(n, K, C_out, V, V)``.
        """
        # The mean first: the same for T times less work.
        pooled = x.mean(2)
        source = self.source(pooled[..., None])
        target = self.target(pooled[..., None, :])
        found = self.refine(torch.tanh(source - target))
        return found.unflatten(1, (len(self.A), -1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Convolve over the graph.

        Args:
            x: ``(n, C_in, T, V)``.

        Returns:
            Features ``(n, C_out, T, V)`` and the correlations.
        """
        found = self.correlations(x)
        values = self.value(x).unflatten(1, (len(self.A), -1))
        graph = torch.addcmul(self.A[:, None], self.alpha, found)
        out = torch.einsum('nkctv,nkcvw->nctw', values, graph.to(values.dtype))
        return self.relu(self.bn(out) + self.down(x)), found


class ChannelTopologyBlock(nn.Module):
    """Spatial unit, temporal branches and residual of CTR-GCN.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        adjacency: See :class:`ChannelTopologyGCN`.
        stride: Temporal stride. Defaults to 1.
        first: Whether this is the first block, which has no residual.
            Defaults to False.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        adjacency: Tensor,
        stride: int = 1,
        first: bool = False,
    ) -> None:
        super().__init__()
        self.gcn = ChannelTopologyGCN(
            in_channels, out_channels, adjacency, first=first
        )
        self.tcn = TemporalBranches(
            out_channels, out_channels, 5, DILATIONS, stride
        )
        self.residual: nn.Module | None = None
        if not first:
            self.residual = shortcut(in_channels, out_channels, stride)
        self.relu = nn.ReLU(inplace=True)
        for part in (self.gcn.down, self.tcn, self.residual or nn.Identity()):
            for conv in part.modules():
                if isinstance(conv, nn.Conv2d):
                    _start(conv)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Run the units.

        Args:
            x: ``(n, C_in, T, V)``.

        Returns:
            Features ``(n, C_out, ceil(T / stride), V)`` and the correlations
            of the spatial unit.
        """
        out, found = self.gcn(x)
        out = self.tcn(out)
        if self.residual is not None:
            out = out + self.residual(x)
        return self.relu(out), found


@torch.no_grad()
def _start(conv: nn.Conv2d, subsets: int = 1) -> None:
    """Start values of a convolution that joins those of several subsets.

    Args:
        conv: The convolution.
        subsets: Its outputs are those of so many convolutions, each of which
            is scaled by its own number of outputs. Defaults to 1.
    """
    for weight in conv.weight.chunk(subsets):
        nn.init.kaiming_normal_(weight, mode='fan_out')
    nn.init.zeros_(conv.bias)
