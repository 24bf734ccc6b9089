"""Calls are credited to their parts, and nothing stays behind."""

import time

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from aclnet_plugin.engine.profiling import Timeline
from aclnet_plugin.engine.profiling.activation import activate_losses
from aclnet_plugin.engine.profiling.instruments import (
    instrumented,
    time_gradient_sync,
    timed_call,
)
from aclnet_plugin.utils.dist import gather_batch
from benchmarks.plain.models import recogniser
from tests.ddp import run_ranks


class Slow(nn.Module):
    """Takes its time, forward or backward."""

    def __init__(self, seconds):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.seconds = seconds

    def forward(self, x):
        time.sleep(self.seconds)
        return x * self.weight


class Head(Slow):
    def loss(self, x):
        time.sleep(self.seconds)
        return {'loss_cls': x * self.weight, **self.contrastive_losses(x)}

    def contrastive_losses(self, x):
        time.sleep(3 * self.seconds)
        return {'loss_inter': x}


class Model(BaseModel):
    def __init__(self):
        super().__init__()
        self.backbone = Slow(0.02)
        self.cls_head = Head(0.01)

    def forward(self, x, mode):
        return self.cls_head.loss(self.backbone(x))


def test_parts_of_a_step():
    model = Model()
    optimiser = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    timeline = Timeline()
    before = [set(vars(owner)) for owner in (model.backbone, optimiser)]
    with instrumented(model, optimiser, timeline), timeline.step():
        model.train_step(dict(x=torch.ones(())), optim_wrapper=optimiser)
    (step,) = timeline.steps
    # Lower bounds only: sleep never takes less.
    assert step['backbone'] >= 0.02
    assert step['losses'] >= 0.03
    assert step['head'] >= 0.01
    assert all(step[part] > 0 for part in ('copy', 'backward', 'optimiser'))
    assert step['sync'] == step['data'] == 0
    # As before, so that a model can be saved or copied.
    after = [set(vars(owner)) for owner in (model.backbone, optimiser)]
    assert before == after
    model.train_step(dict(x=torch.ones(())), optim_wrapper=optimiser)
    assert len(timeline.steps) == 1


def test_a_function_of_a_module_is_put_back():
    timeline = Timeline()
    sleep = time.sleep
    with pytest.raises(ZeroDivisionError), timeline.step():
        with timed_call(time, 'sleep', 'sync', timeline):
            assert time.sleep is not sleep
            raise ZeroDivisionError
    assert time.sleep is sleep


@pytest.mark.parametrize('behaviour', ['paper', 'release'])
def test_both_losses_are_active(behaviour):
    model = recogniser(base_channels=8)
    head = model.cls_head
    head.loss_intra.full_only = behaviour == 'release'
    assert activate_losses(model) == 1
    relation = torch.randn(6, head.relation_dim)
    labels = torch.arange(6)
    # Wrong predictions: classes get families, and with them negatives.
    losses = head.train().contrastive_losses(relation, labels, labels.flip(0))
    assert losses['loss_inter'] > 0
    assert losses['loss_intra'] > 0
    losses['loss_inter'].backward()
    assert head.inter_proj.weight.grad is not None


def test_a_stock_model_has_no_state():
    assert activate_losses(nn.Linear(2, 2)) == 0


def _gradient(rank):
    torch.manual_seed(0)
    model = DistributedDataParallel(nn.Linear(3, 1))
    timeline = Timeline()
    assert time_gradient_sync(model, timeline)
    gradients = []
    for measured in (False, True):
        model.zero_grad()
        loss = model(torch.full((1, 3), rank + 1.0)).sum()
        if not measured:
            loss.backward()
        else:
            with timeline.step(), timeline.part('backward'):
                loss.backward()
        gradients.append(model.module.weight.grad.clone())
    return {
        'gradients': torch.stack(gradients),
        'sync': timeline.steps[0]['sync'],
    }


def _gather(rank):
    model = Model()
    optimiser = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    timeline = Timeline()
    with instrumented(model, optimiser, timeline), timeline.step():
        batch = gather_batch(
            *(torch.full((1, 2), float(rank)) for _ in range(2)),
            *(torch.tensor([rank]) for _ in range(2)),
        )
    return {'labels': batch.labels, 'sync': timeline.steps[0]['sync']}


def test_the_exchange_of_batches_is_timed(tmp_path):
    for outcome in run_ranks(tmp_path, _gather):
        assert outcome['labels'].tolist() == [0, 1]
        assert outcome['sync'] > 0


def test_gradients_are_averaged_and_timed(tmp_path):
    assert not time_gradient_sync(nn.Linear(2, 2), Timeline())
    for outcome in run_ranks(tmp_path, _gradient):
        expected = torch.full((2, 1, 3), 1.5)
        torch.testing.assert_close(outcome['gradients'], expected)
        assert outcome['sync'] > 0
