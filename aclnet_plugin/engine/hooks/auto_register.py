"""Gives every Runner whose model needs it a ConfusionStatisticsHook.

A head cannot reach the Runner, and without the hook the inter-class loss
would never start. With this a stock config needs no more than a ``cls_head``
override to train with the affinity losses; a hook in ``custom_hooks`` takes
precedence.
"""

from __future__ import annotations

import functools
from typing import Any

from mmengine.runner import Runner

from .confusion_statistics_hook import (
    ConfusionStatisticsHook,
    find_affinity_states,
)


def add_missing_hook() -> None:
    """Extend ``Runner.register_hooks``; a second call changes nothing."""
    original = Runner.register_hooks
    if getattr(original, 'adds_affinity_hook', False):
        return

    @functools.wraps(original)
    def register_hooks(self: Runner, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        present = any(
            isinstance(hook, ConfusionStatisticsHook) for hook in self.hooks
        )
        if not present and find_affinity_states(self.model):
            hook = ConfusionStatisticsHook()
            self.register_hook(hook)
            self.logger.info(
                'The model learns class affinities: registered '
                'ConfusionStatisticsHook, whose loss starts after a fifth of '
                'the epochs. List it in custom_hooks to choose others.'
            )

    register_hooks.adds_affinity_hook = True
    Runner.register_hooks = register_hooks
