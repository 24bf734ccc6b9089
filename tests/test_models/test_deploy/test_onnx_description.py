"""What a file tells about its model, and models that do not fit."""

import json

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from aclnet_plugin.models.deploy.onnx_checkpoint import load_trained
from aclnet_plugin.models.deploy.onnx_errors import OnnxError
from aclnet_plugin.models.deploy.onnx_metadata import (
    describe,
    layout_of,
    read_input_rules,
)
from aclnet_plugin.structures import get_layout
from tests.scripts import ROOT

NTU = get_layout('nturgb+d')


def rules_of(name):
    cfg = Config.fromfile(ROOT / 'configs' / name)
    return read_input_rules(cfg, layout_of(cfg.model.backbone))


@pytest.mark.parametrize(
    ('name', 'wanted'),
    [
        (
            'aclnet/aclnet_1xb16-bone-motion-u100-150e_ntu60-xsub-'
            'keypoint-3d.py',
            ('bm', 100, 10, 2, 1),
        ),
        (
            'aclnet/aclnet_quickstart_1xb16-joint-u32-12e_synthetic-xsub-'
            'keypoint-3d.py',
            ('j', 32, 1, 1, NTU.center),
        ),
        (
            'gait/aclnet_quickstart_1xb32-joint-c60-12e_synthetic-gait-'
            'keypoint-2d.py',
            ('j', 60, 1, 1, None),
        ),
    ],
)
def test_rules_of_our_configs(name, wanted):
    rules = rules_of(name)
    assert rules[:5] == wanted
    assert rules.pipeline[-1]['type'] == 'PackActionInputs'


def test_rules_of_a_stock_config(stgcn_config):
    cfg = Config.fromfile(stgcn_config)
    rules = read_input_rules(cfg, layout_of(cfg.model.backbone))
    assert rules[:5] == ('j', 8, 1, 2, None)


def test_rules_of_a_config_without_data():
    rules = read_input_rules(Config(dict(model=dict())), None)
    assert rules == (None, None, None, None, None, [])
    assert layout_of(dict(graph_cfg=dict(layout='mine'))) is None


def test_metadata_is_text_and_json():
    cfg = Config.fromfile(
        ROOT / 'configs/aclnet/aclnet_quickstart_1xb16-joint-u32-12e_'
        'synthetic-xsub-keypoint-3d.py'
    )
    rules = read_input_rules(cfg, NTU)
    about = describe(cfg, rules, NTU, ['a', 'ü'], config='x.py', nothing=None)
    assert all(isinstance(value, str) for value in about.values())
    assert json.loads(about['classes']) == ['a', 'ü']
    assert about['stream'] == 'j' and about['layout'] == 'nturgb+d'
    assert int(about['clip_len']) == 32 and int(about['num_person']) == 1
    assert json.loads(about['layout_table'])['parents'] == list(NTU.parents)
    assert about['config'] == 'x.py' and 'nothing' not in about
    assert len(about['config_sha256']) == 64
    again = describe(cfg, rules, NTU, None)
    assert again['config_sha256'] == about['config_sha256']
    assert 'classes' not in again
    cfg.model.cls_head.dropout = 0.5
    other = describe(cfg, rules, NTU, None)
    assert other['config_sha256'] != about['config_sha256']


MODEL = dict(
    type='RecognizerGCN',
    backbone=dict(
        type='ACLGCN',
        graph_cfg=dict(layout='nturgb+d'),
        base_channels=8,
        num_stages=1,
    ),
    cls_head=dict(
        type='ACLHead', num_classes=3, in_channels=8, relation_dim=625
    ),
)


@pytest.fixture(scope='module')
def state():
    init_default_scope('mmaction')
    np.random.seed(0)
    return MODELS.build(MODEL).state_dict()


@pytest.fixture
def load(state, tmp_path):
    """Load what is left of a checkpoint after some keys have changed."""

    def call(leave_out='-', add=None, embedding=None, **options):
        kept = {k: v for k, v in state.items() if leave_out not in k}
        path = tmp_path / 'epoch_1.pth'
        torch.save(
            dict(state_dict=kept | (add or {}), meta=dict(epoch=1)), path
        )
        cfg = Config(dict(model=MODEL))
        cfg.merge_from_dict(options)
        return load_trained(cfg, path, embedding)

    return call


def test_all_that_evaluation_needs(load, state):
    model, meta = load()
    assert not model.training and meta == dict(epoch=1)
    assert torch.equal(model.cls_head.fc.weight, state['cls_head.fc.weight'])
    load('affinity')
    load('inter_proj')
    load('num_batches_tracked')
    load(add={'cls_head.affinity.other.counts': torch.zeros(2)})


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(leave_out='fc.weight'), r'lacks cls_head\.fc\.weight\. Take'),
        (dict(leave_out='backbone'), r'lacks backbone\.\S+ and \d+ more'),
        (
            dict(leave_out='inter_proj.bias', embedding='inter'),
            r'lacks cls_head\.inter_proj\.bias',
        ),
        (
            dict(leave_out='intra_proj.bias', embedding='concat'),
            r'lacks cls_head\.intra_proj\.bias',
        ),
        (
            dict(add={'backbone.gcn.1.A': torch.zeros(2)}),
            r'also has backbone\.gcn\.1\.A\. Take',
        ),
        (
            {'model.cls_head.num_classes': 4},
            r'size mismatch for cls_head\.\S+: .* Take the config',
        ),
        ({'model.backbone.type': 'Missing'}, 'cannot be built: KeyError'),
        ({'model': None}, 'the config has no model'),
    ],
)
def test_checkpoints_of_other_models(load, changes, message):
    with pytest.raises(OnnxError, match=message):
        load(**changes)


def test_files_that_are_no_checkpoints(tmp_path):
    cfg = Config(dict(model=MODEL))
    with pytest.raises(OnnxError, match=r'no file .*work folder'):
        load_trained(cfg, tmp_path / 'none.pth')
    torch.save([1, 2], tmp_path / 'list.pth')
    with pytest.raises(OnnxError, match='it has no weights'):
        load_trained(cfg, tmp_path / 'list.pth')
    torch.save({'a': torch.zeros(99)}, tmp_path / 'cut.pth')
    cut = (tmp_path / 'cut.pth').read_bytes()[:-200]
    (tmp_path / 'cut.pth').write_bytes(cut)
    with pytest.raises(OnnxError, match='or is damaged'):
        load_trained(cfg, tmp_path / 'cut.pth')
