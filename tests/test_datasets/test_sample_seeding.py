"""Augmentation: random from epoch to epoch, the same whoever loads."""

import random

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, Subset

from aclnet_plugin.datasets.sample_seeding import (
    generators_kept,
    seed_generators,
    seed_samples,
)


class Draws(Dataset):
    """A sample is its index and one number of each generator."""

    def __len__(self):
        return 7

    def __getitem__(self, index):
        return torch.tensor(
            [index, random.random(), np.random.rand(), torch.rand(()).item()],
            dtype=torch.float64,
        )


def epochs(
    seed=3, num_workers=0, persistent=False, batch_size=3, dataset=None
):
    dataset = dataset or Draws()
    loader = DataLoader(
        dataset,
        batch_size,
        num_workers=num_workers,
        persistent_workers=persistent,
    )
    fetch = seed_samples(dataset, seed)
    drawn = []
    for epoch in range(3):
        fetch.epoch.fill_(epoch)
        drawn.append(torch.cat(list(loader)))
    return drawn


def test_epochs_samples_seeds_and_generators_differ():
    drawn = epochs()
    numbers = torch.cat([*drawn, *epochs(seed=4)])[:, 1:]
    assert numbers.unique().numel() == 2 * 3 * 7 * 3
    assert (drawn[0][:, 0] == torch.arange(7)).all()


@pytest.mark.parametrize(
    'others',
    [
        dict(),
        dict(batch_size=5),
        dict(num_workers=1),
        dict(num_workers=2),
        dict(num_workers=2, persistent=True),
    ],
)
def test_workers_and_batches_change_nothing(others):
    torch.manual_seed(8)  # and neither does what was drawn before
    for one, other in zip(epochs(), epochs(**others), strict=True):
        assert torch.equal(one, other)


def test_without_it_workers_repeat_their_epochs():
    """The defect that this is about."""

    def seed_worker(worker):
        seed_generators(worker)

    loader = DataLoader(Draws(), 3, num_workers=1, worker_init_fn=seed_worker)
    first, second = (torch.cat(list(loader)) for _ in range(2))
    assert torch.equal(first, second)


def test_the_main_process_keeps_its_generators():
    def numbers():
        return random.random(), np.random.rand(), torch.rand(()).item()

    seed_generators(1)
    want = [numbers() for _ in range(2)]
    seed_generators(1)
    assert numbers() == want[0]
    dataset = Draws()
    seed_samples(dataset, 0)
    next(iter(DataLoader(dataset, generator=torch.Generator())))
    with generators_kept():
        numbers()
    assert numbers() == want[1]


def test_datasets_that_fetch_batches_themselves():
    """A Subset has a ``__getitems__`` of its own."""
    subset = Subset(Draws(), [5, 1])
    (first, *_) = epochs(dataset=subset)
    assert first[:, 0].tolist() == [5, 1]
    assert not torch.equal(first, epochs(dataset=Subset(Draws(), [5, 1]))[1])


@pytest.mark.parametrize('seed', [0, 2**31, 2**63, -1])
def test_any_seed(seed):
    assert epochs(seed=seed)[0].isfinite().all()
