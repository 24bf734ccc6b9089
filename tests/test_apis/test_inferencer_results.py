"""What a result says: classes, segments, persons, data samples."""

import numpy as np
import pytest
import torch
from mmaction.registry import INFERENCERS
from mmaction.structures import ActionDataSample
from mmengine.infer import BaseInferencer

from aclnet_plugin.apis import ACLInferencer
from tests.test_apis.models import CLASSES


def test_is_an_inferencer_of_the_host(infer):
    assert INFERENCERS.get('ACLInferencer') is ACLInferencer
    assert isinstance(infer, BaseInferencer)


def test_top_classes_with_names_of_the_checkpoint(infer, walk):
    found = infer(walk, top=2)['predictions'][0]
    assert found['input'] == 'input 0'
    assert (found['frames'], found['persons']) == (40, 1)
    first, second = found['top']
    assert first['name'] == CLASSES[first['label']] == found['name']
    assert first['score'] == found['score'] >= second['score'] > 0
    assert 'truth' not in found and 'scores' not in found


@pytest.mark.parametrize('as_file', [False, True])
def test_given_names_come_first(trained, walk, tmp_path, as_file):
    names = ['A', 'B', 'C']
    if as_file:
        path = tmp_path / 'names.txt'
        path.write_text('A\nB\nC\n')
        names = path
    named = ACLInferencer(trained.config_j, trained.j, 'cpu', classes=names)
    found = named(walk)['predictions'][0]
    assert found['name'] == 'ABC'[found['label']]


def test_numbers_where_nobody_knows_names(trained, walk):
    bare = ACLInferencer(trained.config_j, device='cpu')
    found = bare(walk)['predictions'][0]
    assert found['name'] == f'class {found["label"]}'


def test_segments_cover_the_sequence(infer, walk):
    found = infer(walk, window=10, stride=5)['predictions'][0]
    starts = [one['start'] for one in found['windows']]
    assert starts == list(range(0, 31, 5))
    assert found['segments'][0]['start'] == 0
    assert found['segments'][-1]['end'] == 40
    for one, after in zip(
        found['segments'], found['segments'][1:], strict=False
    ):
        assert one['end'] == after['start']
        assert one['label'] != after['label']
    assert found['segments'][0]['name'] in CLASSES
    none = infer(walk, window=10, min_score=1.1)['predictions'][0]
    assert none['segments'] == []


def test_one_result_for_each_person_who_is_there(infer, walk):
    pose = np.stack([walk, np.zeros_like(walk), walk[::-1] * 3])
    pose[2, :5] = 0
    found = infer(pose, per_person=True)['predictions'][0]
    places = [(t['person'], t['start'], t['end']) for t in found['tracks']]
    assert places == [(0, 0, 40), (2, 5, 40)]
    alone = infer(walk)['predictions'][0]
    assert found['tracks'][0]['top'] == alone['top']
    assert 'label' not in found


def test_data_samples(infer, walk):
    found = infer([walk, walk], return_datasamples=True, batch_size=2)
    for sample in found['predictions']:
        assert isinstance(sample, ActionDataSample)
        assert sample.pred_score.shape == (3,)
    many = infer(walk, window=10, return_datasamples=True)['predictions'][0]
    assert len(many) == 7 and many[1].start == 5


def test_what_the_losses_keep_may_be_of_another_size(
    trained, infer, walk, tmp_path
):
    saved = torch.load(trained.j, weights_only=True)
    state = saved['state_dict']
    for key in ('affinity.bank.feats', 'inter_proj.weight'):
        state[f'cls_head.{key}'] = state[f'cls_head.{key}'][:1]
    path = tmp_path / 'other.pth'
    torch.save(saved, path)
    other = ACLInferencer(trained.config_j, path, 'cpu')
    assert other(walk) == infer(walk)
