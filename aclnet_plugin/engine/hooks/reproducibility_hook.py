"""Makes a resumed training the one that was never interrupted."""

from __future__ import annotations

from typing import Any

import torch
from mmaction.registry import HOOKS
from mmengine.device import get_device
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from aclnet_plugin.datasets.sample_seeding import (
    SeededFetch,
    seed_generators,
    seed_samples,
)

from ..runner import ResumableTrainLoop, sampler_of
from .confusion_statistics_hook import named_affinity_states

_STEP = 1
"""Sets the streams of training steps apart from those of samples."""


@HOOKS.register_module()
class ReproducibilityHook(Hook):
    """Derives every random number of a training, and saves its position.

    - The augmentation of a sample depends on seed, epoch and sample: random
      from epoch to epoch, equal with any number of workers, equal after a
      resume. See :class:`~aclnet_plugin.datasets.SeededFetch`.
    - What the model draws in a step (dropout) depends on seed, rank and
      step.
    - A checkpoint carries the order of the samples and the position in the
      epoch; :class:`~aclnet_plugin.engine.runner.ResumableTrainLoop` goes on
      from there.
    - A checkpoint with an averaged model (``EMAHook``) carries the affinity
      state as it is in both models. MMEngine's averaging leaves integers
      stale and blends the rest.
    - A validation that an interruption left out is made up for before the
      training goes on, so that the best checkpoint is the same.

    Trainings with an :class:`~aclnet_plugin.models.ACLHead` get it without
    being asked; for others list it in ``custom_hooks``.
    """

    # After CheckpointHook, whose best score the validation needs.
    priority = 'LOWEST'

    def __init__(self) -> None:
        self._position: dict[str, Any] | None = None
        self._validated = 0
        self._fetch: SeededFetch | None = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take the position out of a checkpoint that is resumed.

        Args:
            runner: The runner of the training.
            checkpoint: The loaded checkpoint.
        """
        if runner._resume:
            self._position = checkpoint.get('meta', {}).get('position')

    def before_train(self, runner: Runner) -> None:
        """Seed the samples; take up the position of a checkpoint.

        Args:
            runner: The runner of the training.
        """
        loop = runner.train_loop
        if not isinstance(loop, ResumableTrainLoop):
            raise ValueError(
                f'ReproducibilityHook counts epochs and needs a '
                f'ResumableTrainLoop, got {type(loop).__name__}; set '
                f"train_cfg=dict(type='ResumableTrainLoop', ...) or take the "
                f'hook out of custom_hooks'
            )
        self._fetch = seed_samples(
            runner.train_dataloader.dataset, runner.seed
        )
        if self._position is None:
            return
        position, self._position = self._position, None
        sampler = sampler_of(runner.train_dataloader)
        if position['sampler_seed'] is not None and hasattr(sampler, 'seed'):
            sampler.seed = position['sampler_seed']
        again = loop.continue_at(position['samples'])
        if again:
            runner.logger.warning(
                f'A step takes {loop.samples_per_step} samples now, which '
                f'does not divide the {position["samples"]} that were done '
                f'in this epoch: {again} of them are seen again.'
            )
        self._validated = position['validated']
        missed = self._validated != runner.epoch and not loop.batches_done
        if missed and loop.validation_due():
            runner.logger.info(
                f'Epoch {runner.epoch} was not validated before the '
                f'interruption; this comes first.'
            )
            runner.val_loop.run()

    def before_train_epoch(self, runner: Runner) -> None:
        """Tell the data workers the epoch.

        Args:
            runner: The runner of the training.
        """
        self._fetch.epoch.fill_(runner.epoch)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Seed what the model draws in this step.

        Args:
            runner: The runner of the training.
            batch_idx: Index of the step in the epoch.
            data_batch: Unused.
        """
        seed = seed_generators(
            self._fetch.seed, runner.iter, get_rank(), _STEP
        )
        if get_device() != 'cpu':
            torch.manual_seed(seed)

    def before_val_epoch(self, runner: Runner) -> None:
        """Remember that this epoch is validated.

        Not afterwards, because the best checkpoint is saved on the way.

        Args:
            runner: The runner of the training.
        """
        self._validated = runner.epoch

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the position in the data; mend an averaged model's state.

        Args:
            runner: The runner of the training.
            checkpoint: The checkpoint to be saved.
        """
        averaged = checkpoint.get('ema_state_dict')
        if averaged is not None:
            for name, value in _affinity_buffers(runner.model).items():
                checkpoint['state_dict'][name] = value
                averaged[f'module.{name}'] = value.clone()
        loop, meta = runner.train_loop, checkpoint['meta']
        if not isinstance(loop, ResumableTrainLoop):
            return
        # What is saved at the end of an epoch names the next one already.
        inside = meta['epoch'] == runner.epoch
        meta['position'] = dict(
            samples=loop.samples_until(meta['iter']) if inside else 0,
            sampler_seed=getattr(
                sampler_of(runner.train_dataloader), 'seed', None
            ),
            validated=self._validated,
        )


def _affinity_buffers(model: nn.Module) -> dict[str, Tensor]:
    """Copies of all buffers of affinity states, by their names."""
    return {
        f'{prefix}.{name}': buffer.detach().cpu().clone()
        for prefix, state in named_affinity_states(model).items()
        for name, buffer in state.named_buffers()
    }
