import pytest
import torch
from torch import nn
from torch.nn import functional as F

from aclnet_plugin.models.layers.temporal_branches import (
    TemporalBranches,
    shortcut,
)


@pytest.mark.parametrize('frames', [1, 2, 7, 8])
@pytest.mark.parametrize('stride', [1, 2])
@pytest.mark.parametrize('dilations', [(1, 2), (1, 2, 3, 4)])
def test_shapes(frames, stride, dilations):
    unit = TemporalBranches(5, 13, 3, dilations, stride)
    out = unit(torch.randn(2, 5, frames, 4))
    assert out.shape == (2, 13, -(-frames // stride), 4)
    assert shortcut(5, 13, stride)(torch.randn(2, 5, frames, 4)).shape == (
        out.shape
    )


def test_branches_equal_their_description():
    torch.manual_seed(0)
    unit = TemporalBranches(3, 8, 5, (1, 2), stride=2).double().eval()
    for norm in unit.modules():
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.uniform_(norm.running_mean)
            nn.init.uniform_(norm.running_var, 0.5, 2)
            nn.init.uniform_(norm.weight)
            nn.init.uniform_(norm.bias)
    x = torch.randn(2, 3, 9, 4, dtype=torch.float64)
    want = []
    for branch, dilation in zip(unit.branches, (1, 2), strict=False):
        conv, bn, _, temporal, last = branch
        small = F.relu(bn(conv(x)))
        found = torch.zeros(2, 2, 5, 4, dtype=torch.float64)
        for place in range(5):
            for step in range(5):
                frame = 2 * place + (step - 2) * dilation
                if 0 <= frame < 9:
                    found[:, :, place] += torch.einsum(
                        'ncv,oc->nov',
                        small[:, :, frame],
                        temporal.weight[:, :, step, 0],
                    )
        want.append(last(found + temporal.bias[:, None, None]))
    conv, bn, _, _, last = unit.branches[2]
    small = F.relu(bn(conv(x)))
    highest = [
        small[:, :, max(0, 2 * t - 1) : 2 * t + 2].amax(2) for t in range(5)
    ]
    want.append(last(torch.stack(highest, 2)))
    conv, bn = unit.branches[3]
    kept = torch.einsum('nctv,oc->notv', x[:, :, ::2], conv.weight[..., 0, 0])
    want.append(bn(kept + conv.bias[:, None, None]))
    torch.testing.assert_close(unit(x), torch.cat(want, 1))


def test_identity_where_nothing_changes():
    assert isinstance(shortcut(4, 4, 1), nn.Identity)


def test_too_few_channels_are_explained():
    with pytest.raises(ValueError, match=r'4 temporal branches.*got 3'):
        TemporalBranches(3, 3, 5, (1, 2))
