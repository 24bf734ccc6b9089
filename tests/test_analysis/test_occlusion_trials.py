"""Tests with joints or frames missing: plan, pipelines, numbers."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.occlusion import (
    Trial,
    inserted,
    joints_from,
    known_groups,
    outcomes,
    plan_trials,
    set_pipeline,
    test_hits,
)
from aclnet_plugin.structures import get_layout

NTU = get_layout('nturgb+d')
ROPE = get_layout(dict(num_node=3, inward=[[1, 0], [2, 1]], center=0))


def names_of(pipeline):
    return [step['type'] for step in pipeline]


def test_groups_and_joints():
    assert known_groups(NTU) == [
        *('left_arm', 'right_arm', 'two_hands', 'two_legs', 'trunk')
    ]
    assert 'head' in known_groups(get_layout('coco'))
    own = dict(num_node=2, inward=[[1, 0]], center=0, parts=dict(tip=[1]))
    assert known_groups(get_layout(own)) == ['tip']
    assert known_groups(ROPE) == []
    assert joints_from('head, 3,7', NTU) == (3, 7)
    for text, layout, message in (
        ('tail', NTU, "no joint 'tail'.*spine_base"),
        ('25', NTU, '0 to 24'),
        (',', ROPE, 'names no joints'),
        ('-1', ROPE, "no joint '-1'; there are 0 to 2"),
    ):
        with pytest.raises(AnalysisError, match=message):
            joints_from(text, layout)


def test_plan():
    trials = plan_trials(
        NTU, ['two_hands'], ['3,4'], [1, 2], [0.25], repeats=2, seed=5
    )
    assert [(t.kind, t.label, t.repeat) for t in trials] == [
        ('intact', 'intact', 0),
        ('part', 'two hands', 0),
        ('part', 'head, left shoulder', 0),
        ('random', '1 random joint', 0),
        ('random', '1 random joint', 1),
        ('random', '2 random joints', 0),
        ('random', '2 random joints', 1),
        ('frames', '25 % of the frames', 0),
        ('frames', '25 % of the frames', 1),
    ]
    assert trials[1].transform['joints'] == (21, 22, 23, 24)
    assert [t.transform['seed'] for t in trials[3:5]] == [5, 6]
    assert trials[-1].stage == 'raw' and not trials[-1].transform['remove']
    assert plan_trials(ROPE, joints=['1'])[1].label == 'joints 1'
    zero, gone = (
        plan_trials(NTU, drop_frames=[0.1], frames=frames)[1]
        for frames in ('zero', 'removed')
    )
    assert zero.stage is None and gone.transform['remove']
    for wrong, message in (
        (dict(parts=['tail']), 'no part'),
        (dict(random_joints=[26]), '26 random joints'),
        (dict(drop_frames=[1.0]), 'above 0 and below 1'),
    ):
        with pytest.raises(AnalysisError, match=message):
            plan_trials(NTU, **wrong)


@pytest.mark.parametrize(
    ('stage', 'place'), [('raw', 1), ('centred', 2), ('features', 3)]
)
def test_places_in_the_pipeline(stage, place):
    steps = ['DecompressPose', 'CenterSkeleton', 'mmaction.ToStream']
    steps += ['UniformSampleDecode', 'FormatGCNInput']
    pipeline = [dict(type=kind) for kind in steps]
    hide = dict(type='OccludeJoints')
    got = names_of(inserted(pipeline, hide, stage))
    assert got == [*steps[:place], 'OccludeJoints', *steps[place:]]
    assert names_of(pipeline) == steps
    assert inserted(pipeline, None, stage) == pipeline


def test_pipelines_without_streams():
    hide = dict(type='OccludeJoints')
    plain = [dict(type='PoseDecode'), dict(type='FormatGCNInput')]
    for stage in ('centred', 'features'):
        assert names_of(inserted(plain, hide, stage))[1] == 'OccludeJoints'
    assert names_of(inserted(plain, hide, 'raw'))[0] == 'OccludeJoints'
    with pytest.raises(AnalysisError, match='--at raw'):
        inserted([dict(type='Other')], hide, 'centred')


def test_pipeline_of_a_wrapped_dataset():
    inner = SimpleNamespace(pipeline=None)
    step = dict(type='mmaction.OccludeJoints', joints='trunk')
    set_pipeline(SimpleNamespace(dataset=inner), [step])
    results = dict(frame_dir='a', keypoint=np.ones((1, 2, 25, 3)))
    got = inner.pipeline(results)['keypoint']
    assert (got[:, :, [0, 20]] == 0).all() and got[0, 0, 4, 0] == 1


class Model:
    """Predicts what its input says."""

    def test_step(self, batch):
        made = []
        for scores, label in zip(
            batch['inputs'], batch['labels'], strict=True
        ):
            truth = torch.tensor([label])
            made.append(SimpleNamespace(pred_score=scores, gt_label=truth))
        return made


def test_hits_of_a_model():
    scores = torch.eye(3)[[0, 1, 2, 0, 1]]
    truth = [0, 1, 0, 0, 2]
    samples = [
        dict(inputs=one, labels=label)
        for one, label in zip(scores, truth, strict=True)
    ]
    seen = []
    hits, labels = test_hits(
        Model(), samples, batch_size=2, advance=seen.append
    )
    assert hits.tolist() == [True, True, False, True, False]
    assert labels.tolist() == truth and seen == [2, 2, 1]
    with pytest.raises(AnalysisError, match='no classes of the model'):
        test_hits(Model(), [dict(inputs=scores[0], labels=3)])


def test_outcomes_by_loop():
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=60)
    intact = rng.random(60) < 0.9
    draws = [rng.random(60) < 0.5 for _ in range(3)]
    arm = intact & (rng.random(60) < 0.8)
    done = [(Trial('intact', 'intact'), intact), (Trial('part', 'arm'), arm)]
    done += [
        (Trial('random', '2 random joints', 2, repeat), hits)
        for repeat, hits in enumerate(draws)
    ]
    first, second, third = outcomes(done, labels, resamples=300)
    assert first.mean == intact.mean() and first.low is None
    assert second.mean == arm.mean() and second.spread is None
    assert third.accuracies == tuple(hits.mean() for hits in draws)
    mean = sum(third.accuracies) / 3
    variance = sum((x - mean) ** 2 for x in third.accuracies) / 2
    assert third.spread == pytest.approx(variance**0.5)
    for one in (second, third):
        assert one.low < one.mean - first.mean < one.high < 0
