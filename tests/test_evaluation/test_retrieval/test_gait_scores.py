"""Gait: worked examples, missing data, guesses and oracles."""

import numpy as np
import pytest

from aclnet_plugin.evaluation.retrieval import (
    GaitProtocol,
    Items,
    gait_scores,
    score_gait,
)
from tests.test_evaluation.test_retrieval.examples import casia_b, e1_items

VIEWS = (0, 90, 180)
NAN = float('nan')


def e1_protocol(**options):
    probes = dict(NM=dict(condition='nm', seq=(5, 6)))
    return GaitProtocol(probes=probes, views=VIEWS, **options)


def check(scores, cells, means, mean):
    np.testing.assert_allclose(scores.cells[0, 0], cells, atol=1e-4)
    np.testing.assert_allclose(scores.by_view[0, 0], means, atol=1e-4)
    assert scores.by_set[0, 0] == pytest.approx(mean, abs=1e-4, nan_ok=True)


def test_example_e1(monkeypatch):
    scores = gait_scores(e1_items(monkeypatch), e1_protocol())
    cells = [[100, 100, 50], [50, 100, 50], [0, 50, 100]]
    check(scores, cells, [75, 50, 25], 50)
    assert scores.to_dict() == {
        'NM_rank1': 50,
        'NM_rank1_v000': 75,
        'NM_rank1_v090': 50,
        'NM_rank1_v180': 25,
        'mean_rank1': 50,
    }
    assert scores.problems() == []
    assert scores.unused == 0


def test_identical_views_on_request(monkeypatch):
    protocol = e1_protocol(exclude_identical_view=False)
    scores = gait_scores(e1_items(monkeypatch), protocol)
    assert scores.by_set[0, 0] == pytest.approx(200 / 3)


@pytest.mark.parametrize(
    ('unmatched', 'cells', 'means', 'mean'),
    [
        (
            'miss',
            [[100, 50, 50], [50, 50, 50], [0, 50, 100]],
            [50, 50, 25],
            125 / 3,
        ),
        (
            'skip',
            [[100, 100, 50], [50, 100, 50], [0, 100, 100]],
            [75, 50, 50],
            175 / 3,
        ),
    ],
)
def test_example_e2a_an_identity_lacks(
    monkeypatch, unmatched, cells, means, mean
):
    items = e1_items(monkeypatch)
    items = items.take(np.delete(np.arange(12), 4))
    scores = gait_scores(items, e1_protocol(unmatched=unmatched))
    check(scores, cells, means, mean)
    assert scores.unmatched[0].tolist() == [[0, 1, 0]] * 3


def test_example_e2b_no_probe_at_a_view(monkeypatch):
    items = e1_items(monkeypatch)
    items = items.take(np.delete(np.arange(12), [8, 11]))
    scores = gait_scores(items, e1_protocol())
    cells = [[100, 100, 50], [50, 100, 50], [NAN] * 3]
    check(scores, cells, [75, 50, NAN], 62.5)
    assert scores.problems() == ['no NM probes at view 180']


def test_example_e2c_no_gallery_at_a_view(monkeypatch):
    items = e1_items(monkeypatch)
    items = items.take(np.delete(np.arange(12), [2, 5]))
    scores = gait_scores(items, e1_protocol())
    cells = [[100, 100, NAN], [50, 100, NAN], [0, 50, NAN]]
    check(scores, cells, [100, 50, 25], 175 / 3)
    assert scores.problems() == ['no gallery at view 180']


def test_a_cell_without_any_identity_is_left_out_when_skipping(monkeypatch):
    items = e1_items(monkeypatch)
    # Only a is left among the probes, only b in the gallery at 90.
    items = items.take(np.delete(np.arange(12), [1, 9, 10, 11]))
    skip = gait_scores(items, e1_protocol(unmatched='skip'))
    miss = gait_scores(items, e1_protocol())
    assert np.isnan(skip.cells[0, 0, :, 1]).all()
    assert (miss.cells[0, 0, :, 1] == 0).all()
    assert 'in 2 pairs of views' in skip.problems()[0]
    assert miss.problems() == []


def test_example_e3_ties_by_the_order_of_the_data_set():
    def rank(order):
        subject = [1] + [dict(a=1, b=2)[letter] for letter in order]
        scores = score_gait(
            [[0.0], [0.5], [-0.5], [0.9]],
            subject,
            ['nm'] * 4,
            [5, 1, 2, 3],
            [0, 90, 90, 90],
            e1_protocol(topk=(1, 2)),
        )
        return scores.cells[:, 0, 0, 1].tolist()

    assert rank('baa') == [0, 100]
    assert rank('aba') == [100, 100]


def test_one_hot_identities_are_always_recognised():
    meta = casia_b(range(75, 125))
    features = np.eye(125, dtype=np.float32)[meta['subject']]
    scores = score_gait(features, **meta)
    values = scores.to_dict()
    assert len(values) == 3 * 12 + 1
    assert set(values.values()) == {100}
    assert scores.probes.sum(1).tolist() == [1100] * 3
    assert scores.gallery.tolist() == [200] * 11


def test_random_embeddings_guess_one_of_fifty():
    meta = casia_b(range(75, 125))
    rng = np.random.default_rng(0)
    features = rng.normal(size=(len(meta['subject']), 16))
    scores = score_gait(features, **meta)
    np.testing.assert_allclose(scores.by_set[0], 2, atol=0.6)
    assert scores.overall[0] == pytest.approx(2, abs=0.35)


def test_the_reversed_data_set_scores_the_same():
    meta = casia_b(range(1, 9), views=(0, 18, 36))
    rng = np.random.default_rng(1)
    features = rng.normal(size=(len(meta['subject']), 4))
    back = {key: column[::-1] for key, column in meta.items()}
    protocol = GaitProtocol(views=None, topk=(1, 5))
    one = score_gait(features, **meta, protocol=protocol)
    other = score_gait(features[::-1], **back, protocol=protocol)
    np.testing.assert_array_equal(one.cells, other.cells)
    assert one.views == (0, 18, 36)


@pytest.mark.parametrize('seed', range(4))
def test_scores_are_those_of_a_loop(seed):
    rng = np.random.default_rng(seed)
    meta = casia_b(range(5), views=(0, 18, 36))
    kept = np.flatnonzero(rng.random(len(meta['subject'])) < 0.5)
    meta = {key: np.array(column)[kept] for key, column in meta.items()}
    # Whole numbers, so that many distances are equal.
    features = rng.integers(0, 3, (len(kept), 2))
    scores = score_gait(
        features, **meta, protocol=GaitProtocol(views=(0, 18, 36), topk=(2,))
    )
    conditions = {'NM': ('nm', (5, 6)), 'BG': ('bg', (1, 2))}
    for c, (condition, walks) in enumerate(conditions.values()):
        for p, probe_view in enumerate((0, 18, 36)):
            for g, gallery_view in enumerate((0, 18, 36)):
                hits = []
                for q in range(len(kept)):
                    if (
                        meta['condition'][q] != condition
                        or meta['seq'][q] not in walks
                        or meta['view'][q] != probe_view
                    ):
                        continue
                    near = sorted(
                        (((features[q] - features[i]) ** 2).sum(), i)
                        for i in range(len(kept))
                        if meta['condition'][i] == 'nm'
                        and meta['seq'][i] in (1, 2, 3, 4)
                        and meta['view'][i] == gallery_view
                    )
                    first = [meta['subject'][i] for _, i in near[:2]]
                    hits.append(meta['subject'][q] in first)
                wanted = 100 * np.mean(hits) if hits else NAN
                found = scores.cells[0, c, p, g]
                assert found == pytest.approx(wanted, nan_ok=True)


def test_another_data_set_with_other_metadata():
    scores = gait_scores(
        Items(
            np.array([[0.0], [5.0], [0.1], [4.9], [9.0]]),
            dict(
                subject=[1, 2, 1, 2, 3],
                day=['first', 'first', 'second', 'second', 'third'],
                view=[10, 10, 20, 20, 20],
            ),
        ),
        GaitProtocol(
            gallery=dict(day='first'),
            probes=dict(later=dict(day=['second'])),
            views=None,
        ),
    )
    assert scores.to_dict()['later_rank1_v020'] == 100
    assert np.isnan(scores.to_dict()['later_rank1_v010'])
    assert scores.unused == 1


def test_a_probe_is_not_compared_with_itself():
    scores = score_gait(
        [[0.0], [0.1], [0.3]],
        [1, 2, 1],
        ['nm'] * 3,
        [1, 1, 1],
        [0, 0, 0],
        GaitProtocol(
            probes=dict(all=dict(condition='nm')),
            views=None,
            exclude_identical_view=False,
        ),
    )
    assert scores.by_set[0, 0] == 0


def test_views_in_any_form_come_out_as_numbers():
    for views in ([90, 0, 90], range(0, 91, 90), np.array([90, 0])):
        made = GaitProtocol(views=views).views
        assert made == (0, 90) and set(map(type, made)) == {int}


def test_views_of_the_data_have_to_be_numbers():
    with pytest.raises(ValueError, match="text in the data, such as 'left'"):
        score_gait(
            np.eye(2),
            [1, 1],
            ['nm', 'nm'],
            [1, 5],
            ['left', 'right'],
            GaitProtocol(views=None),
        )


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(topk=(0,)), 'topk is a tuple of 1 item'),
        (dict(topk=()), 'topk is a tuple'),
        (dict(unmatched='drop'), "unmatched is 'drop'; expected one of"),
        (dict(topk=True), 'topk is True'),
        (dict(views=()), 'views is a tuple of 0 items; expected whole'),
        (dict(views=18), 'views is 18; expected whole numbers'),
        (dict(views='90'), "views is '90'; expected whole"),
        (dict(views=[0, 'a']), 'views is a list of 2 items'),
        (dict(views=[0.5]), 'views is a list of 1 item'),
        (dict(views=[True]), 'views is a list of 1 item'),
        (dict(probes={}), 'probes is empty'),
        (dict(gallery={}), 'gallery is a dict of 0 items'),
        (dict(gallery=dict(seq=())), "gallery: 'seq' is a tuple of 0"),
        (dict(probes=dict(NM=dict(seq=0.5))), r"probes\['NM'\]: 'seq' is 0.5"),
    ],
)
def test_impossible_protocols_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        GaitProtocol(**options)
