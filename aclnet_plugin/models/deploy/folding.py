"""Convolutions that take over what follows or stands beside them."""

from __future__ import annotations

import copy
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


def scaled(conv: nn.Conv2d, scale: Tensor, shift: Tensor) -> nn.Conv2d:
    """A convolution whose outputs are scaled and shifted.

    Args:
        conv: With bias.
        scale: ``(C_out,)`` float64.
        shift: ``(C_out,)`` float64.

    Returns:
        A new convolution.
    """
    conv = copy.deepcopy(conv)
    weight = conv.weight.double() * scale[:, None, None, None]
    conv.weight.copy_(weight)
    conv.bias.copy_(conv.bias.double() * scale + shift)
    return conv


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
