import pytest
import torch

from aclnet_plugin.models.affinity import (
    AffinityState,
    ClassPrototypes,
    ConfusionStats,
    FamilyTable,
    FeatureBank,
)


def build(**prototypes):
    return AffinityState(
        ConfusionStats(4),
        FamilyTable(4),
        ClassPrototypes(4, 3, **prototypes),
        FeatureBank(6, 3),
    )


def feed(state, seed=0):
    g = torch.Generator().manual_seed(seed)
    embed = torch.randn(5, 3, generator=g)
    labels = torch.randint(0, 4, (5,), generator=g)
    preds = torch.randint(0, 4, (5,), generator=g)
    state.observe(embed, embed, labels, preds)
    return labels, preds


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
        (lambda: FamilyTable(4, overlap_threshold=-1), 'overlap_threshold'),
        (lambda: ClassPrototypes(4, 3, momentum=1.0), 'momentum'),
    ],
)
def test_wrong_settings_are_explained(build_wrong, message):
    with pytest.raises(ValueError, match=message):
        build_wrong()
