"""Models registered into MMAction2's registry."""

from .backbones import ACLGCN
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
    'InterClassAffinityLoss',
    'IntraClassMarginLoss',
    'PrototypeContrastiveLoss',
    'RetrievalTTAModel',
    'SupervisedContrastiveLoss',
]
