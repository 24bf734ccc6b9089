"""Mixed precision, extreme inputs and long random training of the head."""

import contextlib
import copy
import random

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from aclnet_plugin.models.affinity import ClassPrototypes
from tests.test_models.test_heads.test_acl_head import (
    activate,
    batch,
    build,
    samples,
)

BEHAVIOURS = ('paper', 'release')
HALVES = (torch.bfloat16, torch.float16)
STATE_TYPES = {
    'confusion.counts': torch.int64,
    'families.member': torch.bool,
    'prototypes.mean': torch.float32,
    'prototypes.seen': torch.bool,
    'bank.feats': torch.float32,
    'bank.labels': torch.int64,
    'bank.cursor': torch.int64,
    'epoch': torch.int64,
}

both = pytest.mark.parametrize('behaviour', BEHAVIOURS)
halves = pytest.mark.parametrize('dtype', HALVES)


def autocast(dtype):
    """Autocast to a half type, or nothing for None and float32."""
    if dtype not in HALVES:
        return contextlib.nullcontext()
    return torch.autocast('cpu', dtype=dtype)


def total(losses):
    return sum(value for name, value in losses.items() if 'loss' in name)


def grads_of(module):
    return {
        name: parameter.grad
        for name, parameter in module.named_parameters()
        if parameter.grad is not None
    }


def all_finite(tensors):
    return all(t.isfinite().all() for t in tensors)


class HalfMath(TorchDispatchMode):
    """Notes what computes in a half type; mere conversions do not."""

    MOVES = ('aten::_to_copy', 'aten::detach', 'aten::view', 'aten::expand')

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if func.name().split('.')[0] not in self.MOVES and any(
            torch.is_tensor(value) and value.dtype in HALVES
            for value in tree_leaves((args, kwargs, out))
        ):
            self.seen.append(func.name())
        return out


# Autocast


@halves
@both
def test_losses_and_state_are_those_of_float32(behaviour, dtype):
    """To the last bit, from relation vectors that were rounded before."""
    head = build(behaviour=behaviour)
    twin = copy.deepcopy(head)
    for step in range(6):
        (_, relation), labels = batch(5, seed=step)
        preds = labels.roll(step)
        relation = relation.to(dtype)
        if step == 2:
            activate(head)
            activate(twin)
        for module in (head, twin):
            module.zero_grad()
        with autocast(dtype):
            losses = head.contrastive_losses(relation, labels, preds)
        wanted = twin.contrastive_losses(relation.float(), labels, preds)
        for name, loss in losses.items():
            assert loss.dtype == torch.float32, name
            assert torch.equal(loss, wanted[name]), name
        if total(losses).requires_grad:
            total(losses).backward()
            total(wanted).backward()
        grads, wanted = grads_of(head), grads_of(twin)
        assert grads.keys() == wanted.keys()
        for name, grad in grads.items():
            assert grad.dtype == torch.float32, name
            assert grad.isfinite().all(), name
            assert torch.equal(grad, wanted[name]), name
        state = head.affinity.state_dict()
        assert {k: v.dtype for k, v in state.items()} == STATE_TYPES
        for name, value in twin.affinity.state_dict().items():
            assert torch.equal(state[name], value), name
    assert all(loss > 0 for loss in losses.values())
    assert {'inter_proj.weight', 'intra_proj.weight'} <= grads.keys()


@halves
@both
def test_no_half_arithmetic_in_losses_and_state(behaviour, dtype):
    head = build(behaviour=behaviour)
    activate(head)
    for seed in range(3):
        (_, relation), labels = batch(8, seed=seed)
        relation = relation.to(dtype).requires_grad_()
        with HalfMath() as half:
            with autocast(dtype):
                losses = head.contrastive_losses(
                    relation, labels, labels.roll(1)
                )
            if total(losses).requires_grad:
                total(losses).backward()
        assert not half.seen
    assert all(loss > 0 for loss in losses.values())
    assert relation.grad.isfinite().all()


def test_half_arithmetic_is_seen():
    x = torch.randn(3, 3)
    with HalfMath() as half:
        x.bfloat16().float()
        assert not half.seen
        with torch.autocast('cpu', dtype=torch.bfloat16):
            x @ x
    assert half.seen == ['aten::mm']


@pytest.mark.parametrize('dtype', [torch.float32, *HALVES])
@both
def test_a_whole_step_under_autocast(behaviour, dtype):
    head = build(behaviour=behaviour)
    activate(head)
    for seed in range(3):
        (feats, relation), labels = batch(8, seed=seed)
        feats = feats.to(dtype)
        head.zero_grad()
        with autocast(dtype):
            losses = head.loss((feats, relation), samples(labels))
            scores = head((feats, relation))
        assert scores.dtype == dtype, 'autocast has reached the classifier'
        want = F.cross_entropy(scores.float(), labels)
        torch.testing.assert_close(losses['loss_cls'], want)
        for name, value in losses.items():
            assert value.dtype == torch.float32, name
            assert value.isfinite(), name
        total(losses).backward()
        grads = grads_of(head)
        assert all(grad.dtype == torch.float32 for grad in grads.values())
        assert all_finite(grads.values())
    assert len(grads) == 6, 'classifier and both projections'
    state = head.affinity.state_dict()
    assert {k: v.dtype for k, v in state.items()} == STATE_TYPES


@halves
def test_label_smoothing_under_autocast(dtype):
    """CPU autocast has no rule for the host's logarithm of a softmax."""
    head = build(label_smooth_eps=0.1)
    (feats, relation), labels = batch(8)
    with autocast(dtype):
        losses = head.loss((feats, relation), samples(labels))
        scores = head((feats, relation))
    want = F.cross_entropy(scores.float(), labels, label_smoothing=0.1)
    assert losses['loss_cls'].dtype == torch.float32
    torch.testing.assert_close(losses['loss_cls'], want)


# Extreme inputs


def alternate(feats, relation, labels, scale):
    """Both signs of one number in every entry."""
    return (feats.sign() * scale, relation.sign() * scale), labels


EXTREMES = {
    'large': lambda f, r, y: alternate(f, r, y, 1e4),
    # Squares of the entries overflow.
    'huge relation': lambda f, r, y: ((f, r * 1e25), y),
    'all equal': lambda f, r, y: ((f[:1].expand_as(f), r[:1].expand_as(r)), y),
    'all zero': lambda f, r, y: ((f * 0, r * 0), y),
    'some zero': lambda f, r, y: ((f, r * (y > 2)[:, None]), y),
    # Squares of the entries underflow; then they are denormal themselves.
    'tiny': lambda f, r, y: ((f * 1e-25, r * 1e-25), y),
    'denormal': lambda f, r, y: ((f * 1e-40, r * 1e-40), y),
    'one class': lambda f, r, y: ((f, r), y * 0 + 2),
    'one class, all equal': lambda f, r, y: (
        (f[:1].expand_as(f), r[:1].expand_as(r)),
        y * 0 + 2,
    ),
    'one sample': lambda f, r, y: ((f[:1], r[:1]), y[:1]),
}


def check_extreme(head, make, size, dtype):
    """Four steps, so that the bank is full and the families are rebuilt."""
    for seed in range(4):
        (feats, relation), labels = batch(size, seed=seed)
        (feats, relation), labels = make(feats, relation, labels)
        feats = feats.to(dtype).detach().requires_grad_()
        relation = relation.detach().requires_grad_()
        head.zero_grad()
        with autocast(dtype):
            losses = head.loss((feats, relation), samples(labels))
        assert all_finite(losses.values()), losses
        total(losses).backward()
        grads = grads_of(head) | {'feats': feats.grad}
        if relation.grad is not None:
            grads['relation'] = relation.grad
        for name, grad in grads.items():
            assert grad.isfinite().all(), name
        assert all_finite(head.affinity.buffers())
    head.eval()
    with autocast(dtype):
        losses = head.loss((feats, relation), samples(labels))
    assert all_finite(losses.values()), losses
    return losses


@pytest.mark.parametrize('bias', [True, False])
@pytest.mark.parametrize('dtype', [torch.float32, *HALVES])
@pytest.mark.parametrize('name', EXTREMES)
@both
def test_extreme_inputs(behaviour, name, dtype, bias):
    head = build(behaviour=behaviour, bank_size=4)
    activate(head)
    if not bias:
        # Otherwise zero relation vectors have embeddings of length one.
        nn.init.zeros_(head.inter_proj.bias)
        nn.init.zeros_(head.intra_proj.bias)
    check_extreme(head, EXTREMES[name], 8, dtype)


@pytest.mark.parametrize('zero', [0, 1e-40])
@both
def test_zero_embeddings_pull_at_nothing(behaviour, zero):
    """Finite is not enough: a gradient of 1e11 ruins the projection.

    A relation vector is zero before the first update, and the host's usual
    `init_cfg` sets the bias to zero.
    """
    head = build(behaviour=behaviour)
    activate(head)
    nn.init.zeros_(head.inter_proj.bias)
    nn.init.zeros_(head.intra_proj.bias)
    for seed in range(4):
        (feats, relation), labels = batch(8, seed=seed)
        some_zero = torch.where((labels > 2)[:, None], relation, zero)
        for rows in (some_zero, torch.full_like(relation, zero)):
            head.zero_grad()
            losses = head.loss((feats, rows), samples(labels))
            total(losses).backward()
            for name, grad in grads_of(head).items():
                assert grad.abs().max() < 10, name
    assert losses['loss_intra'] > 0


@pytest.mark.parametrize('size', [1, 4, 8, 20])
@both
def test_batches_below_and_above_the_bank(behaviour, size):
    head = build(behaviour=behaviour, bank_size=4)
    activate(head)
    check_extreme(head, EXTREMES['large'], size, torch.float32)


@pytest.mark.parametrize('smooth', [0, 0.1])
@pytest.mark.parametrize('dtype', [torch.float32, *HALVES])
@both
def test_scores_of_ten_thousand(behaviour, dtype, smooth):
    head = build(behaviour=behaviour, label_smooth_eps=smooth)
    activate(head)
    with torch.no_grad():
        head.fc.weight.copy_(torch.eye(6, 4) - torch.eye(6, 4).roll(2, 0))
        head.fc.bias.zero_()

    def make(feats, relation, labels):
        # One sign per sample and channel: pooling must not average it away.
        signs = feats.mean((1, 3, 4), keepdim=True).sign()
        return (signs.expand_as(feats) * 1e4, relation.sign() * 1e4), labels

    feats = make(*batch(8)[0], None)[0]
    assert head(feats).abs().max() >= 1e4
    losses = check_extreme(head, make, 8, dtype)
    assert losses['loss_cls'] > 1e3, 'wrong by ten thousand'


def test_prototypes_pass_over_what_would_overflow():
    """Sums of finite embeddings can be infinite, once and for all."""
    prototypes = ClassPrototypes(2, 3)
    labels = torch.tensor([0, 0, 1])
    embed = torch.ones(3, 3)
    embed[:2] = 3e38
    for _ in range(2):
        prototypes.update(embed, labels, labels)
    assert prototypes.mean.isfinite().all()
    assert prototypes.seen.tolist() == [False, True]
    prototypes.update(torch.ones(3, 3), labels, labels)
    assert torch.equal(prototypes.mean, torch.ones(2, 3))


# Loss scaling


class Recogniser(nn.Module):
    """Two linear maps in front of a head."""

    def __init__(self, behaviour):
        super().__init__()
        torch.manual_seed(0)
        self.to_feats = nn.Linear(5, 4)
        self.to_relation = nn.Linear(5, 9)
        self.head = build(behaviour=behaviour, bank_size=16)

    def forward(self, x, labels):
        feats = self.to_feats(x)[:, None, :, None, None]
        return self.head.loss((feats, self.to_relation(x)), samples(labels))


class ScaledTraining:
    """Training in float16 with a loss scale."""

    def __init__(self, behaviour, init_scale):
        self.model = Recogniser(behaviour)
        self.state = self.model.head.affinity
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.5)
        self.scaler = torch.amp.GradScaler('cpu', init_scale=init_scale)

    def weights(self):
        return [p.detach().clone() for p in self.model.parameters()]

    def step(self, x, labels):
        """Returns the losses, and whether the weights have moved."""
        before = self.weights()
        self.optimizer.zero_grad()
        with torch.autocast('cpu', dtype=torch.float16):
            losses = self.model(x, labels)
        self.scaler.scale(total(losses)).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        moved = not all(map(torch.equal, before, self.weights()))
        return losses, moved


def inputs(size=8, seed=0):
    g = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 6, (size,), generator=g)
    x = F.one_hot(labels, 6)[:, :5] + torch.randn(size, 5, generator=g) * 0.1
    return x, labels


@both
def test_an_overflow_costs_its_step_only(behaviour):
    training = ScaledTraining(behaviour, init_scale=2.0**26)
    activate(training.model.head)
    skipped, cls = 0, []
    for step in range(60):
        scale = training.scaler.get_scale()
        losses, moved = training.step(*inputs(seed=step))
        assert all_finite(losses.values())
        assert all_finite(training.state.buffers())
        assert all_finite(training.weights())
        wanted = scale if moved else scale / 2
        assert training.scaler.get_scale() == wanted
        skipped += not moved
        cls.append(losses['loss_cls'].item())
    assert 2 <= skipped <= 20, 'some gradients overflowed, then none'
    assert sum(cls[-5:]) < 0.8 * sum(cls[:5]), 'it goes on to learn'
    # A skipped step has seen its samples all the same.
    assert training.state.bank.cursor == 60 * 8 % 16
    if behaviour == 'paper':
        assert training.state.confusion.counts.sum() == 60 * 8


@both
def test_an_infinite_embedding_leaves_no_trace(behaviour):
    training = ScaledTraining(behaviour, init_scale=1.0)
    activate(training.model.head)
    for step in range(4):
        _, moved = training.step(*inputs(seed=step))
        assert moved
    twin = copy.deepcopy(training)
    x, labels = inputs(seed=9)
    broken = x.clone()
    # Finite, but beyond float16 after the first layer.
    broken[3] = 3e5
    losses, moved = training.step(broken, labels)
    assert not total(losses).isfinite()
    assert not moved
    assert training.scaler.get_scale() == 0.5
    others = [p for p in range(8) if p != 3]
    twin.step(x[others], labels[others])
    mine, theirs = training.state, twin.state
    # Close: a matrix product of seven rows may round unlike one of eight.
    close = torch.testing.assert_close
    close(mine.prototypes.mean, theirs.prototypes.mean)
    close(mine.prototypes.seen, theirs.prototypes.seen)
    # The bank before: 32 samples in 16 slots, the next one is slot 0.
    close(mine.bank.feats[others], theirs.bank.feats[:7])
    close(mine.bank.labels[others], theirs.bank.labels[:7])
    assert mine.bank.labels[3] == -1
    assert not mine.bank.feats[3].any()
    losses, moved = training.step(*inputs(seed=10))
    assert moved
    assert all_finite(losses.values())


# Ten thousand random steps


def random_batch(g, rng):
    """1 to 9 samples of any magnitude; some equal, some of one class."""
    size = rng.randint(1, 9)
    scale = 10 ** rng.uniform(-4, 4)
    # Bounded: a normal distribution has no largest score.
    values = torch.rand(size, 13, generator=g).mul_(2).sub_(1).mul_(scale)
    labels = torch.randint(0, 6, (size,), generator=g)
    kind = rng.random()
    if kind < 0.1:
        values = values[:1].expand(size, 13)
    elif kind < 0.2:
        values = values[labels % size]
    if rng.random() < 0.2:
        labels = labels[:1].expand(size)
    return values[:, :4, None, None].unsqueeze(1), values[:, 4:], labels


@pytest.mark.slow
@both
def test_ten_thousand_random_steps(behaviour):
    g, rng = torch.Generator().manual_seed(0), random.Random(0)
    torch.manual_seed(0)
    head = build(behaviour=behaviour)
    optimizer = torch.optim.SGD(head.parameters(), lr=0.05, momentum=0.9)
    targets = samples(range(6))
    good = torch.ones((), dtype=torch.bool)
    inter = intra = 0
    for step in range(10_000):
        if step % 20 == 0:
            scoring = rng.random() < 0.7
            head.affinity.set_epoch(
                step // 20 + 1,
                counting=scoring or rng.random() < 0.5,
                scoring=scoring,
                rebuild=scoring,
            )
        dtype = (torch.bfloat16, torch.float32, torch.float16)[step % 3]
        feats, relation, labels = random_batch(g, rng)
        with autocast(dtype):
            losses = head.loss(
                # Ours is in float32; a stock backbone's is not.
                (
                    feats.to(dtype),
                    relation.to((dtype, torch.float32)[step % 2]),
                ),
                [targets[y] for y in labels.tolist()],
            )
        optimizer.zero_grad()
        total(losses).backward()
        parameters = list(head.parameters())
        grads = [p.grad for p in parameters if p.grad is not None]
        # Labels are random: there is nothing to learn, and features of 1e4
        # have gradients of 1e4. Clipped steps and classifier weights of
        # length one keep what float16 can hold, scores below 65504.
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        with torch.no_grad():
            head.fc.weight.div_(head.fc.weight.norm(dim=1).max().clamp(min=1))
        watched = [
            *losses.values(),
            *parameters,
            *grads,
            head.affinity.prototypes.mean,
            head.affinity.bank.feats,
        ]
        flat = torch.cat([t.detach().flatten() for t in watched])
        good &= flat.isfinite().all()
        inter += bool(losses['loss_inter'].requires_grad)
        intra += bool(losses['loss_intra'].requires_grad)
        if step % 500 == 499:
            assert good, f'not finite between step {step - 499} and {step}'
    assert inter > 5_000
    assert intra > 9_900
    assert max(p.abs().max() for p in parameters) < 1e3
