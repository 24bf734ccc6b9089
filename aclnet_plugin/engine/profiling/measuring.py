"""What is measured: steps, their parts, the loader alone, compute alone."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import torch
from mmengine.dataset import InfiniteSampler
from mmengine.optim import OptimWrapper
from torch import nn
from torch.utils.data import DataLoader

from .instruments import instrumented, time_gradient_sync
from .memory import forget_peak, peak_memory
from .timeline import Timeline, clock_of


@dataclass
class Trainee:
    """What takes a training step.

    Attributes:
        model: In training mode, possibly wrapped.
        optim_wrapper: Its optimiser.
        device: ``'cpu'``, ``'cuda'`` or ``'cuda:N'``.
    """

    model: nn.Module
    optim_wrapper: OptimWrapper
    device: str

    def step(self, batch: Any) -> None:
        """One step, as the training loop of MMEngine takes it."""
        # The preprocessor may write into the dict.
        batch = dict(batch) if isinstance(batch, dict) else batch
        self.model.train_step(batch, optim_wrapper=self.optim_wrapper)


@dataclass(frozen=True)
class ComputeRate:
    """How fast a model takes batches that are there already.

    Attributes:
        batch_size: Samples in a batch of one process.
        seconds: Time of a step.
        peak: Peak of the memory in bytes: on a GPU what tensors occupy, on
            a CPU the resident set of the process.
        grown: How much of it was not there before the first step.
    """

    batch_size: int
    seconds: float
    peak: int
    grown: int

    @property
    def rate(self) -> float:
        """Samples per second of one process."""
        return self.batch_size / self.seconds


def endless(loader: DataLoader) -> Iterator[Any]:
    """Batches without end, epoch after epoch.

    Args:
        loader: The loader.

    Raises:
        ValueError: If it has no batch.
    """
    if not len(loader):
        raise ValueError(
            f'the training data has no batch of {loader.batch_size}: it has '
            f'{len(loader.dataset)} samples'
        )
    while True:
        yield from loader


def fillable(loader: DataLoader) -> int | None:
    """The largest batch that an epoch of one process can fill.

    Args:
        loader: The loader.

    Returns:
        None for a sampler without end, or one that makes its own batches.
    """
    if isinstance(loader.sampler, InfiniteSampler) or not loader.batch_size:
        return None
    return len(loader.sampler)


def steps_of_epoch(loader: DataLoader, world_size: int) -> float:
    """Steps of one process in which all samples had their turn once.

    Args:
        loader: The loader.
        world_size: Number of processes.
    """
    if isinstance(loader.sampler, InfiniteSampler):
        # Its length is that of all processes, and every batch is full.
        per_step = (loader.batch_size or 1) * world_size
        return len(loader.sampler) / per_step
    return len(loader)


def make_batch(loader: DataLoader, size: int) -> Any:
    """A batch of the first samples, as the loader joins them.

    Args:
        loader: Gives its data set and the way to join samples.
        size: Samples in the batch.
    """
    dataset = loader.dataset
    samples = [dataset[index % len(dataset)] for index in range(size)]
    return loader.collate_fn(samples)


def measure_peak(trainee: Trainee, batch: Any, steps: int) -> int:
    """Peak of the memory during steps, in bytes.

    Args:
        trainee: What is trained.
        batch: Each step's batch.
        steps: How many; at least one.
    """
    forget_peak(trainee.device)
    for _ in range(max(steps, 1)):
        trainee.step(batch)
    return peak_memory(trainee.device)


def measure_compute(
    trainee: Trainee, batches: Mapping[int, Any], turns: Iterable[int]
) -> Iterator[dict[int, float]]:
    """Seconds of a step on a batch that is there already.

    The batches take turns, so that a slow moment of the machine hits all;
    the median of the turns counts.

    Args:
        trainee: What is trained.
        batches: By any key.
        turns: Steps of each turn, with each of them.

    Yields:
        The seconds by key, of all turns so far, after each turn.
    """
    clock = clock_of(trainee.device)
    seconds: dict[int, list[float]] = {key: [] for key in batches}
    for count in turns:
        for key, batch in batches.items():
            start = clock()
            for _ in range(count):
                trainee.step(batch)
            seconds[key].append((clock() - start) / count)
        yield {key: statistics.median(all_) for key, all_ in seconds.items()}


def measure_steps(
    trainee: Trainee,
    loader: DataLoader,
    turns: Iterable[int],
    warmup: int,
    timeline: Timeline,
) -> Iterator[float]:
    """Steps with their loader, plain and with the time of their parts.

    Both kinds take turns. On a GPU a plain step is not waited for, as in a
    training.

    Args:
        trainee: What is trained.
        loader: Where its batches come from.
        turns: Steps of each turn, of each kind.
        warmup: Steps before, which do not count.
        timeline: Takes the times of the parts.

    Yields:
        Mean seconds of all plain steps so far, after each turn.
    """
    clock = clock_of(trainee.device)
    spent, done = 0.0, 0
    time_gradient_sync(trainee.model, timeline)
    with closing(endless(loader)) as batches:
        for _ in range(warmup):
            trainee.step(next(batches))
        for count in turns:
            start = clock()
            for _ in range(count):
                trainee.step(next(batches))
            spent, done = spent + clock() - start, done + count
            with instrumented(trainee.model, trainee.optim_wrapper, timeline):
                for _ in range(count):
                    with timeline.step():
                        with timeline.part('data'):
                            batch = next(batches)
                        trainee.step(batch)
            yield spent / done


def measure_loader(loader: DataLoader, batches: int, warmup: int) -> float:
    """Samples per second of a loader that nobody keeps waiting.

    Args:
        loader: The loader.
        batches: Batches that count.
        warmup: Batches before; at least those that workers make in advance
            are added to them.
    """
    ahead = loader.num_workers * (loader.prefetch_factor or 0)
    samples = 0
    with closing(endless(loader)) as source:
        for _ in range(warmup + ahead):
            next(source)
        start = time.perf_counter()
        for _ in range(batches):
            samples += _length(next(source), loader)
        return samples / (time.perf_counter() - start)


def _length(batch: Any, loader: DataLoader) -> int:
    """Samples in a batch; the last of an epoch can be smaller."""
    if isinstance(batch, dict) and 'inputs' in batch:
        return len(batch['inputs'])
    return loader.batch_size or 1


def after_out_of_memory(trainee: Trainee) -> None:
    """Give back what a failed step has left.

    Args:
        trainee: What was trained.
    """
    trainee.optim_wrapper.zero_grad()
    if trainee.device.startswith('cuda'):
        torch.cuda.empty_cache()
