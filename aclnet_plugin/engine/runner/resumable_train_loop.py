"""A training loop that continues inside an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from typing import Any

import mmengine.runner.runner
from mmaction.registry import LOOPS
from mmengine.dist import get_world_size
from mmengine.runner import EpochBasedTrainLoop
from torch.utils.data import BatchSampler, DataLoader, Sampler


@LOOPS.register_module(name=['ResumableTrainLoop', 'EpochBasedTrainLoop'])
class ResumableTrainLoop(EpochBasedTrainLoop):
    """``EpochBasedTrainLoop`` that continues where a checkpoint was saved.

    A checkpoint that was saved inside an epoch
    (``CheckpointHook(by_epoch=False)``) makes MMEngine's loop begin that
    epoch again: samples are seen twice, confusions counted twice, and steps
    and epochs drift apart. This loop goes on with the next batch. It answers
    to the host's name as well, so that a stock config gets it; trainings
    that are never resumed inside an epoch are the same with either.

    :class:`~aclnet_plugin.engine.hooks.ReproducibilityHook` carries the
    position through the checkpoint.

    Attributes:
        first_iter: Step at which the current epoch began; None before the
            first epoch, unless a checkpoint tells.

    Raises:
        ValueError: If the sampler makes batches of another size than the
            data loader, so that its batches would be torn.
    """

    first_iter: int | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.first_iter = None
        _check_batch_size(self.dataloader)

    @property
    def batches_done(self) -> int:
        """Batches of the current epoch that are behind us."""
        return 0 if self.first_iter is None else self._iter - self.first_iter

    @property
    def samples_per_step(self) -> int:
        """Samples that all ranks together take in a step."""
        batches = self.dataloader.batch_sampler
        return getattr(batches, 'batch_size', 1) * get_world_size()

    def samples_until(self, iteration: int) -> int:
        """Samples of the current epoch that all ranks have seen.

        Args:
            iteration: The first step that is still to come.
        """
        if self.first_iter is None:
            return 0
        seen = (iteration - self.first_iter) * self.samples_per_step
        # The last batch may be smaller.
        return min(seen, self._samples_per_epoch)

    @property
    def _samples_per_epoch(self) -> int:
        return len(sampler_of(self.dataloader)) * get_world_size()

    def continue_at(self, samples: int) -> int:
        """Take up an epoch of which a part was done already.

        Args:
            samples: How many samples of the epoch all ranks have seen.

        Returns:
            How many of them will be seen again, because the number of
            samples per step has changed.
        """
        batches, again = divmod(samples, self.samples_per_step)
        if samples >= self._samples_per_epoch:
            batches, again = len(self.dataloader), 0
        self.first_iter = self._iter - batches
        return again

    def validation_due(self) -> bool:
        """Whether the epochs done so far end with a validation."""
        if self.runner.val_loop is None or not self._epoch:
            return False
        self._decide_current_val_interval()
        return self._epoch >= self.val_begin and (
            self._epoch % self.val_interval == 0
            or self._epoch == self._max_epochs
        )

    def run_epoch(self) -> None:
        """Train on what is left of the epoch."""
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        done = self.batches_done
        self.first_iter = self._iter - done
        with closing(batches_from(self.dataloader, done)) as batches:
            for index, batch in enumerate(batches, done):
                self.run_iter(index, batch)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1
        self.first_iter = self._iter


class _Tail(Sampler):
    """A sampler without its first samples, of undiminished length.

    Args:
        sampler: The sampler.
        first: How many to leave out.
    """

    def __init__(self, sampler: Sampler, first: int) -> None:
        self.sampler = sampler
        self.first = first

    def __iter__(self) -> Iterator[int]:
        return islice(iter(self.sampler), self.first, None)

    def __len__(self) -> int:
        # The length of the whole epoch, which hooks ask the loader for.
        return len(self.sampler)


def batches_from(loader: DataLoader, first: int) -> Iterator[Any]:
    """The batches of a loader, without the first ones.

    They are not even loaded, unless the loader has a batch sampler of its
    own, which may group the samples by their number or kind.

    Args:
        loader: The loader, as before once the iterator is closed.
        first: How many batches to leave out.

    Yields:
        The batches.
    """
    batches = loader.batch_sampler
    if not first or type(batches) is not BatchSampler:
        yield from islice(loader, first, None)
        return
    sampler = batches.sampler
    batches.sampler = _Tail(sampler, first * batches.batch_size)
    try:
        yield from loader
    finally:
        batches.sampler = sampler


def sampler_of(loader: DataLoader) -> Sampler:
    """The sampler of samples, also behind a batch sampler."""
    return getattr(loader.batch_sampler, 'sampler', loader.sampler)


def _check_batch_size(loader: DataLoader) -> None:
    """Refuse a sampler whose batches the loader would cut elsewhere."""
    sampler = sampler_of(loader)
    meant = getattr(sampler, 'batch_size', None)
    real = getattr(loader.batch_sampler, 'batch_size', None)
    if None not in (meant, real) and meant != real:
        raise ValueError(
            f'{type(sampler).__name__} makes batches of {meant} samples, but '
            f'the data loader takes {real} at once. Set '
            f'train_dataloader.sampler.batch_size and '
            f'train_dataloader.batch_size to the same number.'
        )


def prefer_resumable_loop() -> None:
    """Make it the loop of ``train_cfg=dict(by_epoch=True)``, too.

    In that form the Runner does not ask the registry, but takes the name
    that its module holds.
    """
    mmengine.runner.runner.EpochBasedTrainLoop = ResumableTrainLoop
