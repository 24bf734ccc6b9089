"""The metrics as the evaluation loop uses them."""

import logging

import numpy as np
import pytest
import torch
from mmaction.registry import METRICS
from mmaction.structures import ActionDataSample
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger

from aclnet_plugin.evaluation import GaitRankMetric, ReIDMetric
from aclnet_plugin.evaluation.retrieval import score_gait, score_reid
from tests.ddp import run_ranks
from tests.test_evaluation.test_retrieval.examples import casia_b

KEYS = ('subject', 'condition', 'seq', 'view')


def data(people=4, views=(0, 18)):
    """Metadata and features, one of each sequence."""
    meta = casia_b(range(people), views=views)
    rng = np.random.default_rng(0)
    features = rng.normal(size=(len(meta['subject']), 3))
    return meta, features.astype(np.float32)


def samples_of(meta, features):
    rows = torch.from_numpy(features)
    found = []
    for index, row in enumerate(rows):
        sample = ActionDataSample()
        sample.pred_feature = row
        known = {key: meta[key][index] for key in KEYS}
        sample.set_metainfo(
            dict(frame_dir=f's{index}', sample_idx=index, **known)
        )
        found.append(sample)
    return found


def plain_samples(*args):
    return [sample.to_dict() for sample in samples_of(*args)]


@pytest.fixture
def log(request):
    """Records of the log that metrics write to."""
    name = request.node.name
    logger = MMLogger.get_instance(name, log_level='INFO')
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    logger.addHandler(handler)
    yield records
    MMLogger._instance_dict.pop(name)


def warnings_in(log):
    return [r.getMessage() for r in log if r.levelno == logging.WARNING]


def test_gait_through_the_evaluator(log):
    meta, features = data()
    evaluator = Evaluator(
        [dict(type='mmaction.GaitRankMetric', views=[0, 18])]
    )
    samples = samples_of(meta, features)
    for start in range(0, len(samples), 7):
        evaluator.process(samples[start : start + 7])
    found = evaluator.evaluate(len(samples))
    metric = evaluator.metrics[0]
    wanted = score_gait(features, **meta, protocol=metric.protocol)
    assert found == {
        f'gait/{name}': value for name, value in wanted.to_dict().items()
    }
    assert {
        'gait/NM_rank1', 'gait/BG_rank1', 'gait/CL_rank1',
        'gait/mean_rank1', 'gait/NM_rank1_v018',
    } < set(found)  # fmt: skip
    assert any('Rank-1 in % by probe view' in r.getMessage() for r in log)
    assert warnings_in(log) == []
    assert metric.results == []


def test_reid_through_the_evaluator(log):
    meta, features = data()
    samples = samples_of(meta, features)
    evaluator = Evaluator([dict(type='mmaction.ReIDMetric')])
    evaluator.process(samples)
    found = evaluator.evaluate(len(samples))
    wanted = score_reid(features, **meta).to_dict()
    assert found == {f'reid/{name}': v for name, v in wanted.items()}
    assert {'reid/N-N_rank1', 'reid/N-N_mAP', 'reid/C-N_rank10'} < set(found)
    assert warnings_in(log) == []


@pytest.mark.parametrize('name', ['GaitRankMetric', 'ReIDMetric'])
def test_the_order_of_arrival_does_not_matter(name):
    meta, features = data()
    features = features.round()  # many ties
    samples = plain_samples(meta, features)
    mixed = np.random.default_rng(0).permutation(len(samples))
    found = []
    for order in (np.arange(len(samples)), mixed):
        metric = METRICS.build(dict(type=name))
        metric.process(None, [samples[place] for place in order])
        found.append(metric.evaluate(len(samples)))
    np.testing.assert_equal(found[0], found[1])


def uneven():
    """An odd number of samples."""
    meta, features = data(people=3, views=(0, 18, 36))
    return plain_samples(meta, features)[:-1]


def on_one_rank(rank):
    """Every second sample, filled up with the first ones, as padding is."""
    samples = uneven()
    own = (samples + samples[:1])[rank::2]
    found = []
    for kind in (GaitRankMetric, ReIDMetric):
        metric = kind()
        for start in range(0, len(own), 4):
            metric.process(None, own[start : start + 4])
        found.append(metric.evaluate(len(samples)))
    return found


def test_two_processes_find_the_same(tmp_path, monkeypatch, log):
    monkeypatch.chdir(tmp_path)  # where results are gathered
    samples = uneven()
    assert len(samples) % 2, 'ranks get different numbers of them'
    alone = []
    for kind in (GaitRankMetric, ReIDMetric):
        metric = kind()
        metric.process(None, samples + samples[:1])
        alone.append(metric.evaluate(len(samples)))
    assert not any('arrived' in text for text in warnings_in(log))
    for found in run_ranks(tmp_path, on_one_rank):
        np.testing.assert_equal(found, alone)


def test_tables_are_written(tmp_path):
    meta, features = data()
    samples = plain_samples(meta, features)
    for kind in (GaitRankMetric, ReIDMetric):
        metric = kind(out_dir=tmp_path / 'tables')
        metric.process(None, samples)
        metric.evaluate(len(samples))
    assert sorted(path.name for path in (tmp_path / 'tables').iterdir()) == [
        'gait_cells.csv',
        'gait_views.csv',
        'reid_settings.csv',
    ]


def test_a_folder_that_cannot_be_written_costs_no_value(tmp_path, log):
    meta, features = data()
    (tmp_path / 'file').touch()
    metric = ReIDMetric(out_dir=tmp_path / 'file')
    metric.process(None, plain_samples(meta, features))
    assert metric.evaluate(len(features))['reid/N-N_mAP'] > 0
    errors = [r.getMessage() for r in log if r.levelno == logging.ERROR]
    assert len(errors) == 1 and 'could not be written' in errors[0]


def test_undefined_values_are_told_once(log):
    meta, features = data()
    metric = GaitRankMetric()
    for _ in range(2):
        metric.process(None, plain_samples(meta, features))
        found = metric.evaluate(len(features))
    assert np.isnan(found['gait/NM_rank1_v180'])
    assert np.isfinite(found['gait/NM_rank1'])
    (warning,) = warnings_in(log)
    assert 'no gallery at view 36, 54' in warning
    assert 'no CL probes at view 36, 54' in warning


def test_a_data_set_to_train_on_is_told_before_the_evaluation(log):
    evaluator = Evaluator([dict(type='mmaction.ReIDMetric')])
    # As the loops do when they are made.
    for meta in ({}, dict(test_mode=True)):
        evaluator.dataset_meta = meta
        assert warnings_in(log) == []
    for _ in range(2):
        evaluator.dataset_meta = dict(test_mode=False, views=[0])
    (warning,) = warnings_in(log)
    assert warning.startswith('ReIDMetric: the data set of this evaluation')
    assert 'Set test_mode=True of the dataset' in warning
    assert evaluator.metrics[0].dataset_meta['views'] == [0]


def test_no_result_at_all_is_told(log):
    found = GaitRankMetric(views=None).evaluate(0)
    assert np.isnan(found['gait/mean_rank1'])
    assert any('there is no sample' in text for text in warnings_in(log))
    found = ReIDMetric().evaluate(0)
    assert np.isnan(found['reid/N-N_mAP'])


def test_samples_that_did_not_arrive_are_told(log):
    meta, features = data()
    metric = ReIDMetric()
    metric.process(None, plain_samples(meta, features))
    metric.evaluate(len(features) + 3)
    assert any('but the data set has 83' in w for w in warnings_in(log))


def test_repetitions_may_come_anywhere(log):
    """Not at the end alone, where the host cuts them off."""
    meta, features = data()
    samples = plain_samples(meta, features)
    metric = ReIDMetric()
    metric.process(None, [samples[0], samples[3], *samples])
    wanted = score_reid(features, **meta).to_dict()
    found = metric.evaluate(len(features))
    assert found == {f'reid/{name}': v for name, v in wanted.items()}
    assert warnings_in(log) == []


def test_one_index_of_two_samples_is_refused():
    meta, features = data()
    samples = plain_samples(meta, features)
    metric = ReIDMetric()
    metric.process(None, [samples[0], {**samples[1], 'sample_idx': 0}])
    with pytest.raises(ValueError, match="'s0' and 's1' both have the sample"):
        metric.evaluate(2)


def test_embeddings_of_several_sizes_are_refused():
    meta, features = data()
    samples = plain_samples(meta, features)
    metric = ReIDMetric()
    other = {**samples[1], 'pred_feature': torch.ones(7)}
    metric.process(None, [samples[0], other])
    with pytest.raises(ValueError, match='embeddings have 3 to 7 numbers'):
        metric.evaluate(2)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(pred_feature=None), "sample 's0' has no pred_feature. Set emb"),
        (dict(view=None, seq=None), "'s0' has no seq, view. Name them in"),
        (dict(frame_dir=None), 'sample 0 has no frame_dir'),
        (dict(sample_idx=None), "'s0' has no sample_idx"),
        (dict(pred_feature=torch.ones(2, 3)), 'expected a vector'),
        (dict(pred_feature=torch.ones(3).long()), 'expected a vector'),
        (dict(pred_feature=torch.tensor([0, np.nan])), "'s0' is not finite"),
        (dict(subject=[1, 2]), "subject of sample 's0' is a list of 2 items"),
        (dict(view=0.5), "view of sample 's0' is 0.5; expected a whole"),
        (dict(view=torch.ones(2)), "view of sample 's0' is a Tensor"),
    ],
)
def test_what_a_sample_lacks_is_named(changes, message):
    meta, features = data()
    sample = plain_samples(meta, features)[0]
    with pytest.raises(ValueError, match=message):
        GaitRankMetric().process(None, [{**sample, **changes}])


def test_metadata_may_be_numpy_or_tensors_and_features_of_low_precision():
    meta, features = data()
    one, other = ReIDMetric(), ReIDMetric()
    samples = plain_samples(meta, features.round())
    one.process(None, samples)
    for sample in samples:
        sample['subject'] = torch.tensor([sample['subject']])
        sample['condition'] = np.str_(sample['condition'])
        sample['sample_idx'] = np.int64(sample['sample_idx'])
        sample['pred_feature'] = sample['pred_feature'].bfloat16()
    other.process(None, samples)
    assert one.evaluate(80) == other.evaluate(80)


def test_results_do_not_keep_batches_alive():
    meta, features = data()
    batch = torch.zeros(1000, 3)
    sample = plain_samples(meta, features)[0]
    metric = ReIDMetric()
    metric.process(None, [{**sample, 'pred_feature': batch[5]}])
    batch += 1
    kept = metric.results[0][2]
    assert kept.base is None and not kept.any()


def test_metadata_that_the_protocol_does_not_name_is_not_needed():
    pair = dict(probe=dict(camera=1), gallery=dict(camera=[2]))
    metric = ReIDMetric(settings={'1-2': pair}, topk=1, prefix='other')
    for index in range(4):
        sample = dict(
            pred_feature=torch.tensor([float(index // 2)]),
            subject=index // 2,
            camera=1 + index % 2,
            frame_dir=str(index),
            sample_idx=index,
        )
        metric.process(None, [sample])
    assert metric.evaluate(4) == {
        'other/1-2_rank1': 100.0,
        'other/1-2_mAP': 100.0,
    }
