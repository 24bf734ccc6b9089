"""Refuses to test, or to go on with, weights of another model."""

from __future__ import annotations

from collections.abc import Mapping

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner import BaseLoop, Runner
from torch import Tensor, nn

from aclnet_plugin.models.loading import weights_of

_SHOWN = 3  # entries that a message names


class CheckpointMismatch(ValueError):
    """A checkpoint of another model; the message says what differs."""


@HOOKS.register_module()
class CheckpointMatchHook(Hook):
    """Compares a checkpoint with the model, before it is loaded.

    MMEngine loads what fits and prints the rest, past the log file: a test
    of another model's weights would end well, with a wrong accuracy, and a
    resumed training would go on with an empty memory bank. With this hook

    - a test, a validation and ``--resume`` stop if a weight or buffer has
      another shape, or if most weights are missing;
    - ``load_from`` of a training, where a new number of classes is what
      somebody wants, logs a warning.

    Models with an :class:`~aclnet_plugin.models.ACLHead` get it without
    being asked; for others list it in ``custom_hooks``.

    Args:
        enabled: Whether anything is compared. Defaults to True.

    Raises:
        CheckpointMismatch: If it does not fit.
    """

    # Before an average of the model takes the weights up.
    priority = 'VERY_HIGH'

    def __init__(self, enabled: bool = True) -> None:
        self.enabled = enabled

    def __repr__(self) -> str:
        return f'{type(self).__name__}(enabled={self.enabled})'

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare what was read with the model that it is for.

        Args:
            runner: The runner of the training or test.
            checkpoint: What was read, not yet in the model.
        """
        if not self.enabled:
            return
        found = mismatch(_innermost(runner.model), weights_of(checkpoint))
        if found is None:
            return
        # The loop of a training exists by the time its weights are loaded.
        fine_tuning = not runner._resume and isinstance(
            runner._train_loop, BaseLoop
        )
        if fine_tuning:
            runner.logger.warning(
                f'The checkpoint in load_from fits in part only, and the '
                f'rest starts anew: {found}.'
            )
            return
        raise CheckpointMismatch(
            f'the checkpoint does not fit the model of the config: {found}. '
            f'Take the config it was trained with. '
            f"(custom_hooks with dict(type='CheckpointMatchHook', "
            f'enabled=False) loads what fits.)'
        )


def mismatch(model: nn.Module, saved: Mapping[str, Tensor]) -> str | None:
    """Say in what saved weights do not fit a model.

    Args:
        model: The model.
        saved: Weights and buffers by name. Names of official checkpoints,
            which the head translates, count as missing.

    Returns:
        None if all shapes are right and at least half of the weights there.
    """
    own = model.state_dict()
    wrong = [
        f'{key} has the shape {tuple(saved[key].shape)} in the checkpoint '
        f'and {tuple(value.shape)} in the model'
        for key, value in own.items()
        if key in saved and saved[key].shape != value.shape
    ]
    if wrong:
        more = len(wrong) - _SHOWN
        return '; '.join(wrong[:_SHOWN]) + f'; and {more} more' * (more > 0)
    needed = [key for key, _ in model.named_parameters()]
    missing = [key for key in needed if key not in saved]
    if 2 * len(missing) > len(needed):
        return (
            f'it has no {missing[0]}, and lacks {len(missing)} of '
            f'{len(needed)} weights'
        )
    return None


def _innermost(model: nn.Module) -> nn.Module:
    """Without what distributes it, or tests it several times."""
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    return model
