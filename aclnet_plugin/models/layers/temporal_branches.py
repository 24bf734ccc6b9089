"""Temporal branches of different reach, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def conv_bn(
    in_channels: int,
    out_channels: int,
    kernel: int = 1,
    stride: int = 1,
    dilation: int = 1,
) -> nn.Sequential:
    """Convolution over time and batch norm; keeps the length but for stride.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        kernel: Frames, an odd number. Defaults to 1.
        stride: Temporal stride. Defaults to 1.
        dilation: Temporal dilation. Defaults to 1.
    """
    return nn.Sequential(
        nn.Conv2d(
            in_channels,
            out_channels,
            (kernel, 1),
            stride=(stride, 1),
            padding=((kernel - 1) * dilation // 2, 0),
            dilation=(dilation, 1),
        ),
        nn.BatchNorm2d(out_channels),
    )


def shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """Residual connection: the input, or a convolution to its new shape.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        stride: Temporal stride.
    """
    if in_channels == out_channels and stride == 1:
        return nn.Identity()
    return conv_bn(in_channels, out_channels, stride=stride)


class TemporalBranches(nn.Module):
    """Dilated convolutions, max pooling and 1x1 convolution in parallel.

    All but the last begin with a 1x1 convolution to few channels, batch norm
    and ReLU, and each ends with a batch norm. MS-G3D has kernel 3 with
    dilations 1 to 4, CTR-GCN kernel 5 with dilations 1 and 2.

    Args:
        in_channels: Input channels.
        out_channels: Output channels, at least one per branch. The first
            branch takes what cannot be shared equally.
        kernel: Frames that a convolution looks at.
        dilations: One branch each.
        stride: Temporal stride. Defaults to 1.

    Raises:
        ValueError: If there are fewer channels than branches.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        dilations: Sequence[int],
        stride: int = 1,
    ) -> None:
        super().__init__()
        count = len(dilations) + 2
        width, rest = divmod(out_channels, count)
        if width < 1:
            raise ValueError(
                f'{count} temporal branches need at least as many channels, '
                f'got {out_channels}; raise base_channels'
            )

        def reduced(width: int, *rest: nn.Module) -> nn.Sequential:
            start = [*conv_bn(in_channels, width), nn.ReLU(inplace=True)]
            return nn.Sequential(*start, *rest)

        self.branches = nn.ModuleList()
        for dilation in dilations:
            wide = width + (0 if self.branches else rest)
            self.branches.append(
                reduced(wide, *conv_bn(wide, wide, kernel, stride, dilation))
            )
        wide = width + (0 if self.branches else rest)
        pool = nn.MaxPool2d((3, 1), stride=(stride, 1), padding=(1, 0))
        self.branches.append(reduced(wide, pool, nn.BatchNorm2d(wide)))
        self.branches.append(conv_bn(in_channels, width, stride=stride))

    def forward(self, x: Tensor) -> Tensor:
        """``(n, C_in, T, V)`` to ``(n, C_out, ceil(T / stride), V)``."""
        return torch.cat([branch(x) for branch in self.branches], 1)
