"""State that ACLNet learns about its classes while it trains."""

from .confusion import ConfusionStats
from .families import FamilyTable
from .feature_bank import FeatureBank
from .prototypes import ClassPrototypes
from .state import AffinityState

__all__ = [
    'AffinityState',
    'ClassPrototypes',
    'ConfusionStats',
    'FamilyTable',
    'FeatureBank',
]
