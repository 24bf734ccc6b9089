"""What the tests of this folder share besides fixtures."""

import copy

from aclnet_plugin.structures import get_layout

CLASSES = ['drink', 'eat', 'clap']


def flat_config(config, layout):
    """The tiny config for 2D skeletons of a layout: x, y and score."""
    config = copy.deepcopy(config)
    joints = get_layout(layout).num_joints
    config.model.backbone.graph_cfg = dict(layout=layout)
    config.model.cls_head.relation_dim = joints**2
    data = config.test_dataloader.dataset
    data.layout = layout
    data.pipeline = [
        dict(type='UniformSampleDecode', clip_len=8, test_mode=True),
        dict(type='ToStream'),
        *data.pipeline[3:],
    ]
    return config
