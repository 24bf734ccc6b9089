"""Two processes that gather every three steps share one state."""

import copy

import pytest
import torch

from aclnet_plugin.compat import ACLDistributedDataParallel
from aclnet_plugin.models.affinity import AffinityState
from aclnet_plugin.utils.dist import GatheredBatch, mend_replicas
from tests.ddp import run_ranks
from tests.test_models.test_heads.test_acl_head_ranks import (
    Collectives,
    Trainee,
)

INTERVAL, EPOCHS = 3, 4
SIZES = (10, 10, 10, 10, 10, 10, 6)
"""Samples of the seven steps of an epoch: the last batch is smaller."""


def data(epoch):
    g = torch.Generator().manual_seed(epoch)
    for size in SIZES:
        x = torch.randn(size, 6, generator=g)
        yield x, torch.randint(0, 5, (size,), generator=g)


def enter(state, epoch):
    state.set_epoch(
        epoch, counting=epoch >= 2, scoring=epoch >= 3, rebuild=epoch >= 3
    )


def train(rank, behaviour):
    """All phases; keeps each batch, and the state after each gather."""
    found, batches, states = {}, [], []
    model = Trainee(behaviour, gather_interval=INTERVAL)
    state = model.head.affinity
    postpone, flush = AffinityState.postpone, AffinityState.flush

    def noted_postpone(state, batch):
        batches.append([t.detach().clone() for t in batch])
        postpone(state, batch)

    def noted_flush(state):
        waits = len(state.pending)
        flush(state)
        if waits:
            taken_in = len(batches)
            states.append((taken_in, copy.deepcopy(state.state_dict())))

    wrapped = ACLDistributedDataParallel(
        module=model, find_unused_parameters=True
    )
    optimizer = torch.optim.SGD(wrapped.parameters(), lr=0.1, momentum=0.9)
    sent = []
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(AffinityState, 'postpone', noted_postpone)
        monkeypatch.setattr(AffinityState, 'flush', noted_flush)
        for epoch in range(1, EPOCHS + 1):
            enter(state, epoch)
            for x, labels in data(epoch):
                with pytest.MonkeyPatch.context() as counting:
                    counted = Collectives(counting).sent
                    losses = wrapped(x[rank::2], labels[rank::2])
                sent.append(sum(counted))
                assert len(counted) <= 1
                optimizer.zero_grad()
                sum(losses.values()).backward()
                optimizer.step()
            state.flush()
    assert not mend_replicas(model), 'weights and state'
    model.eval()
    if rank == 0:
        model(x, labels)  # alone: rank 1 has left
    for number, batch in enumerate(batches):
        found[f'batch {number}'] = batch
    return found | dict(
        sent=sent,
        states=states,
        model=model.state_dict(),
        losses=[float(value) for value in losses.values()],
    )


@pytest.mark.parametrize('behaviour', ['paper', 'release'])
def test_the_state_is_that_of_single_steps(behaviour, tmp_path):
    first, second = run_ranks(tmp_path, train, behaviour)
    steps = len(SIZES)
    # Rows of an epoch's gathers: two after three steps, and what is left.
    row = 4 * (8 + 8 + 2)
    want = [0, 0, 15 * row, 0, 0, 15 * row, 0] * EPOCHS
    assert first['sent'] == second['sent'] == want
    for key, value in first['model'].items():
        assert torch.equal(value, second['model'][key]), key
    assert min(first['losses']) > 0, 'all losses have acted'

    naive = Trainee(behaviour).head.affinity
    states = dict(first['states'])
    others = dict(second['states'])
    assert list(states) == list(others)
    assert len(states) == 3 * EPOCHS
    for number in range(steps * EPOCHS):
        if number % steps == 0:
            enter(naive, number // steps + 1)
        ranks = first[f'batch {number}'], second[f'batch {number}']
        joined = [
            torch.stack(parts, 1).flatten(0, 1)
            for parts in zip(*ranks, strict=True)
        ]
        naive.observe(*GatheredBatch(*joined))
        if number + 1 in states:
            for key, value in naive.state_dict().items():
                assert torch.equal(states[number + 1][key], value), key
                assert torch.equal(others[number + 1][key], value), key
    assert naive.families.member.any()
