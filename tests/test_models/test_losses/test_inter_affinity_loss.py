import math

import pytest
import torch
from mmaction.registry import MODELS

from aclnet_plugin.models import InterClassAffinityLoss
from aclnet_plugin.models.losses.inter_affinity_loss import (
    cosine_similarity,
    inter_affinity_loss,
)


def loop_loss(embed, labels, prototypes, member, usable):
    """Eq. 8 and 9, sample by sample."""

    def cosine(a, b):
        return float(a @ b / (a.norm() * b.norm()))

    losses = []
    for f, y in zip(embed, labels.tolist(), strict=True):
        size = int(member[y].sum())
        tau = 0.1 if size <= 10 else 0.5 if size <= 20 else 1.0
        family = [a for a in range(len(member)) if member[y, a] and usable[a]]
        if not family:
            continue
        own = math.exp(cosine(f, prototypes[y]) / tau)
        others = sum(math.exp(cosine(f, prototypes[a]) / tau) for a in family)
        losses.append(-math.log(own / (own + others)))
    return sum(losses) / len(losses) if losses else 0.0


def problem(k, density, seed, batch=12, dim=8, dtype=torch.float64):
    g = torch.Generator().manual_seed(seed)
    return dict(
        embed=torch.randn(batch, dim, generator=g, dtype=dtype),
        labels=torch.randint(0, k, (batch,), generator=g),
        prototypes=torch.randn(k, dim, generator=g, dtype=dtype),
        member=torch.rand(k, k, generator=g) < density,
        usable=torch.rand(k, generator=g) < 0.9,
    )


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize(
    ('k', 'density'), [(5, 0.5), (5, 0.0), (40, 0.1), (40, 0.4), (40, 0.9)]
)
def test_equals_the_loop(k, density, seed):
    """Small, empty, medium and large families; some classes unusable."""
    inputs = problem(k, density, seed)
    got = InterClassAffinityLoss(loss_weight=1.0)(**inputs)
    assert got.item() == pytest.approx(loop_loss(**inputs), rel=1e-5)


def test_sample_in_its_own_family_counts_twice():
    """The release can put a class into its own family."""
    similarity = torch.tensor([[0.5, 0.2]])
    negatives = torch.tensor([[True, True]])
    loss = inter_affinity_loss(
        similarity, torch.tensor([0]), negatives, torch.ones(1)
    )
    own, other = math.exp(0.5), math.exp(0.2)
    assert loss.item() == pytest.approx(-math.log(own / (2 * own + other)))


def test_samples_without_family_do_not_dilute_the_mean():
    similarity = torch.tensor([[0.5, 0.2], [0.1, 0.9]])
    negatives = torch.tensor([[False, True], [False, False]])
    both = inter_affinity_loss(
        similarity, torch.tensor([0, 1]), negatives, torch.ones(2)
    )
    alone = inter_affinity_loss(
        similarity[:1], torch.tensor([0]), negatives[:1], torch.ones(1)
    )
    torch.testing.assert_close(both, alone)


def test_gradient():
    inputs = problem(6, 0.5, 0, batch=4, dim=3)
    labels, member = inputs['labels'], inputs['member']
    temperature = torch.full((4,), 0.5, dtype=torch.float64)

    def scored(embed, prototypes):
        return inter_affinity_loss(
            cosine_similarity(embed, prototypes),
            labels,
            member[labels],
            temperature,
        )

    arguments = [
        inputs[key].requires_grad_() for key in ('embed', 'prototypes')
    ]
    assert torch.autograd.gradcheck(scored, arguments)


def test_finite_for_extreme_and_zero_features():
    inputs = problem(6, 0.5, 0, dtype=torch.float32)
    for scale in (0.0, 1e-20, 1e4, 1e15):
        embed = (inputs['embed'] * scale).requires_grad_()
        loss = InterClassAffinityLoss()(**inputs | {'embed': embed})
        loss.backward()
        assert torch.isfinite(loss)
        assert torch.isfinite(embed.grad).all()


def test_runs_in_float32_under_autocast():
    inputs = problem(40, 0.4, 0, dtype=torch.float32)
    loss = InterClassAffinityLoss()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        inside = loss(**inputs)
    assert torch.equal(inside, loss(**inputs))


@pytest.mark.parametrize(
    ('kwargs', 'message'),
    [
        (dict(temperatures=(0.1, 1.0)), '2 bounds separate 3'),
        (dict(bounds=(20, 10)), 'ascend'),
        (dict(temperatures=(0.0, 0.5, 1.0)), 'positive'),
    ],
)
def test_wrong_settings_are_explained(kwargs, message):
    with pytest.raises(ValueError, match=message):
        InterClassAffinityLoss(**kwargs)


def test_registered():
    loss = MODELS.build(dict(type='InterClassAffinityLoss', loss_weight=2.0))
    assert loss.loss_weight == 2.0
    assert not list(loss.parameters())
    assert not list(loss.buffers())
