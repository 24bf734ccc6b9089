"""The recogniser of NTU RGB+D with our backbone or the plain one."""

from __future__ import annotations

import copy

import numpy as np
import torch
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope
from torch import nn

import aclnet_plugin  # noqa: F401  (registers everything)

from .plain_backbone import PlainACLGCN
from .plain_head import PlainContrast

CLASSES, JOINTS = 60, 25


def recogniser(base_channels: int = 96, seed: int = 0) -> nn.Module:
    """The full model, with graphs that are not zero as after some training.

    Args:
        base_channels: Width of the first stage.
        seed: For the weights.
    """
    init_default_scope('mmaction')
    torch.manual_seed(seed)
    np.random.seed(seed)
    model = MODELS.build(
        dict(
            type='RecognizerGCN',
            backbone=dict(
                type='ACLGCN',
                base_channels=base_channels,
                graph_cfg=dict(layout='nturgb+d'),
            ),
            cls_head=dict(
                type='ACLHead',
                num_classes=CLASSES,
                in_channels=4 * base_channels,
                relation_dim=JOINTS * JOINTS,
            ),
        )
    )
    for name, parameter in model.named_parameters():
        if name.endswith(('alpha', 'beta', 'add_coeff')):
            nn.init.constant_(parameter, 0.1)
    return model


def with_plain_backbone(model: nn.Module) -> nn.Module:
    """A copy with the plain backbone and the same weights."""
    model = copy.deepcopy(model)
    base_channels = model.backbone.gcn[0].gcn.bn.num_features
    plain = PlainACLGCN(JOINTS, base_channels)
    plain.load_state_dict(model.backbone.state_dict())
    model.backbone = plain.train(model.backbone.training)
    return model


def with_plain_losses(model: nn.Module) -> nn.Module:
    """A copy whose head loops over samples."""
    model = copy.deepcopy(model)
    model.cls_head.contrastive_losses = PlainContrast(model.cls_head)
    return model


def made_up_clips(
    shape: tuple[int, ...], one_person: float, seed: int = 0
) -> torch.Tensor:
    """Random skeletons, some samples with an absent second person.

    Args:
        shape: ``(N, clips, M, T, V, C)``.
        one_person: Share of the samples with one person, rounded.
        seed: For the coordinates.
    """
    generator = torch.Generator().manual_seed(seed)
    clips = torch.randn(shape, generator=generator)
    clips[: round(one_person * len(clips)), :, 1:] = 0
    return clips
