"""Gives every Runner whose model needs them the hooks of this package.

A head cannot reach the Runner, and without its hooks the inter-class loss
would never start. With this a stock config needs no more than a ``cls_head``
override to train with the affinity losses; a hook in ``custom_hooks`` takes
precedence.
"""

from __future__ import annotations

import functools
from typing import Any

from mmengine.runner import Runner

from .check_data_hook import CheckDataHook
from .checkpoint_match_hook import CheckpointMatchHook
from .confusion_statistics_hook import (
    ConfusionStatisticsHook,
    find_affinity_states,
)
from .reproducibility_hook import ReproducibilityHook

NEEDED = {
    CheckDataHook: 'data that does not fit the model is refused at the start',
    CheckpointMatchHook: 'a checkpoint of another model is refused',
    ConfusionStatisticsHook: 'the inter-class loss starts after a fifth of '
    'the epochs',
    ReproducibilityHook: 'random numbers follow from seed, epoch and sample',
}
"""Hooks that a model with an affinity state needs, and what they bring."""


def add_missing_hooks() -> None:
    """Extend ``Runner.register_hooks``; a second call changes nothing."""
    original = Runner.register_hooks
    if getattr(original, 'adds_affinity_hooks', False):
        return

    @functools.wraps(original)
    def register_hooks(self: Runner, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if not find_affinity_states(self.model):
            return
        for kind, effect in NEEDED.items():
            if any(isinstance(hook, kind) for hook in self.hooks):
                continue
            self.register_hook(kind())
            self.logger.info(
                f'The model learns class affinities: registered '
                f'{kind.__name__}, {effect}. List it in custom_hooks to '
                f'choose otherwise.'
            )

    register_hooks.adds_affinity_hooks = True
    Runner.register_hooks = register_hooks
