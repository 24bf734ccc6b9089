import copy

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS

from aclnet_plugin.models import ACLGCN
from tests.golden import GoldenCase

CASES = ['backbone_coco20_small', 'backbone_ntu_small']


def build(config):
    return ACLGCN(
        graph_cfg=config['graph_cfg'],
        base_channels=config['base_channels'],
        num_stages=config['num_stages'],
        inflate_stages=config['inflate_stages'],
        down_stages=config['down_stages'],
        gcn_ratio=config['gcn_ratio'],
        tcn_ms_cfg=config['tcn_ms_cfg'],
    )


def small(**kwargs):
    defaults = dict(
        graph_cfg=dict(layout='nturgb+d'),
        base_channels=16,
        num_stages=3,
        inflate_stages=(2,),
        down_stages=(3,),
    )
    return ACLGCN(**{**defaults, **kwargs})


def probe(case, feat, graph):
    """The scalar whose gradients were recorded (see the set's index)."""
    weights = {k: v.to(feat) for k, v in case.state('probe/').items()}
    scalar = torch.einsum(
        'nmctv,nm,c,t,v->',
        feat,
        *(weights[k] for k in ('nm', 'c', 't', 'v')),
    )
    scalar = scalar / feat[0, 0].numel()
    return scalar + (graph * weights['graph']).sum()


@pytest.mark.parametrize('mode', ['eval', 'train'])
@pytest.mark.parametrize('name', CASES)
def test_golden_outputs(name, mode):
    case = GoldenCase(name)
    if f'{mode}/feat' not in case:
        pytest.skip(f'{mode} mode of {name} is only in the full set')
    model = build(case.config)
    model.load_state_dict(case.state())
    model.train(mode == 'train')
    with torch.no_grad():
        feat, graph = model(case['input/x'])
    case.compare(f'{mode}/feat', feat)
    case.compare(f'{mode}/graph', graph)
    if f'{mode}/scalar' in case:
        case.compare(f'{mode}/scalar', probe(case, feat, graph))
    buffers = dict(model.named_buffers())
    for key in case.keys(f'{mode}/buffer_after/'):
        case.compare(f'{mode}/buffer_after/{key}', buffers[key])
    if f'{mode}/zero_person/feat' in case:
        with torch.no_grad():
            feat, graph = model(case['input/x_zero_person'])
        case.compare(f'{mode}/zero_person/feat', feat)
        case.compare(f'{mode}/zero_person/graph', graph)


@pytest.mark.parametrize('mode', ['eval', 'train'])
@pytest.mark.parametrize('name', CASES)
def test_golden_gradients(name, mode):
    """In float64, as recorded: float32 can flip a ReLU or a maximum."""
    case = GoldenCase(name)
    keys = case.keys(f'{mode}/grad/')
    if not keys:
        pytest.skip(f'gradients of {name} are only in the full set')
    model = build(case.config)
    model.load_state_dict(case.state())
    model.double().train(mode == 'train')
    x = case['input/x'].double().requires_grad_()
    probe(case, *model(x)).backward()
    got = {k: p.grad for k, p in model.named_parameters()} | {'input': x.grad}
    for key in keys:
        case.compare(f'{mode}/grad/{key}', got[key])


def test_pooling_first_equals_convolving_first():
    """The two graph convolutions commute with the mean over time."""
    unit = small().gcn[0].gcn.double()
    with torch.no_grad():
        unit.alpha.fill_(0.7)
        unit.beta.fill_(0.3)
    x = torch.randn(2, 3, 6, 25, dtype=torch.float64)
    q = unit.conv1(x).mean(2).view(2, 8, 2, 25)
    r = unit.conv2(x).mean(2).view(2, 8, 2, 25)
    want = torch.zeros(2, 8, 2, 25, 25, dtype=torch.float64)
    for n in range(2):
        for k in range(8):
            similarity = torch.stack(
                [(q[n, k] * r[n, k, :, w : w + 1]).sum(0) for w in range(25)],
                1,
            )
            attention = similarity.exp() / similarity.exp().sum(0)
            for c in range(2):
                difference = q[n, k, c][:, None] - r[n, k, c][None]
                want[n, k, c] = 0.7 * difference.tanh() + 0.3 * attention
    torch.testing.assert_close(unit.dynamic_graph(x), want)


@pytest.mark.parametrize(
    ('layout', 'total'), [('nturgb+d', 3_705_696), ('coco_new', 3_687_666)]
)
def test_parameter_counts_of_the_release(layout, total):
    model = ACLGCN(graph_cfg=dict(layout=layout))
    assert sum(p.numel() for p in model.parameters()) == total
    blocks = [sum(p.numel() for p in b.parameters()) for b in model.gcn]
    if layout == 'nturgb+d':
        assert blocks == [
            38_769,
            *[64_977] * 3,
            224_369,
            *[241_649] * 2,
            873_777,
            *[945_201] * 2,
        ]


def test_shapes_and_start_values():
    np.random.seed(0)
    model = small()
    feat, relation = model(torch.randn(2, 2, 9, 25, 3))
    assert feat.shape == (2, 2, 32, 5, 25)
    assert relation.shape == (2, 625)
    assert not relation.any(), 'alpha and beta start at zero'
    first, *others = [block.gcn.A for block in model.gcn]
    assert all(torch.equal(first, other) for other in others)
    np.random.seed(0)
    assert torch.equal(small().gcn[0].gcn.A, first)


@pytest.mark.parametrize('training', [True, False])
def test_the_choice_of_relation_changes_no_feature(training):
    model = small().train(training)
    twin = copy.deepcopy(model)
    twin.relation = 'pooled'
    x = torch.randn(2, 2, 9, 25, 3)
    x[1, 1] = 0  # shared, in both ways of running
    assert torch.equal(model(x)[0], twin(x))
    assert torch.is_tensor(small(relation='pooled')(x))


def test_one_frame_and_many_joints():
    joints = 30
    layout = dict(
        num_node=joints,
        inward=[(v, v - 1) for v in range(1, joints)],
        center=0,
    )
    model = small(graph_cfg=dict(layout=layout))
    feat, relation = model(torch.randn(2, 1, 1, joints, 3))
    assert feat.shape == (2, 1, 32, 1, joints)
    assert relation.shape == (2, joints * joints)


def test_input_that_does_not_fit_is_explained():
    model = small()
    with pytest.raises(ValueError, match=r'25 joints.*has 20 with 3'):
        model(torch.randn(1, 1, 4, 20, 3))
    with pytest.raises(ValueError, match=r'3 channels.*has 25 with 2'):
        model(torch.randn(1, 1, 4, 25, 2))
    with pytest.raises(ValueError, match='FormatGCNInput'):
        model(torch.randn(1, 4, 25, 3))


@pytest.mark.parametrize(
    ('kwargs', 'message'),
    [
        (dict(graph_cfg=dict(layout='nturgb+d', mode='spatial')), 'random'),
        (dict(graph_cfg=dict(layout='nturgb+d', hops=2)), 'hops'),
        (dict(graph_cfg=dict(layout='nowhere')), 'nowhere'),
        (dict(graph_cfg=dict(num_filter=8)), 'needs a layout'),
        (dict(base_channels=4), 'gcn_ratio'),
        (dict(relation='gram'), r"one of \['pooled', 'topology'\]"),
    ],
)
def test_wrong_settings_are_explained(kwargs, message):
    with pytest.raises(ValueError, match=message):
        small(**kwargs)


def test_registered():
    config = dict(type='ACLGCN', graph_cfg=dict(layout='coco'), num_stages=1)
    assert isinstance(MODELS.build(config), ACLGCN)


def test_bfloat16_autocast():
    model = small()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        feat, relation = model(torch.randn(2, 1, 8, 25, 3))
        (feat.float().mean() + relation.float().mean()).backward()
    assert torch.isfinite(feat).all()
    assert relation.dtype == torch.float32, 'too small for bfloat16'
