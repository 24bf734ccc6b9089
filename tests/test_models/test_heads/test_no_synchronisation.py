"""A training step never asks the device for a value, nor hands it one."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from tests.test_models.test_heads.test_acl_head import (
    activate,
    batch,
    build,
    samples,
)

STALLING = {
    'aten::_local_scalar_dense': 'item(), int(), float(), bool()',
    'aten::is_nonzero': 'bool()',
    'aten::equal': 'torch.equal',
    'aten::nonzero': 'nonzero or indexing by a mask',
    'aten::masked_select': 'indexing by a mask',
    'aten::unique': 'unique',
    'aten::_unique2': 'unique',
    'aten::bincount': 'bincount',
    'aten::lift_fresh': 'torch.tensor of Python numbers',
}


class Watch(TorchDispatchMode):
    """Notes every operation that would stall a GPU."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.name().split('.')[0]
        if name in STALLING:
            self.seen.append(STALLING[name])
        if name.startswith('aten::index') and any(
            torch.is_tensor(index) and index.dtype == torch.bool
            for index in (args[1] if isinstance(args[1], list) else ())
        ):
            self.seen.append('indexing by a mask')
        return func(*args, **(kwargs or {}))


RIVALS = dict(
    loss_inter=dict(type='PrototypeContrastiveLoss'),
    loss_intra=dict(type='SupervisedContrastiveLoss'),
)


@pytest.mark.parametrize('losses', [{}, RIVALS])
@pytest.mark.parametrize('interval', [1, 3])
@pytest.mark.parametrize('behaviour', ['paper', 'release'])
def test_training_step(behaviour, interval, losses):
    head = build(
        behaviour=behaviour, bank_size=16, gather_interval=interval, **losses
    )
    activate(head)
    for seed in range(3 if interval == 1 else 7):
        (feats, relation), labels = batch(8, seed=seed)
        feats.requires_grad_()
        relation.requires_grad_()
        targets = samples(labels)
        with Watch() as watch:
            losses = head.loss((feats, relation), targets)
            sum(v for k, v in losses.items() if 'loss' in k).backward()
        # Also in steps that rebuild the families or gather what waits.
        assert not watch.seen
    assert losses['loss_inter'] > 0
    assert losses['loss_intra'] > 0


@pytest.mark.parametrize(
    'stall',
    [
        lambda x: x.sum().item(),
        lambda x: x[x > 0],
        lambda x: x + torch.tensor([1.0, 2.0]),
        lambda x: bool(x.any()),
    ],
)
def test_the_watch_sees(stall):
    with Watch() as watch:
        stall(torch.ones(2))
    assert watch.seen
