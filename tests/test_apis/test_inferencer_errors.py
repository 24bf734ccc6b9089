"""Wrong inputs and models are named; the others are done all the same."""

import copy
import pickle

import numpy as np
import pytest
import torch

from aclnet_plugin.apis import ACLInferencer, InferenceError
from aclnet_plugin.apis.inferencers import PartlyFailed


def wrong(infer, one, **call):
    with pytest.raises(InferenceError) as caught:
        infer(one, **call)
    return str(caught.value)


def with_nan(walk):
    walk = walk.copy()
    walk[3, 4, 1] = np.nan
    return walk


@pytest.mark.parametrize(
    ('make', 'said'),
    [
        (lambda w: w[:, :20], "has 20 joints, but the layout 'nturgb+d'"),
        (with_nan, 'person 0, frame 3, joint 4'),
        (lambda w: w[:0], 'none of them 0'),
        (lambda w: w[0], 'shape (25, 3)'),
        (lambda w: w[..., :2], '2 coordinates per joint'),
        (lambda w: w.astype(str), 'it must hold numbers'),
        (lambda w: w * 0, 'nobody was found'),
        (lambda w: {'keypoint': w}, 'must be (M persons'),
        (lambda w: 7, 'an input is an array'),
        (lambda w: 'nothing.csv', "no file or folder 'nothing.csv'"),
    ],
)
def test_wrong_inputs(infer, walk, make, said):
    assert said in wrong(infer, make(walk))


def test_wrong_files(infer, tmp_path, trained):
    odd = tmp_path / 'a.doc'
    odd.write_text('x')
    assert "ends in '.doc', which is not known" in wrong(infer, odd)
    bad = tmp_path / 'a.pkl'
    bad.write_bytes(b'junk')
    assert 'a.pkl is not a complete pickle file' in wrong(infer, bad)
    path = str(trained.ann_file)
    assert "no sequence 'xx'" in wrong(infer, path, names=['xx'])
    assert 'xsub_val' in wrong(infer, path, split='test')
    empty = tmp_path / 'empty'
    empty.mkdir()
    assert 'has no file that ends in' in wrong(infer, empty)
    assert 'there is no input' in wrong(infer, [])


def test_pickles_that_would_run_code_are_refused(infer, tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ('run',)

    path = tmp_path / 'evil.pkl'
    path.write_bytes(pickle.dumps([Evil()]))
    assert 'evil.pkl' in wrong(infer, path)


@pytest.mark.parametrize('batch_size', [1, 3])
def test_a_bad_input_does_not_take_the_others_with_it(infer, walk, batch_size):
    inputs = [walk, walk[:, :3], walk * 2]
    found = infer(inputs, batch_size=batch_size, on_error='skip')
    first, second, third = found['predictions']
    assert first['top'] == infer(walk)['predictions'][0]['top']
    assert third['top'] == infer(walk * 2)['predictions'][0]['top']
    assert set(second) == {'input', 'error'}
    with pytest.raises(PartlyFailed, match='1 of 3 inputs failed') as caught:
        infer(inputs, batch_size=batch_size)
    assert caught.value.results == found
    samples = infer(inputs, return_datasamples=True, on_error='skip')
    assert samples['predictions'][1] is None


def test_one_bad_sample_of_an_annotation_file(infer, trained, tmp_path):
    content = copy.deepcopy(trained.content)
    content['annotations'][2]['keypoint'][0, 1, 2, 0] = np.inf
    path = tmp_path / 'bad.pkl'
    path.write_bytes(pickle.dumps(content))
    found = infer(path, on_error='skip', batch_size=5)['predictions']
    assert [i for i, one in enumerate(found) if 'error' in one] == [2]
    assert 'number 2' in found[2]['error']


def test_a_batch_that_fails_is_done_one_by_one(infer, walk, monkeypatch):
    whole = infer.model.test_step

    def test_step(data):
        if len(data['inputs']) > 1 or data['inputs'][0].max() > 50:
            raise RuntimeError('too much')
        return whole(data)

    monkeypatch.setattr(infer.model, 'test_step', test_step)
    found = infer([walk, walk * 99], batch_size=2, on_error='skip')
    assert 'label' in found['predictions'][0]
    error = found['predictions'][1]['error']
    assert error == 'the model failed: too much'


@pytest.mark.parametrize(
    ('call', 'said'),
    [
        (dict(on_error='stop'), 'on_error'),
        (dict(top=0), 'top must be'),
        (dict(batch_size=0), 'batch_size'),
        (dict(window=0), 'window must be'),
        (dict(stride=3), 'give both'),
        (dict(window=4, stride=5), 'longer than window'),
        (dict(window=4, smooth='max'), 'smooth must be'),
        (dict(window=4, smooth_size=2), 'odd'),
        (dict(vis_out='x.gif', vis_format='bmp'), 'vis_format'),
        (dict(vis_out='x.bmp'), 'must end in .gif'),
    ],
)
def test_wrong_arguments(infer, walk, call, said):
    assert said in wrong(infer, walk, **call)


def test_unknown_argument(infer, walk):
    with pytest.raises(ValueError, match='windows'):
        infer(walk, windows=3)


def test_wrong_models(config, trained, tmp_path):
    def refused(*args, **kwargs):
        with pytest.raises(InferenceError) as caught:
            ACLInferencer(*args, device='cpu', **kwargs)
        return str(caught.value)

    path = trained.config_j
    assert 'no config file' in refused('no.py')
    assert "no file 'no.pth'" in refused(path, 'no.pth')
    assert 'is a program' in refused(None, trained.j)
    other = copy.deepcopy(config)
    other.model.cls_head.num_classes = 4
    assert 'does not fit the model' in refused(other, trained.j)
    said = refused(path, trained.j, others=[(other, None)])
    assert 'has 3 classes' in said and 'has 4' in said
    said = refused(
        *(path, trained.j),
        others=[(trained.config_b, trained.b)],
        fusion_weights=[1],
    )
    assert '2 numbers' in said
    assert 'model has 3' in refused(path, trained.j, classes=['a'])
    empty = tmp_path / 'empty.pth'
    torch.save({'meta': {}, 'state_dict': {}}, empty)
    assert 'holds no weights' in refused(path, empty)
    wide = copy.deepcopy(config)
    wide.test_dataloader.dataset.type = 'VideoDataset'
    assert 'skeletons are in a PoseDataset' in refused(wide)
    bare = copy.deepcopy(config)
    bare.pop('test_dataloader')
    bare.pop('val_dataloader', None)
    assert 'has no test_dataloader' in refused(bare)


def test_unknown_device(trained):
    with pytest.raises(InferenceError, match='the device nope'):
        ACLInferencer(trained.config_j, trained.j, 'nope')


def test_scores_that_are_not_finite(config, trained, walk, tmp_path):
    saved = torch.load(trained.j, weights_only=True)
    saved['state_dict']['cls_head.fc.bias'][0] = float('nan')
    path = tmp_path / 'nan.pth'
    torch.save(saved, path)
    sick = ACLInferencer(config, path, 'cpu')
    assert 'scores are not finite' in wrong(sick, walk)


def test_only_our_backbone_can_be_folded(stgcn_config):
    with pytest.raises(InferenceError, match='cannot be re-parameterised'):
        ACLInferencer(str(stgcn_config), device='cpu', reparameterize=True)


def test_checkpoints_that_would_run_code_are_refused(trained, tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ('run',)

    path = tmp_path / 'evil.pth'
    torch.save({'meta': Evil(), 'state_dict': {}}, path)
    with pytest.raises(pickle.UnpicklingError, match='refused'):
        ACLInferencer(trained.config_j, path, 'cpu')
