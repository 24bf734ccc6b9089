import math

import pytest
import torch
from mmaction.registry import MODELS

from aclnet_plugin.models import IntraClassMarginLoss
from aclnet_plugin.models.losses.intra_margin_loss import intra_margin_loss


def loop_loss(
    embed, labels, slots, columns, bank_labels, tau=0.1, margin=0.1, **kwargs
):
    """Eq. 15 for each anchor and each of its positives."""
    unit = kwargs.get('margin_unit', 'logit')
    floor = kwargs.get('floor', 0.0)
    total = 0.0
    for i in range(len(labels)):
        filled = [j for j in range(len(columns)) if bank_labels[j] >= 0]
        logit = {j: float(embed[i] @ columns[j]) / tau for j in filled}
        if floor:
            shift = max(logit.values())
            logit = {j: value - shift for j, value in logit.items()}
        positives = [
            j for j in filled if bank_labels[j] == labels[i] and j != slots[i]
        ]
        negatives = [j for j in filled if bank_labels[j] != labels[i]]
        losses = []
        for u in positives:
            e = margin if unit == 'logit' else margin / tau
            below = math.exp(logit[u] - e) + sum(
                math.exp(logit[v]) for v in negatives
            )
            losses.append(-math.log(math.exp(logit[u]) / (below + floor)))
        if losses:
            mean = kwargs.get('reduction', 'mean') == 'mean'
            total += sum(losses) / (len(losses) if mean else 1)
    return total / len(labels)


def problem(seed, batch=6, size=20, classes=4, dim=8, filled=1.0):
    g = torch.Generator().manual_seed(seed)

    def unit(n):
        x = torch.randn(n, dim, generator=g, dtype=torch.float64)
        return x / x.norm(dim=1, keepdim=True)

    columns = unit(size)
    bank_labels = torch.randint(0, classes, (size,), generator=g)
    bank_labels[torch.rand(size, generator=g) > filled] = -1
    slots = torch.randperm(size, generator=g)[:batch]
    labels = torch.randint(0, classes, (batch,), generator=g)
    embed = unit(batch)
    columns[slots], bank_labels[slots] = embed, labels
    return embed, labels, slots, columns, bank_labels


SETTINGS = [
    dict(),
    dict(margin_unit='cosine'),
    dict(reduction='sum'),
    dict(floor=1e-6),
    dict(floor=1e-2, margin_unit='cosine'),
]


@pytest.mark.parametrize('settings', SETTINGS)
@pytest.mark.parametrize(
    'kind', [dict(), dict(filled=0.3), dict(classes=1), dict(classes=50)]
)
@pytest.mark.parametrize('seed', range(2))
def test_equals_the_loop(seed, kind, settings):
    """Full and part-filled bank; no negatives; mostly no positives."""
    inputs = problem(seed, **kind)
    got = IntraClassMarginLoss(loss_weight=1.0, **settings)(*inputs)
    want = loop_loss(*inputs, **settings)
    assert got.item() == pytest.approx(want, rel=1e-4, abs=1e-6)


def test_anchor_outside_the_bank_has_no_self_match():
    embed, labels, slots, columns, bank_labels = problem(0)
    slots[0] = -1
    got = IntraClassMarginLoss(loss_weight=1.0)(
        embed, labels, slots, columns, bank_labels
    )
    want = loop_loss(embed, labels, slots, columns, bank_labels)
    assert got.item() == pytest.approx(want, rel=1e-4)


@pytest.mark.parametrize('floor', [0.0, 1e-6])
@pytest.mark.parametrize('reduction', ['mean', 'sum'])
@pytest.mark.parametrize('classes', [1, 3, 50])
def test_gradient(classes, reduction, floor):
    embed, labels, slots, columns, bank_labels = problem(
        1, batch=3, size=7, classes=classes, dim=3
    )
    itself = slots[:, None] == torch.arange(7)
    same = labels[:, None] == bank_labels

    def scored(logits):
        # The shift by the maximum is a constant of the method; adding the
        # maximum back keeps the finite differences on the same footing.
        logits = torch.cat([logits, logits.new_full((3, 1), 9.0)], 1)
        pad = torch.nn.functional.pad
        return intra_margin_loss(
            logits,
            pad(same & ~itself, (0, 1)),
            pad(~same, (0, 1)),
            0.1,
            floor,
            reduction,
        )

    logits = (embed @ columns.T).requires_grad_()
    assert torch.autograd.gradcheck(scored, (logits,))


def test_finite_for_equal_features_and_large_logits():
    for scale in (0.0, 1.0, 1e4, -1e4):
        logits = torch.full((2, 4), scale, requires_grad=True)
        positives = torch.tensor([[True, False, False, False]] * 2)
        for floor in (0.0, 1e-6):
            loss = intra_margin_loss(logits, positives, ~positives, 0.1, floor)
            (grad,) = torch.autograd.grad(loss, logits)
            assert torch.isfinite(loss)
            assert torch.isfinite(grad).all()


def test_runs_in_float32_under_autocast():
    inputs = problem(0)
    loss = IntraClassMarginLoss()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        inside = loss(*inputs)
    assert torch.equal(inside, loss(*inputs))


@pytest.mark.parametrize(
    ('kwargs', 'message'),
    [
        (dict(temperature=0), 'temperature'),
        (dict(margin_unit='degrees'), 'margin_unit'),
        (dict(reduction='max'), 'reduction'),
        (dict(floor=-1), 'floor'),
    ],
)
def test_wrong_settings_are_explained(kwargs, message):
    with pytest.raises(ValueError, match=message):
        IntraClassMarginLoss(**kwargs)


def test_registered():
    loss = MODELS.build(dict(type='IntraClassMarginLoss', margin=0.3))
    assert loss.logit_margin == 0.3
    loss = IntraClassMarginLoss(margin=0.3, margin_unit='cosine')
    assert loss.logit_margin == pytest.approx(3.0)
    assert not list(loss.parameters())
    assert not list(loss.buffers())
