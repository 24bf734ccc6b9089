"""Branches run together only while they are what they were built as."""

import copy

import pytest
import torch
import torch.nn.utils.prune
from mmcv.cnn import fuse_conv_bn
from torch import nn

from aclnet_plugin.models.layers import MultiScaleTCN


def unit(**kwargs):
    torch.manual_seed(0)
    model = MultiScaleTCN(16, **kwargs).double()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 2)
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return model


def maps():
    g = torch.Generator().manual_seed(1)
    return torch.randn(4, 16, 9, 25, generator=g, dtype=torch.float64)


def one_by_one(model, x):
    """The unit with every module called by itself."""
    x = torch.cat([x, x.mean(3, keepdim=True)], 3)
    x = torch.cat([branch(x) for branch in model.branches], 1)
    x = x[..., :25] + x[..., 25:] * model.add_coeff[:25]
    return model.bn(model.transform(x))


def pruned(model):
    nn.utils.prune.random_unstructured(model.branches[1][0], 'weight', 0.5)


def normed(model):
    nn.utils.spectral_norm(model.branches[2][0])


def parametrised(model):
    nn.utils.parametrizations.weight_norm(model.branches[0][0])


def grouped(model):
    model.branches[3][1] = nn.GroupNorm(1, 2).double()


def cumulative(model):
    model.branches[4][1].momentum = None


CHANGES = [None, pruned, normed, parametrised, grouped, cumulative]


@pytest.mark.parametrize('train', [True, False], ids=['train', 'eval'])
@pytest.mark.parametrize(
    'change', CHANGES, ids=lambda change: getattr(change, '__name__', 'none')
)
def test_equal(change, train):
    model = unit()
    if change:
        change(model)
    model.train(train)
    twin = copy.deepcopy(model) if change is not pruned else unit()
    if change is pruned:
        torch.nn.utils.prune.custom_from_mask(
            twin.branches[1][0], 'weight', model.branches[1][0].weight_mask
        )
        twin.train(train)
    for _ in range(2):  # a second backward finds a graph that is gone
        found, wanted = model(maps()), one_by_one(twin, maps())
        torch.testing.assert_close(found, wanted)
        for out in (found, wanted):
            out.square().mean().backward()
    for p, q in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad)
    for p, q in zip(model.buffers(), twin.buffers(), strict=True):
        torch.testing.assert_close(p, q)


@torch.no_grad()
def test_hooks_fire():
    model = unit().eval()
    seen = []
    for module in (model.branches[0], model.branches[1][1], model.transform):
        module.register_forward_hook(lambda m, args, out: seen.append(m))
    model(maps())
    assert len(seen) == 3


@torch.no_grad()
def test_folded_by_mmcv():
    model = unit().eval()
    wanted = model(maps())
    torch.testing.assert_close(fuse_conv_bn(model)(maps()), wanted)


@pytest.mark.parametrize('branches', [('1x1', ('max', 3)), ('1x1', (3, 1))])
def test_a_lone_branch_keeps_its_norm(branches):
    model = unit(branches=branches)
    called = []

    class Own(nn.BatchNorm2d):
        def forward(self, x):
            called.append(x)
            return super().forward(x)

    model.branches[1][1].__class__ = Own
    model(maps())
    assert called
