"""Batches of P identities with K samples each."""

from collections import Counter

import numpy as np
import pytest
import torch
from mmaction.registry import DATA_SAMPLERS
from mmengine.dataset import (
    BaseDataset,
    ClassBalancedDataset,
    ConcatDataset,
    RepeatDataset,
)
from torch.utils.data import DataLoader

from aclnet_plugin.datasets import RandomIdentitySampler
from aclnet_plugin.datasets.samplers import random_identity_sampler
from aclnet_plugin.engine.runner.resumable_train_loop import (
    batches_from,
    sampler_of,
)
from tests.ddp import run_ranks


class Labels(BaseDataset):
    """A dataset that is nothing but labels."""

    def __init__(self, labels):
        self.labels = list(map(int, labels))
        super().__init__(serialize_data=False)

    def load_data_list(self):
        return [dict(label=label) for label in self.labels]

    def __getitem__(self, index):
        return index

    def get_cat_ids(self, index):
        return [self.labels[index]]


def uneven():
    """Ten identities with 1 to 40 samples, in no order."""
    rng = np.random.default_rng(0)
    sizes = [1, 3, 4, 5, 8, 12, 16, 25, 33, 40]
    return Labels(rng.permutation(np.repeat(np.arange(10) * 7, sizes)))


def make(dataset=None, batch_size=12, num_instances=4, seed=5):
    dataset = uneven() if dataset is None else dataset
    return RandomIdentitySampler(dataset, batch_size, num_instances, seed)


def batches_of(sampler):
    indices = list(sampler)
    size = sampler.batch_size
    return [indices[i : i + size] for i in range(0, len(indices), size)]


@pytest.mark.parametrize(
    ('batch_size', 'num_instances'),
    [(12, 4), (8, 4), (10, 1), (2, 2), (40, 4), (30, 3), (6, 6)],
)
def test_every_batch_is_p_times_k(batch_size, num_instances):
    dataset = uneven()
    sampler = make(dataset, batch_size, num_instances)
    assert len(sampler) == len(dataset) // batch_size * batch_size
    assert len(list(sampler)) == len(sampler)
    for batch in batches_of(sampler):
        counts = Counter(dataset.labels[index] for index in batch)
        assert len(counts) == batch_size // num_instances
        assert set(counts.values()) == {num_instances}
        for label in counts:
            owned = dataset.labels.count(label)
            drawn = {i for i in batch if dataset.labels[i] == label}
            # No sample twice, unless there are too few.
            assert len(drawn) == min(owned, num_instances)


def test_identities_and_their_samples_take_turns():
    dataset = uneven()
    sampler = make(dataset)
    for epoch in range(20):
        sampler.set_epoch(epoch)
        indices = list(sampler)
        turns = Counter(dataset.labels[index] for index in indices)
        assert max(turns.values()) - min(turns.values()) <= 4
        times = Counter(indices)
        for label in turns:
            if dataset.labels.count(label) >= 4:
                each = [
                    times[index]
                    for index, other in enumerate(dataset.labels)
                    if other == label
                ]
                assert max(each) - min(each) <= 1


def test_balanced_data_are_seen_almost_completely():
    """As in CASIA-B, but for its size: 74 identities, 110 samples each."""
    dataset = Labels(np.repeat(np.arange(74), 22))
    seen = set(make(dataset, 64, 4))
    assert len(seen) > 0.9 * len(dataset)


def test_few_samples_are_repeated_at_random():
    dataset = Labels([0] * 2 + [1] * 40)
    sampler = make(dataset, 10, 5)
    kinds = set()
    for epoch in range(10):
        sampler.set_epoch(epoch)
        for batch in batches_of(sampler):
            kinds.add(tuple(sorted(i for i in batch if i < 2)))
    # Both are always there; the other three are drawn with replacement.
    assert kinds == {
        (0,) * zeros + (1,) * (5 - zeros) for zeros in range(1, 5)
    }


def test_seed_and_epoch_decide():
    sampler, other = make(), make()
    first = list(sampler)
    assert list(sampler) == first == list(other)
    sampler.set_epoch(1)
    assert list(sampler) != first
    assert list(make(seed=6)) != first
    # The global generators are neither used nor disturbed.
    np.random.seed(3)
    torch.manual_seed(3)
    sampler.set_epoch(0)
    assert list(sampler) == first
    expected = np.random.RandomState(3).rand()
    assert np.random.rand() == expected


def pretend(monkeypatch, rank, world_size):
    monkeypatch.setattr(
        random_identity_sampler, 'get_dist_info', lambda: (rank, world_size)
    )


@pytest.mark.parametrize('world_size', [2, 3, 5])
def test_ranks_get_whole_batches(monkeypatch, world_size):
    alone = batches_of(make())
    dealt = []
    for rank in range(world_size):
        pretend(monkeypatch, rank, world_size)
        sampler = make()
        assert len(sampler) == len(alone) // world_size * 12
        dealt.append(batches_of(sampler))
    assert {len(part) for part in dealt} == {len(alone) // world_size}
    together = [batch for step in zip(*dealt, strict=True) for batch in step]
    assert together == alone[: len(together)]


def _of_rank(rank, epoch):
    # No seed: the processes have to agree on one.
    sampler = RandomIdentitySampler(uneven(), 12, 4)
    sampler.set_epoch(epoch)
    return dict(seed=sampler.seed, indices=list(sampler), length=len(sampler))


def test_two_processes(tmp_path):
    parts = run_ranks(tmp_path, _of_rank, 2)
    assert parts[0]['seed'] == parts[1]['seed']
    assert [part['length'] for part in parts] == [72, 72]
    alone = make(seed=parts[0]['seed'])
    alone.set_epoch(2)
    expected = batches_of(alone)
    for rank, part in enumerate(parts):
        flat = [i for batch in expected[rank:12:2] for i in batch]
        assert part['indices'] == flat


def test_an_epoch_can_be_continued():
    dataset = uneven()
    loader = DataLoader(dataset, batch_size=12, sampler=make(dataset))
    assert isinstance(sampler_of(loader), RandomIdentitySampler)
    assert sampler_of(loader).seed == 5
    whole = [batch.tolist() for batch in loader]
    tail = [batch.tolist() for batch in batches_from(loader, 5)]
    assert len(whole) == 12 and tail == whole[5:]
    assert loader.batch_sampler.sampler is loader.sampler


def test_is_registered_as_the_runner_builds_it():
    config = dict(type='RandomIdentitySampler', batch_size=12, num_instances=4)
    built = DATA_SAMPLERS.build(
        config, default_args=dict(dataset=uneven(), seed=5)
    )
    assert list(built) == list(make())


def test_wrapped_datasets():
    balanced = ClassBalancedDataset(uneven(), oversample_thr=0.1)
    assert len(balanced) > len(uneven())
    for batch in batches_of(make(balanced)):
        labels = Counter(balanced.get_cat_ids(i)[0] for i in batch)
        assert set(labels.values()) == {4}
    for wrapped in (
        ConcatDataset([uneven(), uneven()]),
        RepeatDataset(uneven(), 2),
        [1, 2, 3],
    ):
        name = type(wrapped).__name__
        with pytest.raises(TypeError, match=f'a {name} does not tell'):
            make(wrapped)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(batch_size=0), 'batch_size is 0; it must be an integer'),
        (dict(batch_size=12.0), r'batch_size is 12\.0'),
        (dict(batch_size='12'), "batch_size is '12'"),
        (dict(num_instances=0), 'num_instances is 0'),
        (dict(num_instances=True), 'num_instances is True'),
        (dict(batch_size=13), 'batch_size=13 is not a multiple'),
        (dict(num_instances=24), 'batch_size=12 is not a multiple'),
        (dict(batch_size=44), '11 identities per batch.*has 10'),
        (dict(batch_size=12, num_instances=1), '12 identities.*has 10'),
        (dict(dataset=Labels([0, 1])), '2 samples do not fill|3 identities'),
        (
            dict(dataset=Labels([0, 1, 2])),
            '3 samples do not fill a batch of 12',
        ),
        (dict(dataset=Labels([])), 'has 0'),
    ],
)
def test_impossible_settings(change, message):
    with pytest.raises(ValueError, match=message):
        make(**change)


def test_too_few_samples_for_the_processes(monkeypatch):
    pretend(monkeypatch, 0, 13)
    with pytest.raises(ValueError, match='in each of 13 processes'):
        make()


def test_several_labels():
    dataset = Labels([0, 1])
    dataset.get_cat_ids = lambda index: [0, 1]
    with pytest.raises(ValueError, match='sample 0 has 2 labels'):
        make(dataset)
