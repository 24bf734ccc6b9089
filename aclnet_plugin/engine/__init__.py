"""Training-time parts registered into MMAction2's registries."""

from .hooks import (
    ConfusionStatisticsHook,
    ReplicaSyncBuffersHook,
    ReproducibilityHook,
    SafeCheckpointHook,
)
from .runner import ResumableTrainLoop

__all__ = [
    'ConfusionStatisticsHook',
    'ReplicaSyncBuffersHook',
    'ReproducibilityHook',
    'ResumableTrainLoop',
    'SafeCheckpointHook',
]
