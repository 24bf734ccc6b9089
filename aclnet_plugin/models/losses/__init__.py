"""The two contrastive losses: pure functions and thin modules."""

from .inter_affinity_loss import InterClassAffinityLoss
from .intra_margin_loss import IntraClassMarginLoss

__all__ = ['InterClassAffinityLoss', 'IntraClassMarginLoss']
