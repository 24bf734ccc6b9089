import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.registry import init_default_scope

from aclnet_plugin.models import (
    ACLHead,
    PrototypeContrastiveLoss,
    SupervisedContrastiveLoss,
)
from tests.test_models.test_losses.test_inter_affinity_loss import (
    loop_loss as loop_inter,
)
from tests.test_models.test_losses.test_intra_margin_loss import (
    loop_loss as loop_intra,
)

RELEASE = dict(
    mutual=True,
    fill=True,
    union=True,
    correct_only=True,
    random_start=True,
    attached=True,
    floor=1e-6,
    full_only=True,
)


def samples(labels):
    return [ActionDataSample().set_gt_label(int(y)) for y in labels]


def build(num_classes=6, **kwargs):
    defaults = dict(
        in_channels=4, relation_dim=9, embed_dim=8, bank_size=16, topk=(1, 3)
    )
    return ACLHead(num_classes, **{**defaults, **kwargs})


def batch(size, num_classes=6, seed=0):
    g = torch.Generator().manual_seed(seed)
    feats = torch.randn(size, 2, 4, 3, 5, generator=g)
    relation = torch.randn(size, 9, generator=g)
    labels = torch.randint(0, num_classes, (size,), generator=g)
    return (feats, relation), labels


def activate(head, epoch=31):
    head.affinity.set_epoch(epoch, counting=True, scoring=True, rebuild=True)


def settings_of(head):
    state = head.affinity
    return dict(
        mutual=state.confusion.mutual,
        fill=state.families.fill,
        union=state.families.union,
        correct_only=state.prototypes.correct_only,
        random_start=state.prototypes.random_start,
        attached=state.prototypes.attached,
        floor=head.loss_intra.floor,
        full_only=head.loss_intra.full_only,
    )


def test_behaviours_preset_every_argument():
    paper = {key: type(value)(0) for key, value in RELEASE.items()}
    assert settings_of(build()) == paper
    assert settings_of(build(behaviour='release')) == RELEASE
    mixed = build(
        behaviour='release',
        confusion=dict(mutual=False),
        families=dict(union=False, top_k=5),
        prototypes=dict(attached=False),
        loss_intra=dict(floor=0.0),
    )
    changed = dict(mutual=False, union=False, attached=False, floor=0.0)
    assert settings_of(mixed) == RELEASE | changed
    assert mixed.affinity.families.top_k == 5
    with pytest.raises(ValueError, match=r"one of \['paper', 'release'\]"):
        build(behaviour='article')


def test_paper_losses_equal_the_loops_step_by_step():
    """The whole head in `paper` behaviour against the equations."""
    torch.manual_seed(0)
    head = build(bank_size=16)
    for step in range(6):
        (feats, relation), labels = batch(5, seed=step)
        if step == 2:
            activate(head)
        losses = head.loss((feats, relation), samples(labels))
        state = head.affinity
        inter = head.inter_proj(relation).detach()
        intra = head.intra_proj(relation).detach()
        intra = intra / intra.norm(dim=1, keepdim=True)
        start = 5 * step
        slots = [(start + i) % 16 for i in range(5)]
        want = loop_intra(
            intra, labels, slots, state.bank.feats, state.bank.labels
        )
        assert losses['loss_intra'].item() == pytest.approx(0.1 * want, 1e-4)
        want = 0.0
        if step >= 2:
            want = loop_inter(
                inter,
                labels,
                state.prototypes.mean,
                state.families.member,
                state.prototypes.seen,
            )
        assert losses['loss_inter'].item() == pytest.approx(0.1 * want, 1e-4)
    assert want > 0


def test_no_graph_while_inactive():
    """Weight decay would shrink a projection whose gradient is zero."""
    head = build(behaviour='release', bank_size=16)
    for step in range(5):
        feats, labels = batch(5, seed=step)
        head.zero_grad()
        losses = head.loss(feats, samples(labels))
        sum(v for k, v in losses.items() if 'loss' in k).backward()
        assert head.inter_proj.weight.grad is None
        filled = 5 * (step + 1) >= 16
        assert (head.intra_proj.weight.grad is not None) == filled
    activate(head)
    losses = head.loss(feats, samples(labels))
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    assert head.inter_proj.weight.grad is not None


def test_evaluation_changes_nothing():
    head = build()
    activate(head)
    feats, labels = batch(8)
    head.loss(feats, samples(labels))
    before = {k: v.clone() for k, v in head.state_dict().items()}
    head.eval()
    losses = head.loss(feats, samples(labels))
    head.predict(feats, samples(labels))
    assert all(torch.isfinite(v) for v in losses.values())
    for key, value in head.state_dict().items():
        assert torch.equal(value, before[key]), key


def test_labels_and_scores_reach_the_losses_detached():
    head = build()
    activate(head)
    feats, labels = batch(8)
    feats[0].requires_grad_()
    losses = head.loss(feats, samples(labels))
    (losses['loss_inter'] + losses['loss_intra']).backward()
    assert feats[0].grad is None
    assert head.fc.weight.grad is None


def test_classifier_alone_is_drawn_narrowly():
    torch.manual_seed(0)
    head = build(num_classes=60, in_channels=64, relation_dim=64)
    before = head.inter_proj.weight.clone()
    head.init_weights()
    assert head.fc.weight.std().item() == pytest.approx(0.01, rel=0.1)
    assert not head.fc.bias.any()
    assert torch.equal(head.inter_proj.weight, before)


def test_stock_backbone_uses_its_pooled_feature():
    head = build(relation_dim=None)
    activate(head)
    (feats, _), labels = batch(8)
    feats.requires_grad_()
    losses = head.loss(feats, samples(labels))
    assert losses['loss_intra'] > 0
    losses['loss_intra'].backward()
    assert feats.grad is not None


@pytest.mark.parametrize('behaviour', ['paper', 'release'])
@pytest.mark.parametrize('bank_size', [1, 3, 8])
@pytest.mark.parametrize('size', [1, 2, 8])
def test_any_batch_and_bank_size(size, bank_size, behaviour):
    """A bank smaller than a batch, a last batch of one."""
    head = build(bank_size=bank_size, behaviour=behaviour)
    activate(head)
    for seed in range(4):
        feats, labels = batch(size, seed=seed)
        losses = head.loss(feats, samples(labels))
        total = sum(v for k, v in losses.items() if 'loss' in k)
        total.backward()
        assert torch.isfinite(total)
    grads = [p.grad for p in head.parameters() if p.grad is not None]
    assert all(torch.isfinite(g).all() for g in grads)


@pytest.mark.parametrize('behaviour', ['paper', 'release'])
@pytest.mark.parametrize('num_classes', [1, 2, 9, 10])
def test_fewer_classes_than_neighbours(num_classes, behaviour):
    head = build(num_classes=num_classes, behaviour=behaviour)
    activate(head)
    feats, labels = batch(8, num_classes)
    losses = head.loss(feats, samples(labels))
    assert torch.isfinite(losses['loss_inter'])
    assert 'top3_acc' in losses


def test_bfloat16_autocast():
    head = build()
    activate(head)
    (feats, relation), labels = batch(8)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = head.loss(
            (feats.bfloat16(), relation.bfloat16()), samples(labels)
        )
    assert losses['loss_inter'].dtype == torch.float32
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    state = head.affinity
    assert state.prototypes.mean.dtype == torch.float32
    want = head.intra_proj(relation.bfloat16().float())
    want = want / want.norm(dim=1, keepdim=True)
    assert torch.equal(state.bank.feats[:8], want), 'projected in float32'


def test_accuracy_counts_hits():
    head = build(num_classes=3, topk=(1, 2))
    scores = torch.tensor([[3.0, 2, 1], [3, 2, 1], [3, 2, 1], [1, 2, 3]])
    losses = head.loss_by_feat(scores, samples([0, 1, 2, 2]))
    assert losses['top1_acc'] == 0.5
    assert losses['top2_acc'] == 0.75


@pytest.mark.parametrize('behaviour', ['paper', 'release'])
def test_a_broken_sample_leaves_no_trace(behaviour):
    """An overflow under fp16 costs its step, not the learned state."""
    head = build(behaviour=behaviour)
    activate(head)
    (feats, relation), labels = batch(8)
    relation[3] = float('inf')
    relation[5, 2] = float('nan')
    head.contrastive_losses(relation, labels, labels)
    state = head.affinity
    assert state.prototypes.mean.isfinite().all()
    assert state.bank.feats.isfinite().all()
    assert state.bank.labels[[3, 5]].tolist() == [-1, -1]
    good = [p for p in range(8) if p not in (3, 5)]
    assert state.bank.labels[good].tolist() == labels[good].tolist()
    feats, labels = batch(8, seed=1)
    losses = head.loss(feats, samples(labels))
    assert all(value.isfinite() for value in losses.values())


def test_temperature_steps_follow_top_k():
    head = build(families=dict(top_k=2))
    assert head.loss_inter.bounds == (2, 4)
    head = build(families=dict(top_k=2), loss_inter=dict(bounds=(5, 6)))
    assert head.loss_inter.bounds == (5, 6)


@pytest.mark.parametrize('behaviour', ['paper', 'release'])
def test_rival_losses_take_the_place_of_the_own(behaviour):
    rivals = dict(
        loss_inter=dict(type='PrototypeContrastiveLoss', loss_weight=0.3),
        loss_intra=dict(type='SupervisedContrastiveLoss', loss_weight=0.2),
    )
    head = build(behaviour=behaviour, bank_size=8, **rivals)
    assert type(head.loss_inter) is PrototypeContrastiveLoss
    assert type(head.loss_intra) is SupervisedContrastiveLoss
    activate(head)
    (feats, relation), labels = batch(8)
    relation.requires_grad_()
    losses = head.loss((feats, relation), samples(labels))
    for name in ('loss_inter', 'loss_intra'):
        assert losses[name] > 0
        (grad,) = torch.autograd.grad(losses[name], relation)
        assert grad.abs().sum() > 0


def test_label_smoothing_of_the_host():
    head = build(num_classes=3, topk=1, label_smooth_eps=0.3)
    scores = torch.randn(4, 3)
    losses = head.loss_by_feat(scores, samples([0, 1, 2, 2]))
    want = torch.nn.functional.cross_entropy(
        scores, torch.tensor([0, 1, 2, 2]), label_smoothing=0.3
    )
    torch.testing.assert_close(losses['loss_cls'], want)


def test_what_does_not_fit_is_explained():
    head = build()
    (feats, relation), labels = batch(4)
    with pytest.raises(ValueError, match='relation_dim=9'):
        head.loss(feats, samples(labels))
    with pytest.raises(ValueError, match='in_channels=4'):
        head((feats[:, :, :3], relation))
    soft = [ActionDataSample().set_gt_label(torch.rand(6)) for _ in range(4)]
    with pytest.raises(ValueError, match='soft labels'):
        head.loss((feats, relation), soft)
    with pytest.raises(ValueError, match='multi_class'):
        build(multi_class=True)
    with pytest.raises(ValueError, match='one clip per sample'):
        head.loss((feats, relation), samples(labels[:2]))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(loss_inter=False), 'loss_inter must be a dict.*loss_weight=0'),
        (dict(loss_intra=0), 'loss_intra must be a dict'),
        (dict(confusion=False), 'confusion must be a dict'),
        (dict(families=[]), 'families must be a dict'),
        (dict(prototypes=1.0), 'prototypes must be a dict'),
        (dict(embed_dim=0), 'embed_dim must be a whole number'),
        (dict(bank_size=1.5), 'bank_size must be a whole number'),
        (dict(loss_inter=dict(loss_weight=-1)), 'loss_weight must be'),
        (dict(loss_inter=dict(temperatures=(0.1, float('nan'), 1))), 'nan'),
        (dict(loss_intra=dict(temperature=float('nan'))), 'nan'),
    ],
)
def test_wrong_arguments_are_explained(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)


def test_a_mistyped_argument_is_that_of_the_head():
    wanted = "ACLHead has no argument 'bnak_size'; did you mean 'bank_size'"
    with pytest.raises(TypeError, match=wanted):
        build(bnak_size=10)
    assert build(label_smooth_eps=0.1, dropout=0.2, topk=(1,)).topk == (1,)


def test_registered_under_its_name():
    init_default_scope('mmaction')
    head = MODELS.build(dict(type='ACLHead', num_classes=60, in_channels=256))
    assert head.relation_dim == 256
    assert head.affinity.bank.size == 512
    assert head.average_clips == 'prob'
