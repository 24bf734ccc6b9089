"""Two processes with batch B equal one process with batch 2B."""

import copy

import pytest
import torch
from mmengine.dist import all_reduce_params

from aclnet_plugin.compat import ACLDistributedDataParallel
from aclnet_plugin.models import ACLHead
from tests.ddp import run_ranks

STEPS = 12


class Trainee(torch.nn.Module):
    """A head behind one layer, so that gradients pass through both."""

    def __init__(self, behaviour):
        super().__init__()
        torch.manual_seed(0)
        self.layer = torch.nn.Linear(6, 9)
        self.classify = torch.nn.Linear(6, 5)
        self.head = ACLHead(
            5, 4, relation_dim=9, embed_dim=8, bank_size=22,
            behaviour=behaviour,
            families=dict(top_k=2, overlap_threshold=1),
        )  # fmt: skip

    def forward(self, x, labels):
        scores = self.classify(x)
        losses = self.head.contrastive_losses(
            self.layer(x), labels, scores.detach().argmax(1)
        )
        losses['loss_cls'] = torch.nn.functional.cross_entropy(scores, labels)
        return losses


def data(size):
    g = torch.Generator().manual_seed(1)
    x = torch.randn(STEPS, size, 6, generator=g)
    return x, torch.randint(0, 5, (STEPS, size), generator=g)


def train(rank, behaviour, world_size):
    size = 8
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
    share = size // world_size
    own = slice(rank * share, (rank + 1) * share)
    logged = []
    for step, (x, labels) in enumerate(zip(*data(size), strict=True)):
        if step % 3 == 0:
            epoch = step // 3 + 1
            state.set_epoch(
                epoch,
                counting=epoch >= 2,
                scoring=epoch >= 3,
                rebuild=epoch >= 3,
            )
        losses = wrapped(x[own], labels[own])
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
        logged.append(
            torch.stack([losses['loss_inter'], losses['loss_intra']]).detach()
        )
        if world_size > 1 and step % 3 == 2:
            # What MMAction2's SyncBuffersHook does after every epoch.
            all_reduce_params(wrapped.buffers(), op='mean')
    return dict(
        losses=torch.stack(logged),
        state=copy.deepcopy(model.state_dict()),
    )


@pytest.mark.parametrize('behaviour', ['paper', 'release'])
def test_two_ranks_equal_one_process(behaviour, tmp_path):
    want = train(0, behaviour, 1)
    ranks = run_ranks(tmp_path, train, behaviour, 2)
    assert want['losses'][-1].min() > 0, 'both losses have acted'
    assert want['state']['head.affinity.families.member'].any()
    for got in ranks:
        torch.testing.assert_close(got['losses'], want['losses'])
        for key, value in want['state'].items():
            if value.is_floating_point():
                torch.testing.assert_close(
                    got['state'][key], value, atol=1e-5, rtol=1e-5, msg=key
                )
            else:
                assert torch.equal(got['state'][key], value), key
    first, second = (got['state'] for got in ranks)
    for key, value in first.items():
        assert torch.equal(value, second[key]), key
