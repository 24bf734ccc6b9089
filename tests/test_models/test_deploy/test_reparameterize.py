"""The form for deployment gives what the trained model gives."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.utils.prune
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope
from torch import nn

from aclnet_plugin.models import ACLGCN
from aclnet_plugin.models.deploy import reparameterize
from tests.golden import GoldenCase
from tests.test_models.test_backbones.test_acl_gcn import CASES, build


def trained(dtype=torch.float32, **kwargs):
    """A small backbone of which no value is as at the start."""
    np.random.seed(0)
    torch.manual_seed(0)
    defaults = dict(
        graph_cfg=dict(layout='nturgb+d'),
        base_channels=16,
        num_stages=3,
        inflate_stages=(2,),
        down_stages=(3,),
    )
    model = ACLGCN(**defaults | kwargs)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
        for name, buffer in model.named_buffers():
            if name.endswith('mean'):
                buffer.normal_()
            elif name.endswith('var'):
                buffer.uniform_(0.5, 2)
    return model.to(dtype).eval()


@pytest.mark.parametrize(
    'branches',
    [
        ((3, 1), (3, 2), (3, 3), (3, 4), ('max', 3), '1x1'),
        ('1x1', ('max', 5), (5, 2)),
        ('1x1',),
        (('max', 3),),
    ],
)
@torch.no_grad()
def test_equal_outputs(branches):
    model = trained(torch.float64, tcn_ms_cfg=branches)
    fast = reparameterize(model)
    x = torch.randn(2, 2, 9, 25, 3, dtype=torch.float64)
    x[1, 1] = 0
    torch.testing.assert_close(fast(x), model(x), rtol=1e-9, atol=1e-9)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in fast.modules())


@pytest.mark.parametrize('name', CASES)
@torch.no_grad()
def test_golden_outputs(name):
    case = GoldenCase(name)
    model = build(case.config)
    model.load_state_dict(case.state())
    feats, relation = reparameterize(model)(case['input/x'])
    case.compare('eval/feat', feats)
    case.compare('eval/graph', relation)


@torch.no_grad()
def test_full_width_in_float32():
    """To 1e-5 of the largest value."""
    model = trained(base_channels=96, num_stages=2)
    x = torch.randn(1, 2, 16, 25, 3)
    for found, wanted in zip(reparameterize(model)(x), model(x), strict=True):
        assert (found - wanted).abs().max() < 1e-5 * wanted.abs().max()


def test_the_trained_model_stays_as_it_is():
    model = trained().train()
    before = copy.deepcopy(model.state_dict())
    reparameterize(model)
    assert model.training
    assert all(p.requires_grad for p in model.parameters())
    assert model.state_dict().keys() == before.keys()
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_only_for_evaluation():
    fast = reparameterize(trained())
    assert not fast.training
    assert not any(p.requires_grad for p in fast.parameters())
    x = torch.randn(2, 2, 9, 25, 3)
    wanted = fast(x)[0]
    with pytest.raises(RuntimeError, match='can only evaluate'):
        fast.train()
    torch.testing.assert_close(fast(x)[0], wanted)


@torch.no_grad()
def test_computed_weights():
    model = trained(torch.float64)
    gcn, tcn = model.gcn[1].gcn, model.gcn[1].tcn
    for conv in (gcn.pre[0], gcn.post, gcn.conv1, tcn.branches[1][3].conv):
        nn.utils.parametrizations.weight_norm(conv)
        conv.parametrizations.weight.original0.mul_(1.5)
    x = torch.randn(2, 2, 9, 25, 3, dtype=torch.float64)
    fast = reparameterize(model)
    torch.testing.assert_close(fast(x), model(x), rtol=1e-9, atol=1e-9)


def test_layers_that_cannot_be_folded_are_named():
    model = trained()
    nn.utils.prune.l1_unstructured(model.gcn[1].gcn.post, 'weight', 0.5)
    with pytest.raises(ValueError, match=r'gcn\.1\.gcn\.post has hooks'):
        reparameterize(nn.Sequential(model))
    model = trained()
    model.gcn[0].tcn.bn = nn.BatchNorm2d(16, track_running_stats=False)
    with pytest.raises(ValueError, match=r'gcn\.0\.tcn\.bn keeps no running'):
        reparameterize(model)


def test_a_recogniser():
    init_default_scope('mmaction')
    model = MODELS.build(
        dict(
            type='RecognizerGCN',
            backbone=dict(
                type='ACLGCN',
                graph_cfg=dict(layout='nturgb+d'),
                base_channels=16,
                num_stages=1,
            ),
            cls_head=dict(
                type='ACLHead', num_classes=4, in_channels=16, relation_dim=625
            ),
        )
    ).eval()
    x = torch.randn(2, 1, 2, 8, 25, 3)
    with torch.no_grad():
        torch.testing.assert_close(
            reparameterize(model)(x, stage='head'), model(x, stage='head')
        )


def test_what_cannot_be_converted_is_explained():
    with pytest.raises(ValueError, match='Linear contains no ACLGCN'):
        reparameterize(nn.Linear(2, 2))
    with pytest.raises(ValueError, match='already been re-parameterised'):
        reparameterize(reparameterize(trained()))
