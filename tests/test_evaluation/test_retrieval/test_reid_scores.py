"""Re-identification: worked examples, guesses and oracles."""

import numpy as np
import pytest

from aclnet_plugin.evaluation.retrieval import (
    Items,
    ReIDProtocol,
    rank_gallery,
    reid_scores,
    score_reid,
)
from aclnet_plugin.evaluation.retrieval.reid_protocol import SETTINGS
from tests.test_evaluation.test_retrieval.examples import (
    casia_b,
    given_distances,
    slow_average_precision,
    slow_rank,
    slow_ranking,
)

N_N = {'N-N': dict(probe=dict(condition='nm'), gallery=dict(condition='nm'))}
B_N = {'B-N': dict(probe=dict(condition='bg'), gallery=dict(condition='nm'))}


def e4_items(monkeypatch):
    table = np.zeros((5, 5))
    for pair, value in {
        '01': 1, '02': 3, '03': 4, '04': 2, '12': 2.5,
        '13': 5, '14': 4.5, '23': 2, '24': 1.5, '34': 3.5,
    }.items():  # fmt: skip
        i, j = map(int, pair)
        table[i, j] = table[j, i] = value
    given_distances(monkeypatch, table)
    return Items(
        np.arange(5.0)[:, None],
        dict(
            subject=[1, 1, 2, 2, 3],
            condition=['nm'] * 5,
            seq=[1, 1, 1, 2, 1],
            view=[0] * 5,
        ),
    )


@pytest.mark.parametrize(
    ('unmatched', 'same', 'curve', 'mean_ap', 'lacking', 'excluded'),
    [
        ('miss', False, [60, 80, 80], 87.5, 1, 5),
        ('skip', False, [75, 100, 100], 87.5, 1, 5),
        ('miss', True, [20, 40], 75, 3, 7),
        ('skip', True, [50, 100], 75, 3, 7),
    ],
)
def test_example_e4(
    monkeypatch, unmatched, same, curve, mean_ap, lacking, excluded
):
    protocol = ReIDProtocol(
        N_N,
        topk=(1, 2, 5)[: len(curve)],
        unmatched=unmatched,
        exclude_same_sequence=same,
    )
    scores = reid_scores(e4_items(monkeypatch), protocol)
    score = scores.settings['N-N']
    np.testing.assert_allclose(score.cmc, curve, atol=1e-4)
    assert score.mean_ap == pytest.approx(mean_ap, abs=1e-4)
    assert score.unmatched == lacking
    assert score.excluded == excluded
    assert (score.probes, score.gallery) == (5, 5)


@pytest.mark.parametrize(
    ('unmatched', 'curve'),
    [('miss', [0, 100 / 3, 200 / 3]), ('skip', [0, 50, 100])],
)
def test_example_e5(monkeypatch, unmatched, curve):
    table = np.zeros((6, 6))
    table[3:, :3] = [[0.2, 0.1, 0.3], [0.4, 0.6, 0.5], [0.7, 0.8, 0.9]]
    given_distances(monkeypatch, table)
    items = Items(
        np.arange(6.0)[:, None],
        dict(subject=[1, 2, 1, 1, 2, 4], condition=['nm'] * 3 + ['bg'] * 3),
    )
    scores = reid_scores(
        items, ReIDProtocol(B_N, topk=(1, 2, 3), unmatched=unmatched)
    )
    score = scores.settings['B-N']
    np.testing.assert_allclose(score.cmc, curve, atol=1e-4)
    assert score.mean_ap == pytest.approx(45.8333, abs=1e-4)
    assert (score.unmatched, score.excluded) == (1, 0)
    assert list(scores.to_dict()) == [
        'B-N_rank1',
        'B-N_rank2',
        'B-N_rank3',
        'B-N_mAP',
    ]


def test_one_hot_identities_are_always_recognised():
    meta = casia_b(range(63, 125), views=(0, 90))
    features = np.eye(125)[meta['subject']]
    values = score_reid(features, **meta).to_dict()
    assert len(values) == 5 * 4
    np.testing.assert_allclose(list(values.values()), 100)


def test_random_embeddings_guess_one_of_sixty_two():
    meta = casia_b(range(63, 125))
    rng = np.random.default_rng(0)
    features = rng.normal(size=(len(meta['subject']), 8))
    protocol = ReIDProtocol(
        {name: SETTINGS[name] for name in ('C-N', 'B-N')}, topk=1
    )
    values = score_reid(features, **meta, protocol=protocol).to_dict()
    # The standard error of each is 0.34.
    for name in ('C-N_rank1', 'B-N_rank1'):
        assert values[name] == pytest.approx(100 / 62, abs=1)


@pytest.mark.parametrize('chunk', [1, 7, 1024])
@pytest.mark.parametrize('same', [False, True])
def test_ranking_is_that_of_a_loop_whatever_the_chunk(chunk, same):
    rng = np.random.default_rng(chunk)
    count = 40
    items = Items(
        rng.integers(0, 3, (count, 2)).astype(float),
        dict(
            subject=rng.integers(0, 6, count),
            condition=['nm'] * count,
            seq=rng.integers(0, 3, count),
            view=[0] * count,
        ),
    )
    videos = items.videos('a test') if same else None
    own = None if videos is None else (videos, videos)
    found = rank_gallery(items, items, videos=own, chunk=chunk)
    excluded = 0
    for q in range(count):
        distance = ((items.features - items.features[q]) ** 2).sum(1)
        match = items.subject == items.subject[q]
        candidate = np.arange(count) != q
        if same:
            seq = items.meta['seq']
            candidate &= ~(match & (seq == seq[q]))
        excluded += count - candidate.sum()
        relevant = slow_ranking(distance, match, candidate)
        assert found.ranks[q] == slow_rank(relevant)
        wanted = slow_average_precision(relevant)
        assert found.precision[q] == pytest.approx(wanted, nan_ok=True)
    assert found.excluded == excluded


def test_windows_of_a_video_are_averaged_on_request():
    features = np.array([[0.0], [8.0], [2.0], [7.0], [3.5]])
    meta = dict(
        subject=[1, 2, 1, 2, 2],
        condition=['nm', 'nm', 'nm', 'bg', 'bg'],
        seq=[1, 1, 1, 1, 1],
        view=[0] * 5,
    )
    scores = score_reid(
        features, **meta, protocol=ReIDProtocol(B_N, aggregate='mean')
    )
    score = scores.settings['B-N']
    # b's windows 7 and 3.5 become 5.25, nearer to 8 than to a's 1.
    assert (score.probes, score.gallery) == (1, 2)
    assert score.cmc[0] == 100
    apart = score_reid(features, **meta, protocol=ReIDProtocol(B_N))
    assert apart.settings['B-N'].cmc[0] == 50
    items = Items(features, meta, [3, 4, 5, 8, 9], list('vwxyz'))
    averaged = items.averaged_by_video('a test')
    assert averaged.features.tolist() == [[1.0], [8.0], [5.25]]
    assert averaged.index.tolist() == [3, 4, 8]
    assert averaged.names.tolist() == ['v', 'w', 'y']
    assert averaged.subject.tolist() == [1, 2, 2]


@pytest.mark.parametrize(
    ('key', 'unknown'), [('seq', -1), ('view', -1), ('condition', 'na')]
)
@pytest.mark.parametrize(
    'option', [dict(exclude_same_sequence=True), dict(aggregate='mean')]
)
def test_videos_that_cannot_be_told_apart(key, unknown, option):
    meta = casia_b([1, 2], views=(0,))
    meta[key][3] = unknown
    pair = dict(probe=dict(subject=(1, 2)), gallery=dict(subject=(1, 2)))
    protocol = ReIDProtocol(dict(all=pair), **option)
    message = f'{next(iter(option))} needs to know .* {key} of sample 3 is'
    with pytest.raises(ValueError, match=message):
        score_reid(np.zeros((20, 2)), **meta, protocol=protocol)


def test_videos_need_their_metadata():
    protocol = ReIDProtocol(N_N, exclude_same_sequence=True)
    with pytest.raises(ValueError, match="needs the metadata 'seq'"):
        score_reid([[0.0]], [1], ['nm'], protocol=protocol)


def test_unknown_videos_of_samples_without_part_do_not_matter():
    meta = casia_b([1, 2], views=(0,))
    meta['condition'] += ['na']
    for key in ('subject', 'seq', 'view'):
        meta[key] += [-1]
    protocol = ReIDProtocol(exclude_same_sequence=True)
    scores = score_reid(np.eye(21), **meta, protocol=protocol)
    assert scores.unused == 1


def test_pairs_of_views():
    pair = dict(probe=dict(view=0), gallery=dict(view=(90, 180)))
    scores = score_reid(
        np.array([[0.0], [0.1], [5.0], [0.2]]),
        [1, 1, 2, 2],
        ['nm'] * 4,
        view=[0, 90, 180, 270],
        protocol=ReIDProtocol({'0-90': pair}),
    )
    assert scores.to_dict()['0-90_rank1'] == 100
    assert scores.settings['0-90'].gallery == 2
    assert scores.unused == 1


def test_settings_without_probes_gallery_or_match_are_told():
    scores = score_reid([[0.0], [1.0], [2.0]], [1, 2, 3], ['nm', 'nm', 'cl'])
    assert scores.problems() == [
        'no probe of N-N has a match',
        'B-B has no probes',
        'no probe of C-C has a match',
        'no probe of C-N has a match',
        'B-N has no probes',
    ]
    values = scores.to_dict()
    assert values['N-N_rank1'] == 0 and np.isnan(values['N-N_mAP'])
    assert np.isnan(values['B-B_rank1'])


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(settings={}), 'settings is empty'),
        (dict(settings={'N-N': {}}), r"settings\['N-N'\] is a dict of 0"),
        (
            dict(settings={'x': dict(probe={}, gallery={})}),
            r"settings\['x'\]\['probe'\] is a dict of 0",
        ),
        (dict(aggregate='max'), "aggregate is 'max'"),
        (dict(topk='5'), "topk is '5'"),
        (dict(unmatched=None), 'unmatched is None'),
    ],
)
def test_impossible_protocols_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ReIDProtocol(**options)
