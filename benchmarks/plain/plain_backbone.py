"""The backbone, written down line by line from its equations.

Each convolution, norm and branch is called by itself, and the two graph
convolutions run on all frames before their mean over time is taken. The
names are those of the package's backbone, so that its weights load.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

KINDS = (1, 2, 3, 4, 'max', '1x1')
"""Temporal branches: a dilation, max-pooling or a 1x1 convolution."""


class PlainSpatialUnit(nn.Module):
    """Graph convolution over a learned and two computed graphs."""

    def __init__(self, inputs: int, outputs: int, joints: int) -> None:
        super().__init__()
        self.mid = outputs // 8
        width = self.mid * 8
        self.A = nn.Parameter(0.04 + 0.02 * torch.randn(8, joints, joints))
        self.alpha = nn.Parameter(torch.zeros(8))
        self.beta = nn.Parameter(torch.zeros(8))
        self.pre = nn.Sequential(
            nn.Conv2d(inputs, width, 1), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.conv1 = nn.Conv2d(inputs, width, 1)
        self.conv2 = nn.Conv2d(inputs, width, 1)
        self.post = nn.Conv2d(width, outputs, 1)
        self.bn = nn.BatchNorm2d(outputs)
        self.down = nn.Identity()
        if inputs != outputs:
            self.down = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1), nn.BatchNorm2d(outputs)
            )
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """``(n, C, T, V)`` to features and the computed graph."""
        n, _, frames, joints = x.shape
        values = self.pre(x).view(n, 8, self.mid, frames, joints)
        query = self.conv1(x).mean(2).view(n, 8, self.mid, joints)
        reference = self.conv2(x).mean(2).view(n, 8, self.mid, joints)
        difference = query.unsqueeze(-1) - reference.unsqueeze(-2)
        channelwise = self.alpha[0] * torch.tanh(difference)
        product = torch.einsum('nkcv,nkcw->nkvw', query, reference)
        similarity = self.beta[0] * torch.softmax(product, dim=2)
        dynamic = channelwise + similarity.unsqueeze(2)
        graph = dynamic + self.A.unsqueeze(1)
        out = torch.einsum('nkctv,nkcvw->nkctw', values, graph)
        out = self.post(out.reshape(n, -1, frames, joints))
        return self.relu(self.bn(out) + self.down(x)), dynamic


class PlainTemporalConv(nn.Module):
    """Three frames at a distance, every ``stride`` frames."""

    def __init__(self, width: int, dilation: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            width,
            width,
            (3, 1),
            stride=(stride, 1),
            padding=(dilation, 0),
            dilation=(dilation, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """``(n, C, T, V)`` to ``(n, C, T', V)``."""
        return self.conv(x)


class PlainTemporalUnit(nn.Module):
    """Six branches on the joints and on their mean."""

    def __init__(self, channels: int, stride: int, num_coeff: int) -> None:
        super().__init__()
        width = channels // 6
        self.branches = nn.ModuleList()
        for kind in KINDS:
            if kind == '1x1':
                self.branches.append(
                    nn.Conv2d(channels, width, 1, stride=(stride, 1))
                )
                continue
            if not self.branches:
                size = channels - 5 * width
            else:
                size = width
            if kind == 'max':
                last = nn.MaxPool2d((3, 1), (stride, 1), (1, 0))
            else:
                last = PlainTemporalConv(size, kind, stride)
            self.branches.append(
                nn.Sequential(
                    nn.Conv2d(channels, size, 1),
                    nn.BatchNorm2d(size),
                    nn.ReLU(),
                    last,
                )
            )
        self.add_coeff = nn.Parameter(torch.zeros(num_coeff))
        self.transform = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 1),
        )
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """``(n, C, T, V)`` to ``(n, C, T', V)``."""
        joints = x.shape[3]
        x = torch.cat([x, x.mean(3, keepdim=True)], 3)
        x = torch.cat([branch(x) for branch in self.branches], 1)
        local, whole = x[..., :joints], x[..., joints:]
        x = local + self.add_coeff[:joints] * whole
        return self.bn(self.transform(x))


class PlainBlock(nn.Module):
    """Spatial unit, temporal unit, residual."""

    def __init__(
        self, inputs: int, outputs: int, stride: int, joints: int, first: bool
    ) -> None:
        super().__init__()
        self.gcn = PlainSpatialUnit(inputs, outputs, joints)
        self.tcn = PlainTemporalUnit(outputs, stride, max(25, joints))
        self.relu = nn.ReLU()
        self.first = first
        self.residual = nn.Sequential()
        if not first and (inputs != outputs or stride != 1):
            self.residual.add_module(
                'conv', nn.Conv2d(inputs, outputs, 1, stride=(stride, 1))
            )
            self.residual.add_module('bn', nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """``(n, C, T, V)`` to features and the computed graph."""
        out, dynamic = self.gcn(x)
        out = self.tcn(out)
        if not self.first:
            out = out + self.residual(x)
        return self.relu(out), dynamic


class PlainACLGCN(nn.Module):
    """Ten blocks; channels double and frames halve in the 5th and the 8th.

    Args:
        joints: V.
        base_channels: Channels of the first block.
        in_channels: Channels of a joint.
    """

    def __init__(
        self,
        joints: int = 25,
        base_channels: int = 96,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        self.data_bn = nn.BatchNorm1d(joints * in_channels)
        self.gcn = nn.ModuleList()
        width = in_channels
        for number in range(1, 11):
            halve = number in (5, 8)
            out = base_channels if number == 1 else width * (2 if halve else 1)
            self.gcn.append(
                PlainBlock(width, out, 2 if halve else 1, joints, number == 1)
            )
            width = out

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """``(N, M, T, V, C)`` to features and relation vector."""
        samples, persons, frames, joints, channels = x.shape
        x = x.permute(0, 1, 3, 4, 2).contiguous()
        x = x.view(samples * persons, joints * channels, frames)
        x = self.data_bn(x)
        x = x.view(samples, persons, joints, channels, frames)
        x = x.permute(0, 1, 3, 4, 2).contiguous()
        x = x.view(samples * persons, channels, frames, joints)
        for block in self.gcn:
            x, dynamic = block(x)
        x = x.view(samples, persons, *x.shape[1:])
        dynamic = dynamic.view(samples, persons, -1, joints, joints)
        relation = dynamic.mean(1).mean(1)
        return x, relation.view(samples, joints * joints)
