"""A head that gathers every n steps, on one process."""

import copy

import pytest
import torch

from tests.test_models.test_heads.test_acl_head import (
    activate,
    batch,
    build,
    samples,
)

SIZE, BANK = 5, 16


def loop_inter(inter, labels, prototypes, member):
    """Eq. 8 of each sample that has a family; keeps the graph."""
    losses = []
    for f, y in zip(inter, labels.tolist(), strict=True):
        family = [a for a in range(len(member)) if member[y, a]]
        if family:
            near = [
                torch.exp(
                    torch.dot(f, prototypes[a])
                    / (f.norm() * prototypes[a].norm())
                    / 0.1
                )
                for a in [y, *family]
            ]
            losses.append(-torch.log(near[0] / sum(near)))
    return sum(losses) / len(losses)


def loop_intra(intra, labels, queue):
    """Eq. 15 against the newest samples, the batch's own at the end."""
    queue = (queue + list(zip(intra, labels.tolist(), strict=True)))[-BANK:]
    total = 0
    for i, y in enumerate(labels.tolist()):
        others = [(f, z) for f, z in queue if f is not intra_rows(queue, i)]
        negatives = sum(
            torch.exp(torch.dot(intra[i], f) / 0.1) for f, z in queue if z != y
        )
        terms = []
        for f, z in others:
            if z == y:
                logit = torch.dot(intra[i], f) / 0.1
                below = torch.exp(logit - 0.1) + negatives
                terms.append(-torch.log(torch.exp(logit) / below))
        if terms:
            total = total + sum(terms) / len(terms)
    return total / len(labels)


def intra_rows(queue, i):
    """The entry of the batch's i-th sample, the batch being the newest."""
    return queue[len(queue) - SIZE + i][0]


def step(head, seed, size=SIZE):
    (feats, relation), labels = batch(size, seed=seed)
    relation.requires_grad_()
    losses = head.loss((feats, relation), samples(labels))
    return losses, relation, labels


def embeddings(head, relation):
    inter = head.inter_proj(relation)
    intra = head.intra_proj(relation)
    return inter, intra / intra.norm(dim=1, keepdim=True)


def test_losses_and_gradients_equal_the_loops():
    """Nine steps with a gather every three: state and batch, no more."""
    torch.manual_seed(0)
    head = build(bank_size=BANK, gather_interval=3)
    activate(head)
    state, queue, waiting, scored = head.affinity, [], [], []
    for number in range(9):
        before = copy.deepcopy(state)
        losses, relation, labels = step(head, number)
        got = torch.autograd.grad(
            losses['loss_inter'] + losses['loss_intra'], relation
        )
        inter, intra = embeddings(head, relation)
        want = 0.1 * loop_intra(intra, labels, queue)
        torch.testing.assert_close(losses['loss_intra'], want)
        if before.families.member[labels].any():
            scored.append(number)
            want_inter = 0.1 * loop_inter(
                inter, labels, before.prototypes.mean, before.families.member
            )
            torch.testing.assert_close(losses['loss_inter'], want_inter)
            want = want + want_inter
        else:
            assert losses['loss_inter'] == 0
        torch.testing.assert_close(
            got, torch.autograd.grad(want, relation), rtol=1e-4, atol=1e-6
        )
        waiting += zip(intra.detach(), labels.tolist(), strict=True)
        if number % 3 == 2:
            queue, waiting = (queue + waiting)[-BANK:], []
        assert len(state.pending) == len(waiting)
        assert state.bank.filled == len(queue)
    assert scored[0] == 3, 'from the first gather on'
    assert len(scored) >= 4


def test_the_first_step_after_a_gather_is_the_usual_one():
    """Nothing waits: the bank is as new as with a gather in every step."""
    torch.manual_seed(0)
    waiting = build(bank_size=BANK, gather_interval=2)
    usual = build(bank_size=BANK)
    usual.load_state_dict(waiting.state_dict())
    for number in range(0, 6, 2):
        pairs = [
            [step(head, seed)[0]['loss_intra'] for head in (usual, waiting)]
            for seed in (number, number + 1)
        ]
        assert torch.equal(*pairs[0])
        assert not torch.equal(*pairs[1])
        for key, value in usual.state_dict().items():
            assert torch.equal(waiting.state_dict()[key], value), key


def test_until_the_bank_is_full_nothing_is_scored():
    """`full_only` of the release counts the own batch as pushed."""
    head = build(behaviour='release', bank_size=BANK, gather_interval=2)
    active = [step(head, number)[0]['loss_intra'] > 0 for number in range(5)]
    # In the bank before each step: 0, 0, 10, 10, 16; own batch: 5.
    assert active == [False, False, False, False, True]
    head = build(behaviour='release', bank_size=15, gather_interval=2)
    active = [step(head, number)[0]['loss_intra'] > 0 for number in range(3)]
    assert active == [False, False, True]


@pytest.mark.parametrize('behaviour', ['paper', 'release'])
@pytest.mark.parametrize('size', [1, 8, 40])
def test_any_batch_size_and_backward_after_a_gather(size, behaviour):
    head = build(bank_size=BANK, behaviour=behaviour, gather_interval=2)
    activate(head)
    for number in range(6):
        losses, relation, _ = step(head, number, size)
        total = losses['loss_inter'] + losses['loss_intra']
        if total.requires_grad:
            total.backward()
            assert relation.grad.isfinite().all()
    assert losses['loss_inter'].isfinite()


def test_evaluation_leaves_what_waits_alone():
    head = build(gather_interval=3)
    step(head, 0)
    before = {k: v.clone() for k, v in head.state_dict().items()}
    head.eval()
    for number in range(4):
        step(head, number)
    assert len(head.affinity.pending) == SIZE
    for key, value in head.state_dict().items():
        assert torch.equal(value, before[key]), key


@pytest.mark.parametrize('interval', [1, 3])
def test_checkpoints_fit_with_any_interval(interval):
    """Those of any other interval, and the release's, without a state."""
    head = build(gather_interval=interval)
    head.load_state_dict(build(gather_interval=4 - interval).state_dict())
    released = {
        key.replace('fc.', 'fc_cls.')
        .replace('inter_proj.', 'inter_loss.cl_fc.')
        .replace('intra_proj.', 'intra_loss.cl_fc.'): value
        for key, value in build().state_dict().items()
        if 'affinity' not in key
    }
    missing, unexpected = head.load_state_dict(released, strict=False)
    assert not unexpected
    assert set(missing) == {
        f'affinity.{name}' for name in head.affinity.state_dict()
    }
