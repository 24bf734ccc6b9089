"""Embeddings of the head against a naive computation."""

import pytest
import torch
from mmaction.structures import ActionDataSample

from aclnet_plugin.models import ACLHead

KINDS = ['pooled', 'inter', 'intra', 'concat']


def build(embedding=None, **kwargs):
    torch.manual_seed(0)
    defaults = dict(in_channels=4, relation_dim=9, embed_dim=8, bank_size=16)
    head = ACLHead(6, embedding=embedding, **{**defaults, **kwargs})
    return head.eval()


def batch(samples, clips, seed=0):
    g = torch.Generator().manual_seed(seed)
    feats = torch.randn(samples * clips, 2, 4, 3, 5, generator=g)
    # Clips of very different size, so that their weights show.
    feats *= torch.rand(samples * clips, 1, 1, 1, 1, generator=g) * 10
    return feats, torch.randn(samples * clips, 9, generator=g)


def samples(labels):
    return [ActionDataSample().set_gt_label(int(y)) for y in labels]


def unit(vector):
    return [x / sum(y * y for y in vector) ** 0.5 for x in vector]


def naive(head, kind, feats, relation, clips):
    """One sample after the other, one clip after the other."""
    if kind == 'concat':
        parts = [
            naive(head, part, feats, relation, clips) for part in KINDS[:-1]
        ]
        return [
            unit([number for part in row for number in part])
            for row in zip(*parts, strict=True)
        ]
    rows = []
    for first in range(0, len(feats), clips):
        total = None
        for clip in range(first, first + clips):
            if kind == 'pooled':
                persons, channels = feats.shape[1:3]
                vector = [
                    sum(feats[clip, m, c].mean() for m in range(persons))
                    / persons
                    for c in range(channels)
                ]
            else:
                layer = getattr(head, f'{kind}_proj')
                vector = list(layer.weight @ relation[clip] + layer.bias)
            numbers = [float(x) for x in torch.stack(vector).detach()]
            total = total or [0.0] * len(numbers)
            total = [a + b for a, b in zip(total, numbers, strict=True)]
        rows.append(unit([x / clips for x in total]))
    return rows


@pytest.mark.parametrize('clips', [1, 3])
@pytest.mark.parametrize('kind', KINDS)
def test_equals_the_naive_computation(kind, clips):
    head = build(kind)
    feats, relation = batch(5, clips)
    done = head.predict((feats, relation), samples(range(5)))
    want = torch.tensor(naive(head, kind, feats, relation, clips))
    got = torch.stack([sample.pred_feature for sample in done])
    size = {'pooled': 4, 'concat': 20}.get(kind, 8)
    assert got.shape == (5, size) and got.dtype == torch.float32
    torch.testing.assert_close(got, want)
    torch.testing.assert_close(got.norm(dim=1), torch.ones(5))


def test_cosines_of_concat_are_means():
    head = build()
    feats = batch(5, 2)
    cosines = {
        kind: (rows := head.embed(feats, 5, kind)) @ rows.T for kind in KINDS
    }
    mean = sum(cosines[kind] for kind in KINDS[:-1]) / 3
    torch.testing.assert_close(cosines['concat'], mean)


def test_none_changes_nothing():
    feats = batch(5, 2)
    plain = build().predict(feats, samples(range(5)))
    full = build('concat').predict(feats, samples(range(5)))
    assert all('pred_feature' not in sample for sample in plain)
    for one, other in zip(plain, full, strict=True):
        assert torch.equal(one.pred_score, other.pred_score)
        assert torch.equal(one.pred_label, other.pred_label)
    assert set(build().state_dict()) == set(build('inter').state_dict())


@pytest.mark.parametrize('kind', KINDS)
def test_labels_have_no_part(kind):
    """Identities of a test are none of those trained on, or unknown."""
    head, feats = build(kind), batch(3, 1)
    known = head.predict(feats, samples([0, 1, 2]))
    foreign = head.predict(feats, samples([6, 123, 10**6]))
    without = head.predict(feats, [ActionDataSample() for _ in range(3)])
    for rows in zip(known, foreign, without, strict=True):
        assert all(
            torch.equal(row.pred_feature, rows[0].pred_feature) for row in rows
        )


def test_scores_of_each_clip_do_not_split_the_embedding():
    head = build('pooled', average_clips=None)
    (sample,) = head.predict(batch(1, 3), samples([0]))
    assert sample.pred_score.shape == (3, 6)
    assert sample.pred_feature.shape == (4,)


def test_backbone_without_a_relation():
    head = build('inter', relation_dim=None)
    feats, _ = batch(3, 2)
    pooled = feats.mean((3, 4)).mean(1)
    want = torch.tensor(naive(head, 'inter', feats, pooled, 2))
    got = head.predict(feats, samples(range(3)))
    torch.testing.assert_close(
        torch.stack([sample.pred_feature for sample in got]), want
    )


@pytest.mark.parametrize('kind', KINDS)
def test_autocast_stays_out_of_it(kind):
    head, (feats, relation) = build(kind), batch(3, 1)
    feats, relation = feats.bfloat16(), relation.bfloat16()
    want = head.embed((feats.float(), relation.float()), 3)
    with torch.autocast('cpu', torch.bfloat16):
        got = head.embed((feats, relation), 3)
    assert got.dtype == torch.float32
    # The pool takes its mean in the type of the features.
    torch.testing.assert_close(got, want, atol=1e-2, rtol=0)
    torch.testing.assert_close(got.norm(dim=1), torch.ones(3))


def test_zeros_have_no_direction():
    head = build('pooled')
    assert not head.embed((torch.zeros(2, 2, 4, 3, 5), None), 2).any()


def test_refusals():
    with pytest.raises(ValueError, match=r'embedding must be None or one of'):
        build('mean')
    with pytest.raises(ValueError, match='embedding=None'):
        build().embed(batch(1, 1), 1)
    feats, relation = batch(2, 1)
    with pytest.raises(ValueError, match='relation_dim=9'):
        build('intra').embed((feats, relation[:, :5]), 2)
    assert build('pooled').embed((feats, relation[:, :5]), 2).shape == (2, 4)
