"""The exported file says what the trained model says, and holds no more."""

import copy
import json
import sys

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope
from torch import nn

from aclnet_plugin.models.backbones.acl_gcn import PERSONS_AT_ONCE
from aclnet_plugin.models.deploy.onnx_check import (
    compare,
    open_session,
    random_clips,
)
from aclnet_plugin.models.deploy.onnx_errors import OnnxError
from aclnet_plugin.models.deploy.onnx_export import export_onnx
from aclnet_plugin.models.deploy.onnx_model import clip_model
from aclnet_plugin.models.deploy.onnx_sizes import (
    ClipSizes,
    example_sizes,
    fixed_by_model,
    other_sizes,
    persons_of,
)

onnx = pytest.importorskip('onnx')
pytest.importorskip('onnxscript')
pytest.importorskip('onnxruntime')

SIZES = ClipSizes(1, 2, 16, 25, 3)
SMALL = dict(
    base_channels=8, num_stages=2, inflate_stages=[2], down_stages=[2]
)
ADJACENCY = dict(layout='nturgb+d', mode='spatial')
# One block, or two where it costs little: torch.export takes its time.
STOCK = {
    'ST-GCN': dict(type='STGCN', graph_cfg=ADJACENCY, num_stages=2),
    'ST-GCN++': dict(
        type='STGCN',
        graph_cfg=ADJACENCY,
        num_stages=1,
        gcn_adaptive='init',
        gcn_with_res=True,
        tcn_type='mstcn',
    ),
    'AAGCN': dict(type='AAGCN', graph_cfg=ADJACENCY, num_stages=1),
}


def build(backbone, head='GCNHead', **kwargs):
    """A recogniser of which no value is as at the start."""
    init_default_scope('mmaction')
    np.random.seed(0)
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type='RecognizerGCN',
            backbone=dict(**SMALL | backbone),
            cls_head=dict(
                type=head,
                num_classes=5,
                in_channels=8 if backbone.get('num_stages') == 1 else 16,
                **kwargs,
            ),
        )
    ).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter += (1 if 'fc' in name else 0.2) * torch.randn_like(
                parameter
            )
    return model


def aclnet(**backbone):
    graph = dict(layout='nturgb+d')
    return build(
        dict(type='ACLGCN', graph_cfg=graph, **backbone),
        'ACLHead',
        relation_dim=625,
        embed_dim=12,
        bank_size=77,
    )


@pytest.fixture(scope='module')
def model():
    return aclnet()


@pytest.fixture(scope='module')
def content(model):
    about = {'classes': json.dumps(['wave', 'drück'])}
    return export_onnx(model, SIZES, 'concat', about=about)


@pytest.fixture(scope='module')
def session(content):
    return open_session(content)


@torch.no_grad()
def test_any_number_of_clips_persons_and_frames(model, session):
    assert model.backbone.share_absent == 'auto'
    for shape in [
        *other_sizes(SIZES, ()),
        (1, 1, 1, 25, 3),
        (PERSONS_AT_ONCE // 2 + 1, 2, 9, 25, 3),
    ]:
        x = random_clips(shape)
        scores, vectors = session.run(None, {'keypoint': x.numpy()})
        feats, _ = model.extract_feat(x[:, None])
        wanted = model.cls_head(feats)
        assert wanted.abs().max() > 0.5
        np.testing.assert_allclose(scores, wanted, atol=1e-5)
        wanted = model.cls_head.embed(feats, len(x), 'concat')
        np.testing.assert_allclose(vectors, wanted, atol=1e-5)


def test_names(session):
    inputs = [(item.name, item.shape) for item in session.get_inputs()]
    assert inputs == [('keypoint', ['batch', 'persons', 'frames', 25, 3])]
    outputs = [(item.name, item.shape) for item in session.get_outputs()]
    assert outputs == [
        ('scores', ['batch', 5]),
        ('embedding', ['batch', 16 + 12 + 12]),
    ]
    about = session.get_modelmeta().custom_metadata_map
    assert json.loads(about['classes']) == ['wave', 'drück']


def test_nothing_that_training_alone_needs(model, content):
    proto = onnx.load_from_string(content)
    weights = [
        item
        for item in proto.graph.initializer
        if item.data_type == onnx.TensorProto.FLOAT
    ]
    shapes = [tuple(item.dims) for item in weights]
    state = model.cls_head.affinity.state_dict()
    forbidden = {tuple(v.shape) for v in state.values() if v.ndim}
    assert forbidden == {(5, 5), (5, 12), (5,), (77, 12), (77,)}
    # The bias of the classifier has the shape of a prototype's counter.
    assert [s for s in shapes if s in forbidden] == [(5,)]
    part = clip_model(model, 'concat')
    needed = sum(p.numel() for p in (*part.parameters(), *part.buffers()))
    stored = sum(np.prod(shape, dtype=int) for shape in shapes)
    assert 0.9 * needed < stored < 1.1 * needed


def test_projections_only_for_an_embedding(model):
    assert hasattr(clip_model(model, 'inter').head, 'inter_proj')
    assert not hasattr(clip_model(model, 'inter').head, 'intra_proj')
    assert not hasattr(clip_model(model, 'pooled').head, 'inter_proj')
    assert not hasattr(clip_model(model).head, 'affinity')


def test_nothing_about_this_machine(content):
    for text in (__file__, sys.prefix, 'site-packages', 'acl_gcn.py'):
        assert text.encode() not in content, text


def test_the_trained_model_stays_as_it_is():
    model = aclnet().train()
    before = copy.deepcopy(model.state_dict())
    clip_model(model, 'concat')
    clip_model(model, fast=False)
    assert model.training and model.backbone.share_absent == 'auto'
    assert all(p.requires_grad for p in model.parameters())
    assert model.state_dict().keys() == before.keys()
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_a_file_of_another_model_is_found_out(model, session):
    other = copy.deepcopy(model)
    with torch.no_grad():
        other.cls_head.fc.bias[3] += 0.01
    clips = [random_clips(SIZES)]
    with pytest.raises(OnnxError, match=r'scores .* differ .*no file was'):
        compare(session, other, clips, 'concat')
    other.cls_head.fc.bias.data[3] = torch.nan
    with pytest.raises(OnnxError, match='differ'):
        compare(session, other, clips, 'concat')
    other = copy.deepcopy(model)
    other.cls_head.intra_proj.bias.data[3] += 1
    with pytest.raises(OnnxError, match=r'embedding .* differ'):
        compare(session, other, clips, 'concat')


def test_an_input_that_the_file_refuses(model, session):
    wide = [torch.zeros(1, 1, 2, 25, 3, dtype=torch.float64)]
    with pytest.raises(OnnxError, match=r'fails .* \(1, 1, 2, 25, 3\)'):
        compare(session, model.double(), wide, 'concat')
    model.float()


@pytest.mark.parametrize('name', STOCK)
def test_stock_models(name):
    model = build(STOCK[name])
    fixed = fixed_by_model(model.backbone)
    content = export_onnx(model, SIZES, 'pooled', fixed)
    session = open_session(content)
    persons = 2 if name == 'AAGCN' else 'persons'
    shape = session.get_inputs()[0].shape
    assert shape == ['batch', persons, 'frames', 25, 3]
    clips = [random_clips(size) for size in other_sizes(SIZES, fixed)]
    assert compare(session, model, clips, 'pooled').error < 1e-5


def test_sizes_that_were_asked_to_be_fixed():
    model = aclnet(num_stages=1)
    content = export_onnx(model, SIZES, fixed=('batch', 'frames'), opset=20)
    session = open_session(content)
    assert session.get_inputs()[0].shape == [1, 'persons', 16, 25, 3]
    proto = onnx.load_from_string(content)
    assert {i.version for i in proto.opset_import if not i.domain} == {20}
    clips = [random_clips(s) for s in other_sizes(SIZES, ('batch', 'frames'))]
    assert len(clips) == 4
    assert compare(session, model, clips).error < 1e-5


def test_models_that_cannot_be_exported():
    with pytest.raises(OnnxError, match='Linear with a NoneType'):
        clip_model(nn.Linear(2, 2))
    stock = build(STOCK['ST-GCN'])
    with pytest.raises(OnnxError, match="GCNHead has no embedding 'inter'"):
        clip_model(stock, 'inter')
    with pytest.raises(OnnxError, match="no embedding 'mean'"):
        clip_model(stock, 'mean')
    stock.data_preprocessor._enable_normalize = True
    with pytest.raises(OnnxError, match='subtracts a mean'):
        clip_model(stock)


def test_what_the_exporter_cannot_do_is_explained():
    model = build(STOCK['ST-GCN'])

    def forward(x):
        if x.sum() > 0:
            x = x + 1
        return STOCK_FORWARD(x)

    STOCK_FORWARD, model.backbone.forward = model.backbone.forward, forward
    with pytest.raises(OnnxError, match='torch cannot export this model: '):
        export_onnx(model, SIZES)


@pytest.mark.parametrize('package', ['onnx', 'onnxscript', 'onnxruntime'])
def test_a_missing_package_is_named(package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf'which {package} .*\[export\]'):
        export_onnx(nn.Identity(), SIZES)


def test_sizes_to_export_and_to_check_with():
    assert example_sizes(SIZES, ()) == (2, 2, 16, 25, 3)
    assert example_sizes(SIZES, ('batch',)) == (1, 2, 16, 25, 3)
    tried = list(other_sizes(SIZES, ('persons',)))
    assert {size.persons for size in tried} == {2}
    assert {size.batch for size in tried} == {1, 3}
    assert {size.frames for size in tried} == {16, 23, 5}
    assert len(list(other_sizes(SIZES, ('batch', 'persons', 'frames')))) == 2


def test_number_of_persons_that_is_built_in():
    backbone = build(STOCK['AAGCN'] | dict(num_person=3)).backbone
    assert persons_of(backbone, 25, 3) == 3
    assert 'batch norm' in fixed_by_model(backbone)['persons']
    assert persons_of(build(STOCK['ST-GCN']).backbone, 25, 3) is None
