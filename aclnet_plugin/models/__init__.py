"""Models registered into MMAction2's registry."""

from .backbones import ACLGCN, CTRGCNet, MSG3DNet
from .heads import ACLHead
from .losses import (
    InterClassAffinityLoss,
    IntraClassMarginLoss,
    PrototypeContrastiveLoss,
    SupervisedContrastiveLoss,
)
from .tta import RetrievalTTAModel

__all__ = [
    'ACLGCN',
    'ACLHead',
    'CTRGCNet',
    'InterClassAffinityLoss',
    'IntraClassMarginLoss',
    'MSG3DNet',
    'PrototypeContrastiveLoss',
    'RetrievalTTAModel',
    'SupervisedContrastiveLoss',
]
