import pytest
import torch
from torch import nn
from torch.autograd import gradcheck
from torch.nn import functional as F

from aclnet_plugin.models.layers.channel_topology import (
    ChannelTopologyBlock,
    ChannelTopologyGCN,
)

SUBSETS, JOINTS = 3, 4


def adjacency(seed=0):
    g = torch.Generator().manual_seed(seed)
    return torch.rand(SUBSETS, JOINTS, JOINTS, generator=g)


def unit(in_channels=4, out_channels=6, reduction=2):
    """A unit in which nothing is as at the start, in float64."""
    torch.manual_seed(0)
    module = ChannelTopologyGCN(
        in_channels, out_channels, adjacency(), reduction
    )
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    nn.init.uniform_(module.bn.running_mean)
    nn.init.uniform_(module.bn.running_var, 0.5, 2)
    return module.double()


def clip(channels=4, persons=2, frames=3):
    g = torch.Generator().manual_seed(1)
    shape = (persons, channels, frames, JOINTS)
    return torch.randn(shape, generator=g, dtype=torch.float64)


def linear(conv, vector, subset):
    """What one subset's part of a pointwise convolution does."""
    weight = conv.weight[..., 0, 0].chunk(SUBSETS)[subset]
    return weight @ vector + conv.bias.chunk(SUBSETS)[subset]


@torch.no_grad()
def loop(module, x):
    """The equation: sample by sample, channel by channel, pair by pair."""
    persons, _, frames, _ = x.shape
    width = module.bn.num_features
    found = torch.zeros(persons, SUBSETS, width, JOINTS, JOINTS).double()
    out = torch.zeros(persons, width, frames, JOINTS).double()
    for n in range(persons):
        mean = x[n].mean(1)
        for k in range(SUBSETS):
            for v in range(JOINTS):
                source = linear(module.source, mean[:, v], k)
                for w in range(JOINTS):
                    target = linear(module.target, mean[:, w], k)
                    found[n, k, :, v, w] = linear(
                        module.refine, torch.tanh(source - target), k
                    )
            for t in range(frames):
                for v in range(JOINTS):
                    value = linear(module.value, x[n, :, t, v], k)
                    for w in range(JOINTS):
                        for c in range(width):
                            out[n, c, t, w] += value[c] * (
                                module.A[k, v, w]
                                + module.alpha * found[n, k, c, v, w]
                            )
    return F.relu(module.bn(out) + module.down(x)), found


@pytest.mark.parametrize('out_channels', [4, 6])
def test_unit_equals_the_loops(out_channels):
    module = unit(out_channels=out_channels).eval()
    out = module(clip())
    torch.testing.assert_close(out, loop(module, clip()))
    assert out[0].any() and out[1].any()


def test_joints_may_change_places():
    """With their graph, that is."""
    module = unit().eval()
    order = torch.tensor([2, 0, 3, 1])
    out, found = module(clip())
    with torch.no_grad():
        module.A.copy_(module.A[:, order][:, :, order])
    moved_out, moved = module(clip()[..., order])
    torch.testing.assert_close(moved_out, out[..., order])
    torch.testing.assert_close(moved, found[..., order, :][..., order])


def test_it_starts_with_the_topology_that_is_given():
    torch.manual_seed(0)
    module = ChannelTopologyGCN(4, 4, adjacency()).double()
    x = clip()
    out, found = module(x)
    assert found.any(), 'correlations without influence'
    values = module.value(x).unflatten(1, (SUBSETS, 4))
    static = adjacency().double()
    want = sum(values[:, k] @ static[k] for k in range(SUBSETS))
    torch.testing.assert_close(out, F.relu(module.bn(want) + x))
    # And it can leave the start.
    out.square().sum().backward()
    assert module.alpha.grad != 0


def test_gradients():
    module = unit(2, 2, reduction=1)
    names, values = zip(*module.named_parameters(), strict=True)

    def call(x, *values):
        given = dict(zip(names, values, strict=True))
        return torch.func.functional_call(module, given, (x,))

    x = clip(2).requires_grad_()
    assert gradcheck(call, (x, *values))


def test_first_block_has_no_residual_and_eight_channels():
    first = ChannelTopologyBlock(3, 8, adjacency(), first=True)
    assert first.residual is None
    assert first.gcn.source.out_channels == 8 * SUBSETS
    later = ChannelTopologyBlock(16, 16, adjacency())
    assert isinstance(later.residual, nn.Identity)
    assert later.gcn.source.out_channels == 2 * SUBSETS


def test_start_values():
    """Each subset is scaled by its own number of outputs."""
    torch.manual_seed(0)
    module = ChannelTopologyBlock(128, 128, adjacency())
    for conv, outputs in (
        (module.gcn.value, 128),
        (module.gcn.source, 16),
        (module.tcn.branches[0][3], 32 * 5),
    ):
        assert not conv.bias.any()
        std = (2 / outputs) ** 0.5
        assert conv.weight.std().item() == pytest.approx(std, rel=0.05)
    assert (module.gcn.bn.weight == 1e-6).all()


@pytest.mark.parametrize(
    ('first', 'outputs'), [(True, 8), (False, 8), (False, 4)]
)
def test_what_a_block_adds_up(first, outputs):
    torch.manual_seed(0)
    block = ChannelTopologyBlock(4, outputs, adjacency(), first=first)
    block = block.double().eval()
    x = clip()
    want = block.tcn(block.gcn(x)[0])
    if not first:
        want = want + (x if outputs == 4 else block.residual(x))
    torch.testing.assert_close(block(x)[0], F.relu(want))
