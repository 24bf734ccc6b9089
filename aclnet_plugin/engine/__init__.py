"""Training-time parts registered into MMAction2's registries."""

from .hooks import ConfusionStatisticsHook

__all__ = ['ConfusionStatisticsHook']
