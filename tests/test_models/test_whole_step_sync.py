"""The model as MMEngine trains it: no value is fetched in a step."""

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope

from tests.test_models.test_heads.test_no_synchronisation import Watch
from tests.training import tiny_config

FETCHING = (
    'item',
    'tolist',
    'cpu',
    'numpy',
    'nonzero',
    '__bool__',
    '__int__',
    '__float__',
    '__array__',
)


@pytest.fixture
def fetched(monkeypatch):
    """Names of the tensor methods that were called to fetch values."""
    seen = []
    for name in FETCHING:
        original = getattr(torch.Tensor, name)

        def method(self, *args, _name=name, _original=original, **kwargs):
            seen.append(_name)
            return _original(self, *args, **kwargs)

        monkeypatch.setattr(torch.Tensor, name, method)
    return seen


@pytest.fixture
def model():
    init_default_scope('mmaction')
    config = tiny_config('unused', 'unused')
    model = MODELS.build(config.model).train()
    model.cls_head.loss_intra.full_only = False
    model.backbone.share_absent = 'never'  # as by default on a GPU
    return model


def batch():
    g = torch.Generator().manual_seed(0)
    clips = torch.randn(4, 1, 2, 8, 25, 3, generator=g)
    clips[:2, :, 1] = 0  # one person
    samples = [ActionDataSample().set_gt_label(label) for label in (0, 1) * 2]
    return dict(inputs=list(clips), data_samples=samples)


def test_training_step(model, fetched):
    wrapper = OptimWrapper(
        torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    )
    state = model.cls_head.affinity
    for epoch in range(1, 4):
        state.set_epoch(epoch, True, scoring=epoch > 1, rebuild=epoch > 1)
        # MMEngine pads by sizes that it keeps in tensors, on the host.
        data = model.data_preprocessor(batch(), training=True)
        fetched.clear()
        with Watch() as watch:
            losses = model(**data, mode='loss')
            total, losses = model.parse_losses(losses)
            wrapper.update_params(total)
        assert not watch.seen
        assert not fetched
    assert losses['loss_inter'] > 0
    assert losses['loss_intra'] > 0


@pytest.mark.parametrize(
    'fetch',
    [
        lambda x: x.cpu(),
        lambda x: x.numpy(),
        lambda x: x.tolist(),
        lambda x: float(x[0]),
        lambda x: int(x[0]),
        lambda x: bool(x[0]),
        lambda x: x.nonzero(),
    ],
)
def test_the_trap_works(fetched, fetch):
    fetch(torch.ones(2))
    assert fetched


def test_sharing_absent_persons_is_what_asks_the_device(model):
    """Which is why a training on a GPU does without, unless told to."""
    model.backbone.share_absent = 'always'
    clips = batch()['inputs']
    with Watch() as watch:
        model.backbone(torch.stack(clips)[:, 0])
    assert watch.seen
