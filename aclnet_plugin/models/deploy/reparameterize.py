"""A trained model in the form for deployment."""

from __future__ import annotations

import copy

import torch
from torch import nn

from ..backbones import ACLGCN
from ..layers import ACLBlock
from .blocks import FoldedBlock


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
        ValueError: If there is no :class:`ACLGCN`, or it was converted
            before.

    Example:
        >>> fast = reparameterize(model)
        >>> feats, relation = fast(clips)
    """
    model = copy.deepcopy(model).eval().requires_grad_(False)
    backbones = [m for m in model.modules() if isinstance(m, ACLGCN)]
    if not backbones:
        raise ValueError(
            f'{type(model).__name__} contains no ACLGCN; only that backbone '
            f'has a form for deployment'
        )
    for backbone in backbones:
        for index, block in enumerate(backbone.gcn):
            if not isinstance(block, ACLBlock):
                raise ValueError(
                    f'block {index} is a {type(block).__name__}: the model '
                    f'has already been re-parameterised'
                )
            backbone.gcn[index] = FoldedBlock(block)
    return model.eval().requires_grad_(False)
