"""Each backbone trains and predicts under the same head."""

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from torch import nn

from aclnet_plugin.structures import get_layout
from tests.test_models.test_heads.test_no_synchronisation import Watch

SMALL = dict(
    base_channels=8, num_stages=2, inflate_stages=[2], down_stages=[2]
)
# As stock backbones take it; the others do so, too.
STOCK = dict(layout=get_layout('kinect_v1').to_graph_dict(), mode='spatial')
OURS = dict(layout='kinect_v1')
STGCNPP = dict(gcn_adaptive='init', gcn_with_res=True, tcn_type='mstcn')
BACKBONES = {
    'ST-GCN': dict(type='STGCN', graph_cfg=STOCK | dict(mode='stgcn_spatial')),
    'ST-GCN++': dict(type='STGCN', graph_cfg=STOCK, **STGCNPP),
    'AAGCN': dict(type='AAGCN', graph_cfg=STOCK),
    'AAGCN, VC': dict(type='AAGCN', graph_cfg=STOCK, data_bn_type='VC'),
    'ACLGCN': dict(type='ACLGCN', graph_cfg=OURS, share_absent='never'),
    'CTR-GCN': dict(type='CTRGCNet', graph_cfg=STOCK),
    'CTR-GCN, topology': dict(
        type='CTRGCNet', graph_cfg=OURS, relation='topology'
    ),
    'MS-G3D': dict(type='MSG3DNet', graph_cfg=OURS),
}
TOPOLOGY = ('ACLGCN', 'CTR-GCN, topology')
every_backbone = pytest.mark.parametrize('name', BACKBONES)


def recognizer(name, head='ACLHead'):
    init_default_scope('mmaction')
    torch.manual_seed(0)
    config = dict(type=head, num_classes=3, in_channels=16)
    if head == 'ACLHead':
        config |= dict(embed_dim=8, bank_size=16)
        config['relation_dim'] = 400 if name in TOPOLOGY else None
    return MODELS.build(
        dict(
            type='RecognizerGCN',
            backbone=BACKBONES[name] | SMALL,
            cls_head=config,
        )
    )


def batch(model, absent=True):
    g = torch.Generator().manual_seed(0)
    clips = torch.randn(4, 1, 2, 8, 20, 3, generator=g)
    if absent:
        clips[:2, :, 1] = 0
    samples = [ActionDataSample().set_gt_label(label) for label in (0, 1) * 2]
    data = dict(inputs=list(clips), data_samples=samples)
    return model.data_preprocessor(data, training=True)


@every_backbone
def test_training_steps(name):
    """Behaviour of the paper, with absent persons, both losses at work."""
    model = recognizer(name).train()
    wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.01))
    state = model.cls_head.affinity
    for epoch in range(1, 4):
        state.set_epoch(epoch, True, scoring=epoch > 1, rebuild=epoch > 1)
        data = batch(model)
        with Watch() as watch:
            losses = model(**data, mode='loss')
            total, losses = model.parse_losses(losses)
            wrapper.update_params(total)
        assert not watch.seen
    for loss in ('loss_cls', 'loss_inter', 'loss_intra'):
        assert losses[loss] > 0 and torch.isfinite(losses[loss])
    assert all(torch.isfinite(p).all() for p in model.parameters())


@every_backbone
def test_the_contrastive_losses_reach_the_backbone(name):
    model = recognizer(name).train()
    model.cls_head.affinity.set_epoch(31, True, scoring=True, rebuild=True)
    for parameter_name, parameter in model.backbone.named_parameters():
        if parameter_name.endswith(('alpha', 'beta')):
            nn.init.constant_(parameter, 0.5)
    losses = model(**batch(model), mode='loss')
    model.zero_grad()
    losses['loss_intra'].backward()
    grads = [p.grad for p in model.backbone.parameters()]
    reached = [grad is not None and bool(grad.any()) for grad in grads]
    assert sum(reached) > 0.5 * len(reached)


@every_backbone
def test_predictions_and_embeddings(name):
    model = recognizer(name).eval()
    data = batch(model)
    feats, _ = model.extract_feat(data['inputs'], stage='backbone')
    with torch.no_grad():
        samples = model(**data, mode='predict')
        relation = feats[1] if name in TOPOLOGY else None
        assert isinstance(feats, tuple) == (relation is not None)
        for kind in ('pooled', 'inter', 'intra', 'concat'):
            found = model.cls_head.embed(feats, 4, kind)
            assert found.shape[0] == 4 and torch.isfinite(found).all()
    assert (
        torch.stack([s.pred_score for s in samples])
        .sum(1)
        .allclose(torch.ones(4))
    )


@pytest.mark.parametrize('name', ['CTR-GCN', 'MS-G3D'])
def test_the_head_of_the_host_takes_them_too(name):
    model = recognizer(name, 'GCNHead').train()
    losses = model(**batch(model), mode='loss')
    assert losses['loss_cls'] > 0
    assert len(model.eval()(**batch(model), mode='predict')) == 4


@pytest.mark.parametrize('name', ['CTR-GCN, topology', 'MS-G3D'])
def test_half_precision(name):
    model = recognizer(name).train()
    model.cls_head.affinity.set_epoch(31, True, scoring=True, rebuild=True)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = model(**batch(model), mode='loss')
    total, _ = model.parse_losses(losses)
    total.backward()
    assert torch.isfinite(total)
