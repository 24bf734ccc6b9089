"""The two contrastive losses and their rivals: functions, thin modules."""

from .inter_affinity_loss import InterClassAffinityLoss
from .intra_margin_loss import IntraClassMarginLoss
from .prototype_contrastive_loss import PrototypeContrastiveLoss
from .supervised_contrastive_loss import SupervisedContrastiveLoss

__all__ = [
    'InterClassAffinityLoss',
    'IntraClassMarginLoss',
    'PrototypeContrastiveLoss',
    'SupervisedContrastiveLoss',
]
