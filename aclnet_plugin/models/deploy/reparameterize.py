"""A trained model in the form for deployment."""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..backbones import ACLGCN
from ..layers import ACLBlock
from ..layers.norms import unobserved
from .blocks import FoldedBlock
from .folding import FixedNorm


@torch.no_grad()
def reparameterize(model: nn.Module) -> nn.Module:
    """An evaluation-only copy of a model, with equal outputs in less time.

    Batch norms become part of the convolutions beside them, and parallel
    convolutions become one. The arithmetic of folding is float64.

    Args:
        model: An :class:`ACLGCN`, or anything that contains one, such as a
            recogniser. It stays as it is.

    Returns:
        The copy, without gradients. Its outputs are those of
        ``model.eval()`` up to rounding; it cannot be trained.

    Raises:
        ValueError: If there is no :class:`ACLGCN`, it was converted before,
            or a layer of it cannot be folded.

    Example:
        >>> fast = reparameterize(model)
        >>> feats, relation = fast(clips)
    """
    for name, backbone in model.named_modules():
        if isinstance(backbone, ACLGCN):
            _check(backbone, name)
    model = copy.deepcopy(model).eval().requires_grad_(False)
    backbones = [m for m in model.modules() if isinstance(m, ACLGCN)]
    if not backbones:
        raise ValueError(
            f'{type(model).__name__} contains no ACLGCN; only that backbone '
            f'has a form for deployment'
        )
    for backbone in backbones:
        backbone.data_bn = FixedNorm(backbone.data_bn)
        for index, block in enumerate(backbone.gcn):
            backbone.gcn[index] = FoldedBlock(block)
    return model.eval().requires_grad_(False)


def _check(backbone: ACLGCN, name: str) -> None:
    """Refuse what cannot be folded, by the name of the layer."""
    for index, block in enumerate(backbone.gcn):
        if not isinstance(block, ACLBlock):
            raise ValueError(
                f'block {index} is a {type(block).__name__}: the model has '
                f'already been re-parameterised'
            )
    for inner, module in backbone.named_modules(prefix=name):
        if not unobserved(module) and not list(module.children()):
            raise ValueError(
                f'{inner} has hooks, of pruning or a weight norm among '
                f'others, which would be lost: take them off first '
                f'(prune.remove, remove_weight_norm, handle.remove)'
            )
        if isinstance(module, _BatchNorm) and module.running_mean is None:
            raise ValueError(
                f'{inner} keeps no running statistics, so there is nothing '
                f'to fold'
            )
