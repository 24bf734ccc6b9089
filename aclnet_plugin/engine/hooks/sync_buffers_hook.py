"""Synchronises buffers over ranks, learned state left as it is."""

from __future__ import annotations

from mmaction.registry import HOOKS
from mmengine.dist import all_reduce_params
from mmengine.hooks import SyncBuffersHook
from mmengine.runner import Runner
from torch import Tensor, nn

from aclnet_plugin.utils.dist import mend_replicas

from .confusion_statistics_hook import find_affinity_states, take_in_pending


@HOOKS.register_module(name=['ReplicaSyncBuffersHook', 'SyncBuffersHook'])
class ReplicaSyncBuffersHook(SyncBuffersHook):
    """MMEngine's ``SyncBuffersHook``, without the affinity state.

    Batch norm's statistics differ between ranks and are averaged. The
    affinity state is the same on all ranks by construction; an average
    through floating point would only round it (with three ranks), and large
    counts with it. It is compared instead, by a check sum of a few bytes,
    and should ranks ever disagree (different hardware may round
    differently), rank 0's state goes to all of them, with a warning.

    It answers to the host's name as well, so that a stock config gets it.
    """

    def before_val_epoch(self, runner: Runner) -> None:
        """Synchronise before a validation, unless an epoch ended just now.

        Args:
            runner: The runner of the training.
        """
        if self.distributed and not self.called_in_train:
            self._synchronise(runner)
        self.called_in_train = False

    def after_train_epoch(self, runner: Runner) -> None:
        """Synchronise at the end of an epoch.

        Args:
            runner: The runner of the training.
        """
        if self.distributed:
            # What the states are before the epoch is over is no concern.
            take_in_pending(runner.model)
            self._synchronise(runner)
            self.called_in_train = True

    def _synchronise(self, runner: Runner) -> None:
        average_buffers(runner.model)
        for state in find_affinity_states(runner.model):
            if mend_replicas(state):
                runner.logger.warning(
                    'The ranks had come to different affinity states; all '
                    'of them continue with that of rank 0. Are the machines '
                    'of different kinds?'
                )


def average_buffers(model: nn.Module) -> None:
    """Average over ranks all buffers but those of affinity states."""
    states = find_affinity_states(model)
    all_reduce_params(differing_buffers(model, states), op='mean')


def differing_buffers(
    model: nn.Module, replicated: list[nn.Module]
) -> list[Tensor]:
    """Buffers of a model without those of its replicated parts.

    Args:
        model: The model.
        replicated: Parts whose buffers are equal on all ranks.

    Returns:
        The others, in the order of the model.
    """
    same = {id(b) for part in replicated for b in part.buffers()}
    return [b for b in model.buffers() if id(b) not in same]
