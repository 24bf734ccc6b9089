"""Temporal unit: parallel temporal branches and a virtual global joint."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from .norms import chain, norm, norms, unobserved

DEFAULT_BRANCHES = ((3, 1), (3, 2), (3, 3), (3, 4), ('max', 3), '1x1')
"""(kernel, dilation), (``'max'``, kernel) or ``'1x1'``."""


class DilatedConv(nn.Module):
    """Temporal convolution with dilation, length kept but for the stride.

    Args:
        channels: Input and output channels.
        kernel: Temporal kernel size.
        dilation: Temporal dilation.
        stride: Temporal stride.
    """

    def __init__(
        self, channels: int, kernel: int, dilation: int, stride: int
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            channels,
            channels,
            (kernel, 1),
            stride=(stride, 1),
            padding=((kernel - 1) * dilation // 2, 0),
            dilation=(dilation, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """``(n, C, T, V)`` to ``(n, C, ceil(T / stride), V)``."""
        return self.conv(x)


class MultiScaleTCN(nn.Module):
    """Multi-scale temporal convolution (section 2.2).

    A column with the mean over the joints joins the V joints, all branches
    run on V + 1 columns, and the result of the mean column is added to every
    joint with a learned weight per joint.

    Args:
        channels: Input and output channels, at least one per branch.
        stride: Temporal stride. Defaults to 1.
        branches: See :data:`DEFAULT_BRANCHES`.
        num_coeff: Length of the joint weights, at least V. The release has
            25 for every layout. Defaults to 25.

    Raises:
        ValueError: If there are fewer channels than branches.
    """

    def __init__(
        self,
        channels: int,
        stride: int = 1,
        branches: Sequence = DEFAULT_BRANCHES,
        num_coeff: int = 25,
    ) -> None:
        super().__init__()
        width = channels // len(branches)
        if width < 1:
            raise ValueError(
                f'{len(branches)} temporal branches need at least as many '
                f'channels, got {channels}; raise base_channels'
            )
        first = channels - width * (len(branches) - 1)
        self.branches = nn.ModuleList(
            self._branch(channels, first if i == 0 else width, stride, config)
            for i, config in enumerate(branches)
        )
        self.add_coeff = nn.Parameter(torch.zeros(num_coeff))
        self.transform = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 1),
        )
        self.bn = nn.BatchNorm2d(channels)

    @staticmethod
    def _branch(
        channels: int, width: int, stride: int, config: str | Sequence
    ) -> nn.Module:
        if config == '1x1':
            return nn.Conv2d(channels, width, 1, stride=(stride, 1))
        kernel, setting = config
        if kernel == 'max':
            temporal: nn.Module = nn.MaxPool2d(
                (setting, 1), stride=(stride, 1), padding=(setting // 2, 0)
            )
        else:
            temporal = DilatedConv(width, kernel, setting, stride)
        return nn.Sequential(
            nn.Conv2d(channels, width, 1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            temporal,
        )

    def forward(self, x: Tensor, counts: Tensor | None = None) -> Tensor:
        """Run all branches.

        Args:
            x: ``(n, C, T, V)``.
            counts: See :func:`~.norms.norm`.

        Returns:
            ``(n, C, ceil(T / stride), V)``.
        """
        joints = x.shape[3]
        x = torch.cat([x, x.mean(3, keepdim=True)], 3)
        x = torch.cat(self._branch_outputs(x, counts), 1)
        local, whole = x.split([joints, 1], 3)
        x = torch.addcmul(local, whole, self.add_coeff[:joints])
        return norm(self.bn, chain(self.transform, x, counts), counts)

    def _branch_outputs(
        self, x: Tensor, counts: Tensor | None
    ) -> list[Tensor]:
        """What each branch makes of x, in their order.

        The branches that begin with convolution, norm and ReLU do so
        together, unless somebody has changed them or listens to them.
        """
        staged = [b for b in self.branches if isinstance(b, nn.Sequential)]
        if not staged or not all(map(_plain, staged)):
            return [
                chain(branch, x, counts)
                if isinstance(branch, nn.Sequential)
                else branch(x)
                for branch in self.branches
            ]
        modules = [branch[1] for branch in staged]
        weight = torch.cat([branch[0].weight for branch in staged])
        bias = torch.cat([branch[0].bias for branch in staged])
        inner = norms(F.conv2d(x, weight, bias), modules, counts).relu_()
        parts = iter(inner.split([bn.num_features for bn in modules], 1))
        return [
            branch[3](next(parts))
            if isinstance(branch, nn.Sequential)
            else branch(x)
            for branch in self.branches
        ]


def _plain(branch: nn.Sequential) -> bool:
    """Whether the first three modules do just what they were built for."""
    conv, bn, relu, _ = branch
    return (
        # A parametrised convolution is of a class of its own.
        type(conv) is nn.Conv2d
        and isinstance(bn, _BatchNorm)
        and type(relu) is nn.ReLU
        and unobserved(branch)
    )
