"""Hooks registered into MMAction2's registry."""

from .auto_register import add_missing_hook
from .confusion_statistics_hook import ConfusionStatisticsHook

add_missing_hook()

__all__ = ['ConfusionStatisticsHook']
