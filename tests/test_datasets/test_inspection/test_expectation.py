"""What is read from configs and from models, stock ones included."""

import pytest
from mmaction.registry import MODELS
from mmengine.config import Config
from torch import nn

from aclnet_plugin.datasets.inspection import (
    Expectation,
    expectation_of,
    expectation_of_model,
)
from aclnet_plugin.structures import get_layout
from tests.training import tiny_config


def model(backbone, **head):
    return dict(
        type='RecognizerGCN',
        backbone=backbone,
        cls_head=dict(
            dict(type='GCNHead', num_classes=7, in_channels=8), **head
        ),
    )


def small(kind, layout='nturgb+d', **more):
    graph = dict(layout=layout)
    if kind != 'ACLGCN':
        graph['mode'] = 'spatial'
    return dict(
        type=kind,
        graph_cfg=graph,
        base_channels=8,
        num_stages=1,
        inflate_stages=[],
        down_stages=[],
        **more,
    )


EXPECTED = [
    (model(small('STGCN')), Expectation(7, 25, 'nturgb+d', 3, 'STGCN')),
    (
        model(small('STGCN', 'coco', in_channels=2)),
        Expectation(7, 17, 'coco', 2, 'STGCN'),
    ),
    (model(small('AAGCN')), Expectation(7, 25, 'nturgb+d', 3, 'AAGCN')),
    (
        model(
            small('STGCN', get_layout('kinect_v1').to_graph_dict()),
            type='ACLHead',
        ),
        Expectation(7, 20, None, 3, 'STGCN'),
    ),
    (
        model(small('ACLGCN'), type='ACLHead', relation_dim=625),
        Expectation(7, 25, 'nturgb+d', 3, 'ACLGCN', 625),
    ),
    (
        model(small('ACLGCN', 'coco_new', in_channels=2), type='ACLHead'),
        Expectation(7, 20, 'coco_new', 2, 'ACLGCN', 8),
    ),
    (
        model(small('ACLGCN')),
        Expectation(7, 25, 'nturgb+d', 3, 'ACLGCN'),
    ),
    (
        model(small('ACLGCN', relation='pooled'), type='ACLHead'),
        Expectation(7, 25, 'nturgb+d', 3, 'ACLGCN'),
    ),
    (
        model(
            small('CTRGCNet', relation='topology'),
            type='ACLHead',
            relation_dim=625,
        ),
        Expectation(7, 25, 'nturgb+d', 3, 'CTRGCNet', 625),
    ),
    (
        model(small('CTRGCNet'), type='ACLHead'),
        Expectation(7, 25, 'nturgb+d', 3, 'CTRGCNet'),
    ),
]


@pytest.mark.parametrize(('config', 'expected'), EXPECTED)
def test_config_and_model_say_the_same(config, expected):
    assert expectation_of(Config(dict(model=config))) == expected
    assert expectation_of_model(MODELS.build(config)) == expected


def test_what_is_not_known_is_not_expected():
    assert expectation_of({}) == Expectation()
    resnet = dict(type='ResNet', depth=18)
    config = dict(backbone=resnet, cls_head=dict(num_classes=4))
    found = expectation_of(dict(model=config))
    assert (found.num_classes, found.joints, found.in_channels) == (
        4,
        None,
        None,
    )
    assert expectation_of_model(nn.Linear(1, 1)).num_classes is None


def test_wrong_configs_are_explained(tiny_skeletons, tmp_path):
    config = tiny_config(tiny_skeletons, tmp_path)
    config.model.backbone.graph_cfg.layout = 'coco_old'
    with pytest.raises(ValueError, match="Unknown skeleton layout 'coco_old'"):
        expectation_of(config)
    config.model.backbone.type = 'ACLGNC'
    with pytest.raises(ValueError, match=r"no backbone 'ACLGNC'.*custom_imp"):
        expectation_of(config)
