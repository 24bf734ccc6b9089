"""Hooks registered into MMAction2's registry."""

from .auto_register import add_missing_hooks
from .check_data_hook import CheckDataHook
from .checkpoint_hook import SafeCheckpointHook
from .checkpoint_match_hook import CheckpointMatchHook, CheckpointMismatch
from .confusion_statistics_hook import ConfusionStatisticsHook, take_in_pending
from .reproducibility_hook import ReproducibilityHook
from .sync_buffers_hook import ReplicaSyncBuffersHook

add_missing_hooks()

__all__ = [
    'CheckDataHook',
    'CheckpointMatchHook',
    'CheckpointMismatch',
    'ConfusionStatisticsHook',
    'ReplicaSyncBuffersHook',
    'ReproducibilityHook',
    'SafeCheckpointHook',
    'take_in_pending',
]
