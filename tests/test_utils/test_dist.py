"""The joined batch, and replicas that are watched over."""

import pytest
import torch
import torch.distributed as dist
from torch import nn

from aclnet_plugin.utils.dist import (
    GatheredBatch,
    _check_sum,
    gather_batch,
    gather_steps,
    mend_replicas,
    require_even_ranks,
)
from tests.ddp import run_ranks


class State(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer('mean', torch.randn(3, 5).double())
        self.register_buffer('counts', torch.arange(6))
        self.register_buffer('seen', torch.tensor([True, False, True]))
        self.register_buffer('epoch', torch.tensor(3))


def gather(rank):
    size = 3
    mine = torch.arange(size) * 2 + rank
    inter = (mine[:, None] * torch.ones(1, 2)).requires_grad_()
    intra = inter.detach() + 0.5
    batch = gather_batch(inter, intra, mine, mine + 10)
    batch.inter.sum().backward()
    return dict(
        inter=batch.inter.detach(),
        intra=batch.intra,
        labels=batch.labels,
        preds=batch.preds,
        grad=inter.grad,
    )


def test_the_joined_batch_has_the_order_of_the_sampler(tmp_path):
    want = torch.arange(6)
    for got in run_ranks(tmp_path, gather):
        assert torch.equal(got['labels'], want)
        assert torch.equal(got['preds'], want + 10)
        assert torch.equal(got['inter'], want[:, None] * torch.ones(1, 2))
        assert torch.equal(got['intra'], got['inter'] + 0.5)
        assert torch.equal(got['grad'], torch.ones(3, 2)), 'own rows live'


def steps_of(rank):
    """Three steps, the last one smaller."""
    g = torch.Generator().manual_seed(rank)
    return [
        GatheredBatch(
            torch.randn(size, 2, generator=g, requires_grad=True),
            torch.randn(size, 3, generator=g),
            torch.randint(0, 400, (size,), generator=g),
            torch.randint(0, 400, (size,), generator=g),
        )
        for size in (3, 3, 1)
    ]


def gather_all(rank):
    """What one collective for all steps brings, and one for each step."""
    found = {}
    with pytest.MonkeyPatch.context() as monkeypatch:
        original, calls = dist.all_gather, []

        def counted(*args, **kwargs):
            calls.append(args)
            return original(*args, **kwargs)

        monkeypatch.setattr(dist, 'all_gather', counted)
        at_once = gather_steps(steps_of(rank))
        found['calls'] = len(calls)
    for step, batch in enumerate(steps_of(rank)):
        for name, part in gather_batch(*batch)._asdict().items():
            found[f'want {step} {name}'] = part.detach()
        for name, part in at_once[step]._asdict().items():
            assert not part.requires_grad
            found[f'got {step} {name}'] = part
    return found


def test_several_steps_with_one_collective(tmp_path):
    first, second = run_ranks(tmp_path, gather_all)
    assert first['calls'] == second['calls'] == 1
    for name, want in first.items():
        if name.startswith('want'):
            got = name.replace('want', 'got')
            assert torch.equal(first[got], want), name
            assert torch.equal(second[got], want), name
    labels = torch.stack([steps_of(rank)[2].labels for rank in range(2)], 1)
    assert torch.equal(first['got 2 labels'], labels.flatten())


def test_the_check_sum_sees_every_bit_at_every_place():
    for dtype, size in ((torch.float64, 70), (torch.float32, 16)):
        data = torch.randn(size, dtype=dtype)
        sums = {int(_check_sum(data))}
        for place in range(size):
            other = data.clone()
            other[place] *= -1
            sums.add(int(_check_sum(other)))
        assert len(sums) == size + 1
        swapped = data.flip(0)
        assert int(_check_sum(swapped)) not in sums
    assert int(_check_sum(torch.randn(9)[1:])) != 0, 'an odd offset'


CHANGES = {
    'mean': lambda state: state.mean[2, 4].mul_(1 + 1e-15),
    'counts': lambda state: state.counts[:2].copy_(torch.tensor([1, 0])),
    'seen': lambda state: state.seen.copy_(state.seen.flip(0).roll(1)),
    'epoch': lambda state: state.epoch.add_(1),
    'nothing': lambda state: None,
}


def diverge(rank):
    """What mend_replicas says and leaves, change by change."""
    found = {}
    for name, change in CHANGES.items():
        torch.manual_seed(0)
        state = State()
        if rank == 1:
            change(state)
        found[f'{name} said'] = mend_replicas(state)
        for key, value in state.state_dict().items():
            found[f'{name} {key}'] = value
        found[f'{name} again'] = mend_replicas(state)
    return found


def test_replicas_that_differ_are_mended(tmp_path):
    torch.manual_seed(0)
    want = State().state_dict()
    for got in run_ranks(tmp_path, diverge):
        for name in CHANGES:
            assert got[f'{name} said'] == (name != 'nothing'), name
            assert not got[f'{name} again']
            for key, value in want.items():
                assert torch.equal(got[f'{name} {key}'], value), (name, key)


def uneven(rank):
    require_even_ranks(7)
    with pytest.raises(ValueError, match=r'\[7, 8\].*round_up=True'):
        require_even_ranks(7 + rank)
    return {}


def test_uneven_ranks_are_refused_on_all_of_them(tmp_path):
    assert len(run_ranks(tmp_path, uneven)) == 2


def test_one_process():
    steps = steps_of(0)
    assert gather_steps(steps) == steps
    assert not mend_replicas(State())
    require_even_ranks(3)
