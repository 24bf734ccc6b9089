"""From measured rates to settings: pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .measuring import ComputeRate

RESERVE = 1.2
"""A loader has to be this much faster than compute, for uneven samples."""
GAIN = 1.05
"""A larger batch has to be this much faster to be worth it."""
ALONE = 20
"""Without workers, loading adds to each step. Not so much if the loader is
this many times as fast as compute."""
WAITING = 0.05
"""Share of a step from which on it deserves a word."""


@dataclass(frozen=True)
class WorkerAdvice:
    """How many workers.

    Attributes:
        num_workers: The smallest number that suffices, else the fastest.
        rate: Samples per second of the loader with it.
        ratio: ``rate`` over the rate of compute.
    """

    num_workers: int
    rate: float
    ratio: float

    @property
    def data_bound(self) -> bool:
        """Whether compute has to wait however many workers there are."""
        return self.ratio < 1


@dataclass(frozen=True)
class BatchAdvice:
    """Which batch size.

    Attributes:
        batch_size: Of one process.
        rate: Samples per second of compute with it.
        may_grow: Whether it is the largest measured and still gained, so
            that a larger one may be faster yet.
    """

    batch_size: int
    rate: float
    may_grow: bool


def advise_workers(
    loader: Mapping[int, float], compute: float
) -> WorkerAdvice | None:
    """The smallest number of workers that keeps compute busy.

    Args:
        loader: Samples per second by number of workers.
        compute: Samples per second.

    Returns:
        None if no loader was measured.
    """
    if not loader:
        return None
    for workers, rate in sorted(loader.items()):
        if rate >= (RESERVE if workers else ALONE) * compute:
            return WorkerAdvice(workers, rate, rate / compute)
    # Where workers do not help at all, the fewest of the fastest.
    workers = max(sorted(loader), key=lambda number: loader[number])
    return WorkerAdvice(workers, loader[workers], loader[workers] / compute)


def advise_batch(rates: Sequence[ComputeRate]) -> BatchAdvice | None:
    """The batch size from which on more samples do not go faster.

    Args:
        rates: What fitted into memory, in any order.

    Returns:
        None without any.
    """
    if not rates:
        return None
    best, *larger = sorted(rates, key=lambda rate: rate.batch_size)
    grew = not larger
    for candidate in larger:
        grew = candidate.rate > GAIN * best.rate
        if not grew:
            break
        best = candidate
    return BatchAdvice(best.batch_size, best.rate, grew)


def overlap_of(step: float, compute: float, load: float) -> float | None:
    """How much of the shorter of loading and computing is hidden.

    1: a step takes as long as the longer of the two; 0: as both together.

    Args:
        step: Seconds of a step with its loader.
        compute: Seconds of a step on a batch that is there.
        load: Seconds in which the loader alone makes a batch.

    Returns:
        Between 0 and 1; None if one of them is too short beside the other
        to tell.
    """
    if min(compute, load) < WAITING * max(compute, load, 1e-9):
        return None
    hidden = (compute + load - step) / min(compute, load)
    return min(max(hidden, 0.0), 1.0)


def say_workers(advice: WorkerAdvice, compute: float) -> str:
    """The advice as a sentence or two.

    Args:
        advice: The advice.
        compute: Samples per second of compute.
    """
    rates = f'{advice.rate:,.1f} samples/s against {compute:,.1f} of compute'
    setting = f'num_workers={advice.num_workers}'
    if advice.data_bound:
        return (
            f'Data is the bottleneck: the loader gives at most {rates}, '
            f'compute could be {1 / advice.ratio:.1f} times as fast. '
            f'{setting} is the fastest; more cores, a cheaper pipeline or a '
            f'store (docs/store.md) help.'
        )
    if not advice.num_workers and advice.ratio < ALONE:
        return (
            f'{setting} is the fastest measured ({rates}), but without '
            f'workers loading adds {1 / advice.ratio:.0%} to each step.'
        )
    if advice.num_workers and advice.ratio < RESERVE:
        return f'{setting} just keeps up: {rates}.'
    return f'{setting} is enough: {rates}.'


def say_batch(
    advice: BatchAdvice,
    current: int,
    world_size: int = 1,
    base: int | None = None,
    lr: float | None = None,
) -> list[str]:
    """The advice as sentences, with a word on the learning rate.

    Args:
        advice: The advice.
        current: Batch size of the config.
        world_size: Number of processes.
        base: ``auto_scale_lr.base_batch_size`` of the config.
        lr: The config's learning rate.
    """
    size = advice.batch_size
    if size < current:
        return [
            f'batch_size={current} can stay: from {size} on, larger batches '
            f'are no more than {GAIN - 1:.0%} faster.'
        ]
    said = [f'batch_size={size}: {advice.rate:,.1f} samples/s.']
    if advice.may_grow:
        said[0] += ' It is the largest measured; a larger one may be faster.'
    elif size == current:
        said[0] += ' As it is.'
    if base:
        factor = size * world_size / base
        if factor != 1:
            scaled = '' if lr is None else f', {lr:g} to {lr * factor:g}'
            said.append(
                f'The learning rate of the config is meant for {base} '
                f'samples per step: --auto-scale-lr multiplies it by '
                f'{factor:g}{scaled}.'
            )
    elif size != current:
        said.append(
            f'The learning rate has to follow, by the linear rule '
            f'{size / current:g} times as large: set '
            f'auto_scale_lr=dict(base_batch_size={current * world_size}) and '
            f'train with --auto-scale-lr.'
        )
    return said


def say_loader(
    advice: WorkerAdvice,
    persistent: bool,
    prefetch: int | None,
    waiting: float,
) -> list[str]:
    """What else helps the loader.

    Args:
        advice: How many workers.
        persistent: Whether the config keeps workers between epochs.
        prefetch: Batches that each worker makes in advance; None for the
            default of 2.
        waiting: Share of a step that is spent on waiting for data.
    """
    if not advice.num_workers:
        return []
    said = []
    if not persistent:
        said.append(
            'persistent_workers=True: workers are not started anew, and the '
            'queue not filled anew, in each epoch.'
        )
    if advice.ratio >= RESERVE and waiting > WAITING:
        said.append(
            f'prefetch_factor={2 * (prefetch or 2)}: the loader is fast '
            f'enough on average, yet {waiting:.0%} of a step is waiting.'
        )
    return said
