"""R processes with batch B equal one process with batch R * B."""

import copy

import pytest
import torch
import torch.distributed as dist
from mmengine.dist import all_reduce_params

from aclnet_plugin.compat import ACLDistributedDataParallel
from aclnet_plugin.engine.hooks.sync_buffers_hook import differing_buffers
from aclnet_plugin.models import ACLHead
from aclnet_plugin.utils.dist import mend_replicas
from tests.ddp import run_ranks

STEPS = 12
SIZES = (12, 12, 6)
"""Samples of the three steps of an epoch: the last batch is smaller."""


class Trainee(torch.nn.Module):
    """A head behind one layer, so that gradients pass through both."""

    def __init__(self, behaviour, **head):
        super().__init__()
        torch.manual_seed(0)
        self.layer = torch.nn.Linear(6, 9)
        self.classify = torch.nn.Linear(6, 5)
        self.head = ACLHead(
            5, 4, relation_dim=9, embed_dim=8, bank_size=22,
            behaviour=behaviour,
            families=dict(top_k=2, overlap_threshold=1), **head,
        )  # fmt: skip

    def forward(self, x, labels):
        scores = self.classify(x)
        losses = self.head.contrastive_losses(
            self.layer(x), labels, scores.detach().argmax(1)
        )
        losses['loss_cls'] = torch.nn.functional.cross_entropy(scores, labels)
        return losses


def data():
    g = torch.Generator().manual_seed(1)
    for step in range(STEPS):
        size = SIZES[step % 3]
        x = torch.randn(size, 6, generator=g)
        yield x, torch.randint(0, 5, (size,), generator=g)


class Collectives:
    """Counts what a rank sends to the others within the head."""

    def __init__(self, monkeypatch):
        self.sent = []
        original = dist.all_gather

        def counted(parts, data, *args, **kwargs):
            self.sent.append(data.numel() * data.element_size())
            return original(parts, data, *args, **kwargs)

        monkeypatch.setattr(dist, 'all_gather', counted)
        for name in ('all_reduce', 'broadcast', 'all_gather_object'):
            monkeypatch.setattr(dist, name, None)


def train(rank, behaviour, world_size):
    """Three epochs and one: warm-up, counting, active, active."""
    model = Trainee(behaviour)
    state = model.head.affinity
    wrapped = model
    if world_size > 1:
        wrapped = ACLDistributedDataParallel(
            module=model, find_unused_parameters=True
        )
    optimizer = torch.optim.SGD(
        wrapped.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4
    )
    logged = []
    for step, (x, labels) in enumerate(data()):
        if step % 3 == 0:
            epoch = step // 3 + 1
            state.set_epoch(
                epoch,
                counting=epoch >= 2,
                scoring=epoch >= 3,
                rebuild=epoch >= 3,
            )
        # As MMEngine's samplers deal the samples out.
        losses = wrapped(x[rank::world_size], labels[rank::world_size])
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
        logged.append(
            torch.stack([losses['loss_inter'], losses['loss_intra']]).detach()
        )
        if world_size > 1 and step % 3 == 2:
            everything_but_the_state = differing_buffers(wrapped, [state])
            assert not everything_but_the_state
            assert not mend_replicas(state), 'equal without any help'
            if world_size == 2:
                # What MMEngine's own SyncBuffersHook does; halves are exact.
                all_reduce_params(wrapped.buffers(), op='mean')
    return dict(
        losses=torch.stack(logged),
        state=copy.deepcopy(model.state_dict()),
    )


@pytest.mark.parametrize('world_size', [2, 3])
@pytest.mark.parametrize('behaviour', ['paper', 'release'])
def test_ranks_equal_one_process(behaviour, world_size, tmp_path):
    want = train(0, behaviour, 1)
    ranks = run_ranks(
        tmp_path, train, behaviour, world_size, world_size=world_size
    )
    assert want['losses'][-1].min() > 0, 'both losses have acted'
    assert want['state']['head.affinity.families.member'].any()
    for got in ranks:
        torch.testing.assert_close(
            got['losses'], want['losses'], atol=1e-5, rtol=1e-5
        )
        for key, value in want['state'].items():
            if value.is_floating_point():
                torch.testing.assert_close(
                    got['state'][key], value, atol=1e-5, rtol=1e-5, msg=key
                )
            else:
                # Counts, families, and labels in the order of the bank.
                assert torch.equal(got['state'][key], value), key
    first, *others = (got['state'] for got in ranks)
    for other in others:
        for key, value in first.items():
            assert torch.equal(value, other[key]), key


def steps_of_all_phases(rank, behaviour):
    """Bytes that a rank sends, step by step; nothing in evaluation."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        sent = Collectives(monkeypatch).sent
        model = Trainee(behaviour)
        for step, (x, labels) in enumerate(data()):
            epoch = step // 3 + 1
            model.head.affinity.set_epoch(
                epoch, epoch >= 2, epoch >= 3, epoch >= 3
            )
            model(x[rank::2], labels[rank::2])
        model.eval()
        if rank == 0:
            model(x, labels)  # alone: rank 1 has left
        return dict(sent=torch.tensor(sent))


@pytest.mark.parametrize('behaviour', ['paper', 'release'])
def test_one_collective_in_each_step(behaviour, tmp_path):
    width = 8 + 8 + 2
    want = [4 * size // 2 * width for size in SIZES] * (STEPS // 3)
    for got in run_ranks(tmp_path, steps_of_all_phases, behaviour):
        assert got['sent'].tolist() == want
