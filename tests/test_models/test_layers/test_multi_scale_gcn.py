import numpy as np
import pytest
import torch
from torch import nn
from torch.autograd import gradcheck
from torch.nn import functional as F

from aclnet_plugin.models.layers.multi_scale_gcn import (
    MultiScaleGCN,
    WindowGCN,
)
from aclnet_plugin.models.layers.space_time_block import (
    SpaceTimeBlock,
    TemporalUnit,
)

JOINTS = 4
PATH = (np.eye(JOINTS, k=1) + np.eye(JOINTS, k=-1)).astype(np.float32)
ORDER = [2, 0, 3, 1]


def awake(module):
    """The module with nothing as at the start, in float64."""
    torch.manual_seed(0)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    for norm in module.modules():
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.uniform_(norm.running_mean)
            nn.init.uniform_(norm.running_var, 0.5, 2)
    return module.double()


def clip(channels=2, frames=5):
    g = torch.Generator().manual_seed(1)
    return torch.randn(
        2, channels, frames, JOINTS, generator=g, dtype=torch.float64
    )


def distance(one, other):
    """Between nodes of a window over a path: any frame is one step away."""
    (frame, joint), (other_frame, other_joint) = one, other
    if one == other:
        return 0
    steps = abs(joint - other_joint)
    return max(1, steps) if frame != other_frame else steps


def loop_graph(scales, window):
    """Normalised graphs by distance, from their definition."""
    nodes = [(f, v) for f in range(window) for v in range(JOINTS)]
    graphs = torch.zeros(scales, len(nodes), len(nodes), dtype=torch.float64)
    for k in range(scales):
        for i, one in enumerate(nodes):
            for j, other in enumerate(nodes):
                graphs[k, i, j] = distance(one, other) == k or i == j
        degree = graphs[k].sum(1)
        graphs[k] /= (degree[:, None] * degree).sqrt()
    return graphs


@torch.no_grad()
def loop_window(module, x, scales):
    """G3D: frame by frame, node by node, distance by distance."""
    window, stride = module.window, module.stride
    graphs = loop_graph(scales, window) + module.gcn.B
    persons, channels, frames, _ = x.shape
    places = range(0, frames, stride)
    weight = module.gcn.conv.weight[..., 0, 0].unflatten(1, (scales, -1))
    mixed = torch.zeros(
        persons, len(weight), len(places), window, JOINTS, dtype=x.dtype
    )
    for place, middle in enumerate(places):
        for w in range(window * JOINTS):
            for k in range(scales):
                gathered = torch.zeros(persons, channels, dtype=x.dtype)
                for v in range(window * JOINTS):
                    frame = middle + v // JOINTS - window // 2
                    if 0 <= frame < frames:
                        gathered += (
                            graphs[k, v, w] * x[:, :, frame, v % JOINTS]
                        )
                mixed[:, :, place, w // JOINTS, w % JOINTS] += (
                    gathered @ weight[:, k].T
                )
    mixed += module.gcn.conv.bias[:, None, None, None]
    mixed = F.relu(module.gcn.bn(mixed.flatten(2, 3))).view_as(mixed)
    collapse = module.collapse.weight[:, :, 0, :, 0]
    out = (
        module.collapse.bias[None, :, None, None]
        .expand(persons, -1, len(places), JOINTS)
        .clone()
    )
    for step in range(window):
        out += torch.einsum(
            'nctv,oc->notv', mixed[:, :, :, step], collapse[:, :, step]
        )
    return module.bn(out)


@pytest.mark.parametrize(
    ('window', 'stride', 'frames'),
    [(3, 1, 5), (3, 2, 4), (5, 2, 3), (3, 1, 1)],
)
def test_windows_equal_the_loops(window, stride, frames):
    module = awake(WindowGCN(2, 3, 4, PATH, 3, window, stride)).eval()
    found = module(clip(frames=frames))
    assert found.shape == (2, 4, -(-frames // stride), JOINTS)
    torch.testing.assert_close(
        found, loop_window(module, clip(frames=frames), 3)
    )


def test_one_frame_equals_the_loops():
    module = awake(MultiScaleGCN(2, 3, PATH, 5)).eval()
    graphs = loop_graph(5, 1) + module.B
    weight = module.conv.weight[..., 0, 0].unflatten(1, (5, 2))
    want = torch.zeros(2, 3, 5, JOINTS, dtype=torch.float64)
    for k in range(5):
        for v in range(JOINTS):
            for w in range(JOINTS):
                moved = torch.einsum(
                    'nct,oc->not', clip()[..., v], weight[:, k]
                )
                want[..., w] += graphs[k, v, w] * moved
    want = F.relu(module.bn(want + module.conv.bias[:, None, None]))
    torch.testing.assert_close(module(clip()), want)


@pytest.mark.parametrize('window', [None, 3])
def test_joints_may_change_places(window):
    """With their graph, that is."""
    other_path = PATH[ORDER][:, ORDER]
    if window is None:
        one, other = (
            awake(MultiScaleGCN(2, 3, p, 3)) for p in (PATH, other_path)
        )
        size = 1
    else:
        one, other = (
            awake(WindowGCN(2, 3, 4, p, 3, window)) for p in (PATH, other_path)
        )
        size = window
    order = [f * JOINTS + v for f in range(size) for v in ORDER]
    other.load_state_dict(one.state_dict())
    for name, parameter in other.named_parameters():
        if name.endswith('B'):
            parameter.data = parameter.data[:, order][:, :, order]
    found = other.eval()(clip()[..., ORDER])
    torch.testing.assert_close(found, one.eval()(clip())[..., ORDER])


def test_the_learned_part_starts_near_zero():
    module = MultiScaleGCN(2, 3, PATH, 3)
    assert 0 < module.B.abs().max() <= 1e-6
    assert 'hops' not in module.state_dict()


@pytest.mark.parametrize('make', [
    lambda: MultiScaleGCN(2, 2, PATH, 2),
    lambda: WindowGCN(2, 2, 2, PATH, 2, 3, 2),
])  # fmt: skip
def test_gradients(make):
    module = awake(make())
    names, values = zip(*module.named_parameters(), strict=True)

    def call(x, *values):
        given = dict(zip(names, values, strict=True))
        return torch.func.functional_call(module, given, (x,))

    x = clip(frames=3).requires_grad_()
    assert gradcheck(call, (x, *values), fast_mode=True)


def test_a_window_has_a_middle():
    with pytest.raises(ValueError, match=r'odd number of frames.*got 4'):
        WindowGCN(2, 2, 2, PATH, 2, 4)


def test_the_sum_of_the_pathways_is_activated():
    """The second temporal unit and the windows are not, on their own."""
    block = awake(SpaceTimeBlock(2, 12, PATH, first=True, windows=(3,))).eval()
    parts = []
    for part in (block.factorised, block.unified[0]):
        part.register_forward_hook(lambda *a: parts.append(a[2].clone()))
    block.tcn.register_forward_pre_hook(lambda _, a: parts.append(a[0]))
    block(clip())
    assert all((part < 0).any() for part in parts[:2])
    torch.testing.assert_close(parts[2], F.relu(parts[0] + parts[1]))


def test_temporal_unit_adds_its_input():
    unit = awake(TemporalUnit(12, 12)).eval()
    x = clip(12)
    torch.testing.assert_close(unit(x), F.relu(unit.branches(x) + x))
    unit.activate = False
    torch.testing.assert_close(unit(x), unit.branches(x) + x)
