"""Random numbers of a sample that depend on seed, epoch and sample alone."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset, get_worker_info


def seed_generators(*key: int) -> int:
    """Seed the global generators of Python, NumPy and PyTorch (CPU).

    Takes some 20 microseconds. ``torch.manual_seed`` alone takes ten times
    as long, because it reaches for every kind of accelerator.

    Args:
        *key: Integers from 0; different keys give unrelated streams.

    Returns:
        A 64-bit seed from the same key, for the generators of accelerators.
    """
    words = np.random.SeedSequence(key).generate_state(8)
    random.seed(words[:2].tobytes())
    np.random.seed(words[2:6])
    seed = int(words[6]) << 32 | int(words[7])
    torch.default_generator.manual_seed(seed)
    return seed


@contextmanager
def generators_kept() -> Iterator[None]:
    """Leave the global generators as they were found."""
    python, numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)


class SeededFetch:
    """Fetches the samples of a dataset, each with generators of its own.

    MMEngine seeds a data worker when it starts. Without persistent workers
    that is every epoch, with the same seed, so that all epochs are augmented
    alike; with them, the augmentation depends on all that was drawn before,
    and a resumed training continues differently. Derived from seed, epoch
    and sample it is random from epoch to epoch, the same with any number of
    workers and ranks, and reproduced by a resumed training without anything
    to save.

    An instance stands in for ``dataset.__getitems__``, PyTorch's protocol
    for fetching a batch. It sits on the outermost dataset, whose indices
    tell the copies of a repeated sample apart.

    Args:
        dataset: The dataset.
        seed: Seed of the training.

    Attributes:
        epoch: 0-based epoch ``()`` int64, in shared memory: persistent
            workers read what the main process writes.
    """

    def __init__(self, dataset: Dataset, seed: int) -> None:
        self.dataset = dataset
        self.seed = seed % 2**64
        self.epoch = torch.zeros((), dtype=torch.int64).share_memory_()

    def __call__(self, indices: Sequence[int]) -> list[Any]:
        """Fetch a batch."""
        if get_worker_info() is not None:
            return self._fetch(indices)
        # In the main process the generators belong to model and Runner.
        with generators_kept():
            return self._fetch(indices)

    def _fetch(self, indices: Sequence[int]) -> list[Any]:
        epoch = int(self.epoch)
        samples = []
        for index in indices:
            seed_generators(self.seed, epoch, int(index))
            samples.append(self.dataset[index])
        return samples


def seed_samples(dataset: Dataset, seed: int) -> SeededFetch:
    """Make every loader of a dataset draw as :class:`SeededFetch` says.

    Has to happen before the loader starts its workers.

    Args:
        dataset: The outermost dataset of a loader, changed in place.
        seed: Seed of the training.

    Returns:
        The fetcher; set its ``epoch`` before each epoch.
    """
    fetch = SeededFetch(dataset, seed)
    dataset.__getitems__ = fetch
    return fetch
