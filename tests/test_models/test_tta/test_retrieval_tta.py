"""Test-time augmentation against the average taken by hand."""

import copy

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope

from aclnet_plugin.models import RetrievalTTAModel
from tests.training import build_runner, tiny_config


class Stub(torch.nn.Module):
    def test_step(self, data):
        raise AssertionError


def sample(feature, score=None):
    made = ActionDataSample().set_gt_label(7)
    if feature is not None:
        made.pred_feature = torch.tensor(feature)
    return made if score is None else made.set_pred_score(torch.tensor(score))


def test_merges_by_hand():
    model = RetrievalTTAModel(Stub())
    first = sample([1.0, 0.0], [0.2, 0.8])
    second = sample([0.6, 0.8], [0.9, 0.1])
    second.set_metainfo(dict(turned=True))
    (merged,) = model.merge_preds([(first, second)])
    # The mean is (0.8, 0.4), of length sqrt(0.8).
    want = torch.tensor([0.8, 0.4]) / 0.8**0.5
    torch.testing.assert_close(merged.pred_feature, want)
    torch.testing.assert_close(merged.pred_score, torch.tensor([0.55, 0.45]))
    assert merged.pred_label.tolist() == [0]
    assert merged.gt_label.tolist() == [7]
    assert 'turned' not in merged


def test_without_scores_or_features():
    model = RetrievalTTAModel(Stub())
    (merged,) = model.merge_preds([[sample([0.0, 1.0])] * 2])
    assert merged.pred_feature.tolist() == [0, 1]
    assert 'pred_score' not in merged
    with pytest.raises(ValueError, match="embedding='pooled'"):
        model.merge_preds([(sample([1.0, 0.0]), sample(None))])


@pytest.fixture
def config(tiny_skeletons, tmp_path):
    config = tiny_config(tiny_skeletons, tmp_path)
    config.model.cls_head.embedding = 'concat'
    *_, pack = config.test_dataloader.dataset.pipeline
    before = config.test_dataloader.dataset.pipeline[:-2]
    config.tta_model = dict(type='RetrievalTTAModel')
    config.tta_pipeline = [
        *before,
        dict(
            type='TestTimeAug',
            transforms=[
                [
                    dict(type='TemporalReverse', p=0.0),
                    dict(type='TemporalReverse', p=1.0),
                ],
                [dict(type='FormatGCNInput', num_person=2)],
                [pack],
            ],
        ),
    ]
    return config


def test_a_clip_and_its_reversed_copy(config):
    init_default_scope('mmaction')
    plain = copy.deepcopy(config)
    torch.manual_seed(0)
    model = MODELS.build(config.model).eval()
    runner = build_runner(plain, 'plain_data')
    data = runner.build_dataloader(plain.test_dataloader).dataset
    batch = pseudo_collate([data[index] for index in range(3)])
    forward = model.test_step(copy.deepcopy(batch))
    backward = copy.deepcopy(batch)
    # Samples are (clips, persons, frames, joints, channels).
    backward['inputs'] = [clip.flip(2) for clip in backward['inputs']]
    reversed_ = model.test_step(backward)

    plain.test_dataloader.dataset.pipeline = config.tta_pipeline
    data = runner.build_dataloader(plain.test_dataloader).dataset
    batch = pseudo_collate([data[index] for index in range(3)])
    merged = RetrievalTTAModel(model).test_step(batch)
    differ = 0
    for one, a, b in zip(merged, forward, reversed_, strict=True):
        mean = (a.pred_feature + b.pred_feature) / 2
        torch.testing.assert_close(one.pred_feature, mean / mean.norm())
        score = (a.pred_score + b.pred_score) / 2
        torch.testing.assert_close(one.pred_score, score)
        differ += int(not torch.allclose(a.pred_feature, b.pred_feature))
    assert differ == 3, 'the copy has to be another one'


def test_through_the_runner(config, tmp_path):
    """As tools of the host wrap it, with a checkpoint of the bare model."""
    torch.manual_seed(1)
    model = MODELS.build(config.model)
    torch.save({'state_dict': model.state_dict()}, tmp_path / 'a.pth')
    seen = []

    @torch.no_grad()
    def look(samples):
        seen.extend(samples)

    config.test_dataloader.dataset.pipeline = config.tta_pipeline
    config.model = dict(**config.tta_model, module=config.model)
    config.load_from = str(tmp_path / 'a.pth')
    runner = build_runner(config, 'tta')
    hook = runner.build_evaluator(config.test_evaluator)
    hook.process = lambda data_samples, data_batch: look(data_samples)
    hook.evaluate = lambda size: {}
    runner._test_evaluator = hook
    runner.test()
    assert len(seen) == 8
    wrapped = runner.model.module.state_dict()
    for key, value in model.state_dict().items():
        assert torch.equal(wrapped[key], value), key
    for one in seen:
        assert one.pred_feature.norm() == pytest.approx(1, abs=1e-5)
