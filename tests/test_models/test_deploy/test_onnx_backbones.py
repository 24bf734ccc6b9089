"""Our further backbones as ONNX, with sizes left open."""

import pytest

from aclnet_plugin.models.deploy.onnx_check import compare, random_clips
from aclnet_plugin.models.deploy.onnx_export import export_onnx
from aclnet_plugin.models.deploy.onnx_sizes import other_sizes
from tests.test_models.test_deploy.test_onnx_export import (
    SIZES,
    build,
    open_session,
)

GRAPH = dict(layout='nturgb+d')
BACKBONES = {
    'CTR-GCN': dict(type='CTRGCNet', graph_cfg=GRAPH, relation='topology'),
    'MS-G3D': dict(type='MSG3DNet', graph_cfg=GRAPH, windows=(3,)),
}


@pytest.mark.parametrize('name', BACKBONES)
def test_any_number_of_clips_persons_and_frames(name):
    backbone = BACKBONES[name] | dict(num_stages=1)
    relation_dim = 625 if 'relation' in backbone else None
    model = build(backbone, 'ACLHead', relation_dim=relation_dim)
    session = open_session(export_onnx(model, SIZES, 'concat'))
    shape = session.get_inputs()[0].shape
    assert shape == ['batch', 'persons', 'frames', 25, 3]
    clips = [random_clips(size) for size in other_sizes(SIZES, ())]
    assert compare(session, model, clips, 'concat').error < 1e-5
