"""Training-time parts registered into MMAction2's registries."""

from .hooks import (
    CheckDataHook,
    ConfusionStatisticsHook,
    ReplicaSyncBuffersHook,
    ReproducibilityHook,
    SafeCheckpointHook,
)
from .runner import ResumableTrainLoop

__all__ = [
    'CheckDataHook',
    'ConfusionStatisticsHook',
    'ReplicaSyncBuffersHook',
    'ReproducibilityHook',
    'ResumableTrainLoop',
    'SafeCheckpointHook',
]
