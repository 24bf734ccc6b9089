"""Absent persons share one computation; nothing else changes."""

import copy
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from aclnet_plugin.models import ACLGCN
from aclnet_plugin.models.backbones import acl_gcn


def backbone(dtype=torch.float64, **kwargs):
    torch.manual_seed(0)
    model = ACLGCN(
        graph_cfg=dict(layout='nturgb+d'),
        base_channels=16,
        num_stages=3,
        inflate_stages=(2,),
        down_stages=(3,),
        **kwargs,
    )
    for name, parameter in model.named_parameters():
        if name.endswith(('alpha', 'beta', 'add_coeff')):
            nn.init.constant_(parameter, 0.5)
    return model.to(dtype)


def clips(dtype=torch.float64):
    g = torch.Generator().manual_seed(0)
    x = torch.randn(4, 2, 9, 25, 3, generator=g, dtype=dtype)
    x[0, 1] = x[2, 1] = x[3, 0] = 0
    return x


def rows_of(model, call):
    """Persons that are computed, part by part."""
    seen = []
    run = model._run

    def watched(x, counts=None):
        seen.append(len(x))
        return run(x, counts)

    model._run = watched
    call()
    del model._run
    return seen


def test_training_is_the_same():
    model = backbone(share_absent='never')
    twin = copy.deepcopy(model)
    twin.share_absent = 'auto'
    g = torch.Generator().manual_seed(1)
    probe = torch.randn(4, 2, 32, 5, 25, generator=g, dtype=torch.float64)
    outcomes = []
    for each, rows in ((model, 8), (twin, 6)):

        def step(each=each):
            feats, relation = each(clips())
            ((feats * probe).mean() + relation.square().sum()).backward()
            outcomes.append((feats.detach(), relation.detach()))

        assert rows_of(each, step) == [rows]
    torch.testing.assert_close(*outcomes)
    for p, q in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad, rtol=1e-7, atol=1e-10)
    for p, q in zip(model.buffers(), twin.buffers(), strict=True):
        torch.testing.assert_close(p, q)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_evaluation_is_the_same(dtype):
    model = backbone(dtype).eval()
    outcomes = []
    for choice, rows in (('never', 8), ('auto', 6), ('always', 6)):
        model.share_absent = choice
        with torch.no_grad():
            assert rows_of(
                model, lambda: outcomes.append(model(clips(dtype)))
            ) == [rows]
    for found in outcomes[1:]:
        torch.testing.assert_close(found, outcomes[0])


def test_only_where_it_is_the_same():
    model = backbone().eval()
    assert rows_of(model, lambda: model(clips())) == [8], 'gradients'
    model.train()
    wanted = clips().requires_grad_()
    assert rows_of(model, lambda: model(wanted)) == [8], 'gradient of input'
    model.gcn[1].gcn.bn.momentum = None
    assert rows_of(model, lambda: model(clips())) == [8], 'other norm'


def test_no_other_device_is_asked_in_training():
    model = backbone()
    # What is asked of a tensor; there may be no GPU to hold a real one.
    elsewhere = SimpleNamespace(
        device=torch.device('cuda'), requires_grad=False, is_cuda=False
    )
    assert not model._may_share(elsewhere, evaluates=False)
    model.share_absent = 'always'
    assert model._may_share(elsewhere, evaluates=False)


def test_unknown_choice():
    with pytest.raises(ValueError, match="'always', 'auto' or 'never'"):
        backbone(share_absent='sometimes')


@torch.no_grad()
def test_small_parts_make_no_difference(monkeypatch):
    model = backbone().eval()
    wanted = model(clips())
    monkeypatch.setattr(acl_gcn, 'PERSONS_AT_ONCE', 4)
    assert rows_of(
        model, lambda: torch.testing.assert_close(model(clips()), wanted)
    ) == [4, 2]


@torch.no_grad()
def test_a_hook_sees_every_person():
    model = backbone().eval()
    seen = []
    model.gcn[1].gcn.post.register_forward_hook(
        lambda _, args, out: seen.append(len(out))
    )
    model(clips())
    assert seen == [8]


@torch.no_grad()
def test_statistics_of_the_batch_are_those_of_all_persons(monkeypatch):
    """Norms that adapt to the test data, in a model that evaluates."""
    monkeypatch.setattr(acl_gcn, 'PERSONS_AT_ONCE', 4)
    model = backbone().eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.train()
    assert rows_of(model, lambda: model(clips())) == [8]
