"""Batch norms called together, and rows that count more than once."""

import copy

import pytest
import torch
from torch import nn

from aclnet_plugin.models.layers.norms import _CountedNorm, norm, norms


def drawn_norms(*widths):
    g = torch.Generator().manual_seed(0)
    modules = [nn.BatchNorm2d(width) for width in widths]
    for module in modules:
        nn.init.uniform_(module.weight, 0.5, 2, generator=g)
        nn.init.normal_(module.bias, generator=g)
        module.running_mean.normal_(generator=g)
        module.running_var.uniform_(0.5, 2, generator=g)
    return modules


def maps(rows=4, channels=6):
    g = torch.Generator().manual_seed(1)
    return torch.randn(rows, channels, 3, 2, generator=g).double() + 1


def one_by_one(x, modules):
    parts = x.split([module.num_features for module in modules], 1)
    return torch.cat([m(p) for m, p in zip(modules, parts, strict=True)], 1)


def assert_same(found, wanted):
    for one, other in zip(found, wanted, strict=True):
        for name, value in other.state_dict().items():
            torch.testing.assert_close(one.state_dict()[name], value)
        for p, q in zip(one.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(p.grad, q.grad)


def frozen(module):
    module.eval()


def slower(module):
    module.momentum = 0.01


def cumulative(module):
    module.momentum = None


def wider(module):
    module.eps = 0.1


@pytest.mark.parametrize('train', [True, False])
@pytest.mark.parametrize(
    'change',
    [None, frozen, slower, cumulative, wider],
    ids=lambda change: getattr(change, '__name__', 'alike'),
)
def test_together_is_one_by_one(train, change):
    modules = [m.double().train(train) for m in drawn_norms(1, 3, 2)]
    if change:
        change(modules[1])
    twins = copy.deepcopy(modules)
    x, y = (maps().requires_grad_() for _ in range(2))
    found, wanted = norms(x, modules), one_by_one(y, twins)
    torch.testing.assert_close(found, wanted)
    weight = torch.arange(found.numel()).view(found.shape).double().sin()
    for out in (found, wanted):
        (out * weight).sum().backward()
    torch.testing.assert_close(x.grad, y.grad)
    assert_same(modules, twins)


def test_another_kind_is_called_itself():
    class Doubled(nn.BatchNorm2d):
        def forward(self, x):
            return 2 * super().forward(x)

    modules = drawn_norms(2, 2)
    modules[1].__class__ = Doubled
    x = maps(channels=4).float()
    found = norms(x, copy.deepcopy(modules))
    torch.testing.assert_close(found, one_by_one(x, modules))


@pytest.mark.parametrize('kind', [nn.BatchNorm1d, nn.BatchNorm2d])
def test_counted_rows_are_repeated_rows(kind):
    (module,) = drawn_norms(3)
    module = module.double()
    module.__class__ = kind
    twin = copy.deepcopy(module)
    counts = torch.tensor([1.0, 3.0, 1.0])
    place = torch.tensor([1, 0, 1, 2, 1])
    x, y = (maps(3, 3).requires_grad_() for _ in range(2))
    rows, others = (
        t.flatten(2) if kind is nn.BatchNorm1d else t for t in (x, y)
    )
    found = norm(module, rows, counts)[place]
    wanted = twin(others[place])
    torch.testing.assert_close(found, wanted)
    weight = torch.arange(found.numel()).view(found.shape).double().sin()
    for out in (found, wanted):
        (out * weight).sum().backward()
    torch.testing.assert_close(x.grad, y.grad)
    assert_same([module], [twin])


def test_counts_mean_nothing_in_evaluation():
    (module,) = drawn_norms(3)
    x = maps(3, 3).float()
    counts = torch.tensor([1.0, 3.0, 1.0])
    wanted = module.eval()(x)
    torch.testing.assert_close(norm(module, x, counts), wanted)
    assert module.num_batches_tracked == 0


def test_gradient_of_the_counted_norm():
    counts = torch.tensor([1.0, 4.0, 2.0], dtype=torch.float64)
    inputs = [maps(3, 2), torch.rand(2).double() + 0.5, torch.rand(2).double()]
    assert torch.autograd.gradcheck(
        lambda *args: _CountedNorm.apply(*args, counts, 1e-5)[0],
        [value.requires_grad_() for value in inputs],
    )


def test_statistics_are_float32_under_autocast():
    (module,) = drawn_norms(3)
    twin = copy.deepcopy(module)
    counts = torch.tensor([1.0, 3.0, 1.0])
    x = maps(3, 3).bfloat16().requires_grad_()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found = norm(module, x, counts)
    assert found.dtype == torch.bfloat16
    found.float().square().sum().backward()
    assert torch.isfinite(x.grad).all()
    twin(x.detach().float()[[0, 1, 1, 1, 2]])
    torch.testing.assert_close(module.running_mean, twin.running_mean)
    torch.testing.assert_close(module.running_var, twin.running_var)
