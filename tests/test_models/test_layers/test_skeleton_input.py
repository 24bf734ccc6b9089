import pytest
import torch
from torch import nn

from aclnet_plugin.models.layers.skeleton_input import SkeletonInput
from aclnet_plugin.structures import get_layout

COCO = get_layout('coco')


def test_each_channel_of_each_joint_by_itself():
    module = SkeletonInput(COCO, 3)
    nn.init.uniform_(module.bn.weight)
    nn.init.uniform_(module.bn.bias)
    x = torch.randn(2, 2, 5, 17, 3) * torch.rand(17, 3) + torch.rand(17, 3)
    found = module(x)
    assert found.shape == (4, 3, 5, 17)
    assert found.is_contiguous()
    for v in range(17):
        for c in range(3):
            values = x[..., v, c].flatten(0, 1)
            spread = (values.var(unbiased=False) + module.bn.eps).sqrt()
            want = (values - values.mean()) / spread
            place = v * 3 + c
            want = want * module.bn.weight[place] + module.bn.bias[place]
            torch.testing.assert_close(found[:, c, :, v], want)


@pytest.mark.parametrize(
    ('shape', 'message'),
    [
        ((1, 1, 4, 20, 3), r"17 joints \(layout 'coco'\) .* has 20 with 3"),
        ((1, 1, 4, 17, 2), r'with 3 channels, but the input has 17 with 2'),
        ((1, 4, 17, 3), r'\(1, 4, 17, 3\); does the pipeline end with'),
    ],
)
def test_what_does_not_fit_is_explained(shape, message):
    with pytest.raises(ValueError, match=message):
        SkeletonInput(COCO, 3)(torch.zeros(shape))
