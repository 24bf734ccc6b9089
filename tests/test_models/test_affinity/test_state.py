import pytest
import torch
from mmengine.model import ExponentialMovingAverage

from aclnet_plugin.models import ACLHead
from aclnet_plugin.models.affinity import (
    AffinityState,
    ClassPrototypes,
    ConfusionStats,
    FamilyTable,
    FeatureBank,
)
from aclnet_plugin.models.affinity.feature_bank import EMPTY
from aclnet_plugin.utils.dist import GatheredBatch


def build(gather_interval=1, **prototypes):
    return AffinityState(
        ConfusionStats(4),
        FamilyTable(4),
        ClassPrototypes(4, 3, **prototypes),
        FeatureBank(6, 3),
        gather_interval,
    )


def batch(seed, size=5):
    g = torch.Generator().manual_seed(seed)
    embed = torch.randn(size, 3, generator=g)
    labels = torch.randint(0, 4, (size,), generator=g)
    preds = torch.randint(0, 4, (size,), generator=g)
    return GatheredBatch(embed, embed, labels, preds)


def feed(state, seed=0):
    state.observe(*batch(seed))


def assert_equal(state, want):
    want = want.state_dict()
    for key, value in state.state_dict().items():
        assert torch.equal(value, want[key]), key


def enter(states, epoch):
    for state in states:
        state.set_epoch(
            epoch, counting=epoch > 1, scoring=epoch > 2, rebuild=epoch > 2
        )


def test_phases():
    state = build()
    feed(state)
    assert not state.confusion.counts.any(), 'not counting yet'
    assert state.prototypes.seen.any(), 'prototypes form from the start'
    state.set_epoch(30, counting=True, scoring=False)
    feed(state, 1)
    assert state.confusion.counts.sum() == 5
    assert not state.families.member.any(), 'no rebuild was asked for'
    state.set_epoch(31, counting=True, scoring=True, rebuild=True)
    feed(state, 2)
    families = state.families.member.clone()
    assert families.any()
    want = FamilyTable(4)
    want.rebuild(state.confusion.counts)
    assert torch.equal(families, want.member), 'the batch counts'
    feed(state, 3)
    assert torch.equal(families, state.families.member), 'fixed for the epoch'
    assert state.confusion.counts.sum() == 15, 'counts keep growing'
    assert state.epoch == 31


def test_everything_learned_is_in_the_state_dict():
    state = build()
    state.set_epoch(2, counting=True, scoring=True, rebuild=True)
    feed(state)
    other = build()
    other.load_state_dict(state.state_dict())
    for each in (state, other):
        each.set_epoch(3, counting=True, scoring=True, rebuild=True)
        feed(each, 7)
    saved, loaded = state.state_dict(), other.state_dict()
    assert set(saved) == {
        'epoch',
        'confusion.counts',
        'families.member',
        'prototypes.mean',
        'prototypes.seen',
        'bank.feats',
        'bank.labels',
        'bank.cursor',
    }
    for key, value in saved.items():
        assert torch.equal(value, loaded[key]), key


@pytest.mark.parametrize('keep', [0, 0.4, 1])
def test_share_of_the_counts_that_a_rebuild_leaves(keep):
    state = build()
    state.confusion = ConfusionStats(4, keep=keep)
    want = [[0] * 4 for _ in range(4)]
    for epoch in range(2, 7):
        enter([state], epoch)
        for step in range(4):
            feed(state, 10 * epoch + step)
            some = batch(10 * epoch + step)
            for label, pred in zip(some.labels, some.preds, strict=True):
                want[label][pred] += 1
            if epoch > 2 and step == 0:
                rebuilt = FamilyTable(4)
                rebuilt.rebuild(torch.tensor(want))
                assert torch.equal(state.families.member, rebuilt.member)
                assert state.confusion.remembered.tolist() == want
                want = [[int(keep * x) for x in row] for row in want]
        assert state.confusion.counts.tolist() == want
    assert set(state.state_dict()) == set(build().state_dict())


def test_what_is_left_of_large_counts():
    stats = ConfusionStats(2, keep=0.5)
    stats.counts.fill_(2**40 + 3)
    stats.forget()
    assert (stats.counts == 2**39 + 1).all()
    assert stats.counts.dtype == torch.int64


def test_forgetting_adds_no_buffer_to_what_is_averaged():
    state = build()
    state.confusion = ConfusionStats(4, keep=0)
    mean = ExponentialMovingAverage(state, momentum=0.1)
    enter([state], 3)
    feed(state)
    assert state.confusion.remembered.any()
    mean.update_parameters(state)
    assert_equal(mean.module, state)


@pytest.mark.parametrize('keep', [-0.1, 1.1])
def test_a_share_that_is_none(keep):
    with pytest.raises(
        ValueError, match='keep must be at least 0 and at most 1'
    ):
        ConfusionStats(2, keep=keep)


def test_moves_with_the_module():
    state = build().to('meta')
    assert all(b.is_meta for b in state.buffers())


def test_prototypes_never_hold_a_graph():
    state = build(attached=True)
    embed = torch.randn(2, 3, requires_grad=True)
    labels = torch.tensor([0, 1])
    seen = state.observe(embed, embed.detach(), labels, labels)
    assert seen.prototypes.requires_grad
    assert not state.prototypes.mean.requires_grad
    seen.prototypes.sum().backward()
    assert embed.grad is not None


def test_prototypes_are_detached_by_default():
    embed = torch.randn(2, 3, requires_grad=True)
    labels = torch.tensor([0, 1])
    seen = build().observe(embed, embed.detach(), labels, labels)
    assert not seen.prototypes.requires_grad


def test_random_start_is_the_same_everywhere():
    """Ranks must agree whatever their global random state is."""
    torch.manual_seed(1)
    first = ClassPrototypes(4, 3, random_start=True)
    torch.manual_seed(2)
    second = ClassPrototypes(4, 3, random_start=True)
    assert torch.equal(first.mean, second.mean)
    assert first.mean.std() > 0.5
    assert first.usable.all()
    assert not ClassPrototypes(4, 3).usable.any()


@pytest.mark.parametrize(
    ('build_wrong', 'message'),
    [
        (lambda: FamilyTable(4, top_k=0), 'top_k'),
        (lambda: FamilyTable(4, top_k=2.5), 'top_k must be a whole number'),
        (lambda: FamilyTable(4, overlap_threshold=1.5), 'overlap_threshold'),
        (lambda: FeatureBank(1.5, 3), 'bank_size must be a whole number'),
        (lambda: FamilyTable(4, overlap_threshold=-1), 'overlap_threshold'),
        (lambda: ClassPrototypes(4, 3, momentum=1.0), 'momentum'),
    ],
)
def test_wrong_settings_are_explained(build_wrong, message):
    with pytest.raises(ValueError, match=message):
        build_wrong()


@pytest.mark.parametrize('interval', [2, 3, 4])
def test_what_waited_goes_in_step_by_step(interval):
    """Epochs of five steps; each step counts by the rules of its epoch."""
    waiting, want = build(interval), build()
    for epoch in (1, 2, 3, 4):
        enter([waiting, want], epoch)
        for step in range(1, 6):
            one = batch(10 * epoch + step, 2 if step == 5 else 4)
            waiting.postpone(one)
            want.observe(*one)
            if step % interval == 0:
                assert_equal(waiting, want)
                assert len(waiting.pending) == 0
            else:
                assert len(waiting.pending) > 0
    waiting.flush()
    assert_equal(waiting, want)
    assert want.families.member.any()


def test_families_come_with_the_first_gather():
    state = build(3)
    enter([state], 3)
    for step in range(2):
        state.postpone(batch(step))
        assert state.rebuild_due and not state.families.member.any()
    state.postpone(batch(2))
    assert not state.rebuild_due
    want = FamilyTable(4)
    counts = ConfusionStats(4)
    counts.update(*batch(0)[2:])
    want.rebuild(counts.counts)
    assert torch.equal(state.families.member, want.member), 'first step only'


def test_a_flush_without_anything_to_do():
    state = build(3)
    before = {k: v.clone() for k, v in state.state_dict().items()}
    state.flush()
    for key, value in state.state_dict().items():
        assert torch.equal(value, before[key]), key


def test_what_waits_is_no_state_and_goes_with_the_old_one():
    state = build(3)
    assert set(state.state_dict()) == set(build().state_dict())
    saved = {k: v.clone() for k, v in state.state_dict().items()}
    state.postpone(batch(0))
    state.load_state_dict(saved)
    assert len(state.pending) == 0
    state.flush()
    assert state.bank.filled == 0


def test_what_waits_holds_no_graph():
    state = build(3)
    embed = torch.randn(5, 3, requires_grad=True)
    state.postpone(batch(0)._replace(inter=embed, intra=embed * 2))
    assert not any(t.requires_grad for t in state.pending._steps[0])


@pytest.mark.parametrize('stored', [0, 4, 9])
@pytest.mark.parametrize('size', [1, 5, 6, 8])
def test_a_preview_reads_as_if_the_batch_were_pushed(size, stored):
    state, pushed = build(3), FeatureBank(6, 3)
    if stored:
        state.observe(*batch(0, stored))
        pushed.push(batch(0, stored).intra, batch(0, stored).labels)
    before = {k: v.clone() for k, v in state.state_dict().items()}
    own = batch(1, size)
    intra = own.intra.clone()
    if size == 5:
        intra[2, 1] = float('nan')
    intra.requires_grad_()
    seen = state.preview(intra, own.labels)
    slots = pushed.push(intra, own.labels)
    assert torch.equal(seen.slots, slots)
    assert torch.equal(seen.column_labels, pushed.labels)
    assert (seen.column_labels == EMPTY).any() == (
        size == 5 or stored + size < 6
    )
    assert torch.equal(
        seen.columns.nan_to_num(),
        pushed.live_columns(intra, slots).nan_to_num(),
    )
    assert seen.columns.requires_grad
    assert torch.equal(seen.prototypes, state.prototypes.mean)
    for key, value in state.state_dict().items():
        assert torch.equal(value, before[key]), key


@pytest.mark.parametrize('interval', [0, -1, 2.0, '3', True, None])
def test_wrong_intervals_are_explained(interval):
    with pytest.raises(ValueError, match=f'at least 1.*got {interval!r}'):
        ACLHead(4, 3, gather_interval=interval)
