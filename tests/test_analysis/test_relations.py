import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope

from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.relations import (
    collect_relations,
    load_classifier,
)
from aclnet_plugin.evaluation.embeddings import build_dataset
from tests.training import tiny_config


@pytest.fixture(scope='module')
def config(tiny_skeletons, tmp_path_factory):
    init_default_scope('mmaction')
    folder = tmp_path_factory.mktemp('relations')
    config = tiny_config(tiny_skeletons, folder)
    for transform in config.test_dataloader.dataset.pipeline:
        if transform.type == 'UniformSampleDecode':
            transform.num_clips = 2
    return config


@pytest.fixture(scope='module')
def model(config):
    """Not trained, but with links that depend on the sample."""
    torch.manual_seed(0)
    model = MODELS.build(config.model).eval()
    for block in model.backbone.gcn:
        block.gcn.alpha.data.fill_(1)
        block.gcn.beta.data.fill_(1)
    return model


@pytest.fixture(scope='module')
def checkpoint(model, tmp_path_factory):
    path = tmp_path_factory.mktemp('relations') / 'x.pth'
    torch.save({'state_dict': model.state_dict()}, path)
    return path


def test_equals_the_backbone_clip_by_clip(config, model):
    dataset, _ = build_dataset(config)
    found = collect_relations(model, dataset, [5, 0, 3], batch_size=2)
    assert found.matrices.shape == (3, 25, 25)
    np.testing.assert_allclose(found.scores.sum(1), 1, rtol=1e-5)
    with torch.no_grad():
        clips = dataset[0]['inputs'].float()
        assert len(clips) == 2
        feats, relation = model.backbone(clips)
        scores = model.cls_head((feats, relation)).softmax(1).mean(0)
    want = relation.mean(0).view(25, 25)
    np.testing.assert_allclose(found.matrices[1], want, atol=1e-5)
    np.testing.assert_allclose(found.scores[1], scores, atol=1e-5)
    assert np.ptp(found.matrices[:, 0, 1]) > 0


def test_checkpoint_comes_with_its_classifier(config, model, checkpoint):
    loaded = load_classifier(config, checkpoint)
    assert not loaded.training
    assert torch.equal(loaded.cls_head.fc.weight, model.cls_head.fc.weight)


def test_names_of_the_official_code(config, model, checkpoint):
    state = dict(model.state_dict())
    for part in ('weight', 'bias'):
        state[f'cls_head.fc_cls.{part}'] = state.pop(f'cls_head.fc.{part}')
    path = checkpoint.with_name('official.pth')
    torch.save({'state_dict': state}, path)
    loaded = load_classifier(config, path)
    assert torch.equal(loaded.cls_head.fc.weight, model.cls_head.fc.weight)


def test_checkpoints_that_do_not_fit(config, model, checkpoint):
    state = dict(model.state_dict())
    path = checkpoint.with_name('other.pth')
    wider = state | {'cls_head.fc.weight': torch.zeros(9, 8)}
    torch.save({'state_dict': wider}, path)
    with pytest.raises(AnalysisError, match='other classes'):
        load_classifier(config, path)
    bare = {k: v for k, v in state.items() if not k.startswith('cls_head.fc')}
    torch.save({'state_dict': bare}, path)
    with pytest.raises(AnalysisError, match='no classifier'):
        load_classifier(config, path)


def test_relations_have_to_be_there_and_finite(config, model):
    dataset, _ = build_dataset(config)
    place = model.backbone.gcn[-1].gcn.alpha
    before = place.data.clone()
    place.data.fill_(float('nan'))
    with pytest.raises(AnalysisError, match='not finite'):
        collect_relations(model, dataset, [0])
    place.data.copy_(before)
    stock = dict(
        type='RecognizerGCN',
        backbone=dict(
            type='STGCN',
            graph_cfg=dict(layout='nturgb+d'),
            base_channels=8,
            num_stages=2,
        ),
        cls_head=dict(type='GCNHead', num_classes=3, in_channels=8),
    )
    with pytest.raises(AnalysisError, match='STGCN, has no relation'):
        collect_relations(MODELS.build(stock).eval(), dataset, [0])
