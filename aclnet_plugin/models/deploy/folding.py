"""Convolutions that take over what follows or stands beside them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


def affine_of(norm: _BatchNorm) -> tuple[Tensor, Tensor]:
    """Scale and shift that a norm applies in evaluation, in float64."""
    scale = (
        norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    )
    return scale, norm.bias.double() - norm.running_mean.double() * scale


class FixedNorm(nn.Module):
    """What a norm does in evaluation, once and for all.

    Args:
        norm: With statistics.
    """

    def __init__(self, norm: _BatchNorm) -> None:
        super().__init__()
        for name, value in zip(
            ('scale', 'shift'), affine_of(norm), strict=True
        ):
            self.register_buffer(name, value.to(norm.weight.dtype)[:, None])

    def forward(self, x: Tensor) -> Tensor:
        """``(n, C, L)`` to the same shape."""
        return torch.addcmul(self.shift, x, self.scale)


def scaled(conv: nn.Conv2d, scale: Tensor, shift: Tensor) -> nn.Conv2d:
    """A convolution whose outputs are scaled and shifted.

    Args:
        conv: With bias.
        scale: ``(C_out,)`` float64.
        shift: ``(C_out,)`` float64.

    Returns:
        A new convolution.
    """
    # Not a copy: the weight of a parametrised convolution is computed.
    weight = conv.weight
    result = nn.Conv2d(
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,
        stride=conv.stride,
        padding=conv.padding,
        dilation=conv.dilation,
        device=weight.device,
        dtype=weight.dtype,
    )
    result.weight.copy_(weight.double() * scale[:, None, None, None])
    result.bias.copy_(conv.bias.double() * scale + shift)
    return result


def fold(conv: nn.Conv2d, norm: _BatchNorm) -> nn.Conv2d:
    """A convolution and the norm after it, as one convolution."""
    return scaled(conv, *affine_of(norm))


def stack(convs: Sequence[nn.Conv2d]) -> nn.Conv2d:
    """1x1 convolutions of one input as one, of stride 1."""
    weight = torch.cat([conv.weight for conv in convs])
    joined = nn.Conv2d(
        weight.shape[1],
        weight.shape[0],
        1,
        device=weight.device,
        dtype=weight.dtype,
    )
    joined.weight.copy_(weight)
    joined.bias.copy_(torch.cat([conv.bias for conv in convs]))
    return joined
