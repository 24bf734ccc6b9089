import math

import pytest
import torch

from aclnet_plugin.models import SupervisedContrastiveLoss
from aclnet_plugin.models.losses.supervised_contrastive_loss import (
    supervised_contrastive_loss,
)
from tests.test_models.test_losses.test_intra_margin_loss import problem


def loop_loss(embed, labels, slots, columns, bank_labels, tau=0.1):
    """Eq. 2 of SupCon for each anchor and each of its positives."""
    total = 0.0
    for i in range(len(labels)):
        others = [
            j
            for j in range(len(columns))
            if bank_labels[j] >= 0 and j != slots[i]
        ]
        power = {
            j: math.exp(float(embed[i] @ columns[j]) / tau) for j in others
        }
        positives = [j for j in others if bank_labels[j] == labels[i]]
        losses = [-math.log(power[u] / sum(power.values())) for u in positives]
        total += sum(losses) / max(len(losses), 1)
    return total / len(labels)


@pytest.mark.parametrize(
    'kind', [dict(), dict(filled=0.3), dict(classes=1), dict(classes=50)]
)
@pytest.mark.parametrize('seed', range(2))
def test_equals_the_loop(seed, kind):
    """Full and part-filled bank; no negatives; mostly no positives."""
    inputs = problem(seed, **kind)
    got = SupervisedContrastiveLoss(loss_weight=1.0)(*inputs)
    assert got.item() == pytest.approx(loop_loss(*inputs), rel=1e-4, abs=1e-6)
    got = SupervisedContrastiveLoss(loss_weight=0.5, temperature=0.7)(*inputs)
    want = loop_loss(*inputs, tau=0.7) / 2
    assert got.item() == pytest.approx(want, rel=1e-4, abs=1e-6)


def test_anchor_outside_the_bank_has_no_self_match():
    embed, labels, slots, columns, bank_labels = problem(0)
    slots[0] = -1
    inputs = embed, labels, slots, columns, bank_labels
    got = SupervisedContrastiveLoss(loss_weight=1.0)(*inputs)
    assert got.item() == pytest.approx(loop_loss(*inputs), rel=1e-4)


@pytest.mark.parametrize('classes', [1, 3, 50])
def test_gradient(classes):
    embed, labels, slots, columns, bank_labels = problem(
        1, batch=3, size=7, classes=classes, dim=3
    )
    compared = slots[:, None] != torch.arange(7)
    positives = compared & (labels[:, None] == bank_labels)
    logits = (embed @ columns.T).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x: supervised_contrastive_loss(x, positives, compared), logits
    )


def test_finite_for_extreme_logits_and_an_empty_bank():
    masks = torch.tensor([[True, True, False]]), torch.zeros(1, 3).bool()
    for scale in (0.0, 1e4, -1e4):
        for compared in masks:
            logits = torch.tensor([[scale, 0.0, 1.0]], requires_grad=True)
            loss = supervised_contrastive_loss(
                logits, compared & torch.tensor([True, False, False]), compared
            )
            (grad,) = torch.autograd.grad(loss, logits)
            assert torch.isfinite(loss)
            assert torch.isfinite(grad).all()
            assert not grad[~compared].any()


def test_runs_in_float32_under_autocast():
    inputs = problem(0)
    loss = SupervisedContrastiveLoss()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        inside = loss(*inputs)
    assert torch.equal(inside, loss(*inputs))


def test_wrong_setting_is_explained():
    with pytest.raises(ValueError, match='temperature must be positive'):
        SupervisedContrastiveLoss(temperature=0)
