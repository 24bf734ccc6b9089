import math

import pytest
import torch

from aclnet_plugin.models import (
    InterClassAffinityLoss,
    PrototypeContrastiveLoss,
)
from tests.test_models.test_losses.test_inter_affinity_loss import problem


def loop_loss(embed, labels, prototypes, member, usable, tau):
    """Softmax over the own and all usable prototypes, sample by sample."""
    losses = []
    for f, y in zip(embed, labels.tolist(), strict=True):
        power = [
            math.exp(float(f @ m / (f.norm() * m.norm())) / tau)
            for m in prototypes
        ]
        others = [a for a in range(len(power)) if usable[a] and a != y]
        if others:
            below = power[y] + sum(power[a] for a in others)
            losses.append(-math.log(power[y] / below))
    return sum(losses) / len(losses) if losses else 0.0


@pytest.mark.parametrize('tau', [0.125, 1.0])
@pytest.mark.parametrize('k', [2, 5, 40])
@pytest.mark.parametrize('seed', range(2))
def test_equals_the_loop(seed, k, tau):
    inputs = problem(k, 0.5, seed)
    loss = PrototypeContrastiveLoss(loss_weight=0.5, temperature=tau)
    want = loop_loss(**inputs, tau=tau) / 2
    assert loss(**inputs).item() == pytest.approx(want, rel=1e-5)


def test_is_the_affinity_loss_of_one_family_of_all_classes():
    inputs = problem(12, 0.5, 0)
    inputs['member'] = ~torch.eye(12).bool()
    want = InterClassAffinityLoss(temperatures=[0.125] * 3)(**inputs)
    torch.testing.assert_close(PrototypeContrastiveLoss()(**inputs), want)
    families = problem(12, 0.1, 1)['member']
    inputs['member'] = families
    torch.testing.assert_close(PrototypeContrastiveLoss()(**inputs), want)


def test_without_another_prototype():
    inputs = problem(5, 0.5, 0)
    inputs['usable'][:] = False
    inputs['embed'].requires_grad_()
    loss = PrototypeContrastiveLoss()(**inputs)
    loss.backward()
    assert loss == 0
    assert not inputs['embed'].grad.any()


def test_runs_in_float32_under_autocast():
    inputs = problem(40, 0.4, 0, dtype=torch.float32)
    loss = PrototypeContrastiveLoss()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        inside = loss(**inputs)
    assert torch.equal(inside, loss(**inputs))


def test_wrong_setting_is_explained():
    with pytest.raises(ValueError, match='temperature must be positive'):
        PrototypeContrastiveLoss(temperature=-1)
