"""Files of predictions, good and bad."""

import pickle

import numpy as np
import pytest
import torch

from aclnet_plugin.evaluation import (
    PredictionsError,
    load_predictions,
    softmax_rows,
)

SCORES = np.array([[0.5, 0.25, 0.25], [0.125, 0.75, 0.125]])


def samples(**more):
    return [
        {
            'pred_score': torch.tensor(row),
            'gt_label': torch.tensor([index]),
            'frame_dir': f's{index}',
            **more,
        }
        for index, row in enumerate(SCORES)
    ]


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'pred.pkl'


def write(path, content):
    path.write_bytes(pickle.dumps(content))
    return path


def check(found):
    np.testing.assert_array_equal(found.scores, SCORES)
    assert found.scores.dtype == np.float64
    assert found.labels.tolist() == [0, 1]
    assert found.labels.dtype == np.int64


def test_dump(path):
    found = load_predictions(write(path, samples(num_classes=3)))
    check(found)
    assert (found.names, found.clips) == (('s0', 's1'), None)
    assert found.path == str(path)
    assert load_predictions(write(path, samples(test_clips=10))).clips == 10
    assert load_predictions(write(path, samples(test_tta=True))).tta is True
    for values in ((10, 1), (10, None), ([10], [10]), (True, True)):
        content = samples()
        for sample, value in zip(content, values, strict=True):
            sample.update(test_clips=value, test_tta=value)
        told = load_predictions(write(path, content))
        assert told.clips is None, 'not told by all, or no number'
        assert told.tta is (True if values == (True, True) else None)
    nameless = samples()
    del nameless[1]['frame_dir']
    assert load_predictions(write(path, nameless)).names is None


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision(path, dtype):
    rows = torch.randn(300, 400).softmax(1).to(dtype)
    content = [
        {'pred_score': row.clone(), 'gt_label': torch.tensor([0])}
        for row in rows
    ]
    found = load_predictions(write(path, content))
    np.testing.assert_array_equal(found.scores, rows.double())
    assert found.are_probabilities


def test_scores_alone(path):
    write(path, [row.astype(np.float32) for row in SCORES])
    with pytest.raises(PredictionsError, match='--ann-file'):
        load_predictions(path)
    labels = np.array([0, 1])
    found = load_predictions(path, (('a', 'b'), labels))
    check(found)
    assert found.names == ('a', 'b')
    with pytest.raises(PredictionsError, match='the annotated split has 3'):
        load_predictions(path, (('a', 'b', 'c'), np.array([0, 1, 2])))


@pytest.mark.parametrize('names', [None, ['x', 'y'], [7, 8]])
def test_npz(tmp_path, names):
    path = tmp_path / 'pred.npz'
    arrays = {} if names is None else {'names': names}
    np.savez(path, scores=SCORES, labels=[0, 1], **arrays)
    found = load_predictions(path)
    check(found)
    assert found.names == (None if names is None else tuple(map(str, names)))


@pytest.mark.parametrize(
    'arrays',
    [
        {},
        {'scores': SCORES},
        {'scores': SCORES, 'labels': [0, 1, 2]},
        {'scores': SCORES, 'labels': [0.0, 1.0]},
        {'scores': SCORES[0], 'labels': [0, 1, 2]},
        {'scores': SCORES, 'labels': [0, 1], 'names': ['a']},
        {'scores': SCORES.astype(str), 'labels': [0, 1]},
    ],
)
def test_npz_of_another_form(tmp_path, arrays):
    path = tmp_path / 'pred.npz'
    np.savez(path, **arrays)
    with pytest.raises(PredictionsError, match=r'pred\.npz has .*expected'):
        load_predictions(path)


def test_npz_that_is_none(tmp_path):
    path = tmp_path / 'pred.npz'
    np.savez(path, scores=np.array([SCORES, None], object), labels=[0, 1])
    whole = path.read_bytes()
    # NumPy would unpickle the first, unless told not to.
    for content in (whole, b'', b'x' * 100, whole[:200]):
        path.write_bytes(content)
        with pytest.raises(PredictionsError, match=r'pred\.npz cannot be'):
            load_predictions(path)
    with pytest.raises(FileNotFoundError):
        load_predictions(tmp_path / 'none.npz')


def with_first(**entries):
    content = samples()
    content[0].update(entries)
    return content


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ([], 'a list of 0 items'),
        ({'a': 1}, 'a dict'),
        ([{'score': 1}], 'prediction 0 has no pred_score'),
        ([*samples(), 3], 'prediction 2 has no pred_score'),
        (with_first(gt_label=None), 'prediction 0 has None as gt_label'),
        (with_first(gt_label=torch.tensor([0, 1])), 'Several labels'),
        (with_first(gt_label=torch.tensor([0.5])), 'one whole number'),
        (with_first(gt_label=torch.tensor([3])), "'s0'.*is 3.*3 classes"),
        (with_first(gt_label=torch.tensor([-1])), "'s0'.*is -1"),
        (with_first(pred_score=torch.zeros(2, 3)), 'average_clips'),
        (with_first(pred_score={'rgb': 1}), 'a dict of 1 item'),
        (with_first(pred_score=torch.zeros(2)), '2 to 3 classes'),
        (with_first(pred_score=torch.tensor([0, 0, np.nan])), 'not finite'),
        (
            with_first(pred_score=torch.tensor([0, 0, np.inf])),
            r'finite\. Check',
        ),
        (with_first(frame_dir='s1'), "'s1' more than once"),
    ],
)
def test_contents_that_cannot_be_used(path, content, message):
    write(path, content)
    with pytest.raises(PredictionsError, match=message) as caught:
        load_predictions(path)
    assert str(path) in str(caught.value)


class Touch:
    def __init__(self, witness):
        self.witness = witness

    def __reduce__(self):
        return type(self.witness).touch, (self.witness,)


def test_foreign_code_does_not_run(path):
    witness = path.with_name('witness')
    write(path, samples(extra=Touch(witness)))
    with pytest.raises(PredictionsError, match='refused'):
        load_predictions(path)
    assert not witness.exists()
    path.write_bytes(b'')
    with pytest.raises(PredictionsError, match='empty'):
        load_predictions(path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        load_predictions(path)


def test_probabilities_are_told_from_logits(path):
    found = load_predictions(write(path, samples()))
    assert found.are_probabilities
    for row in ([2.0, 1.0, -2.0], [3.0, 4.0, 5.0], [0.2, 0.2, 0.2]):
        logits = with_first(pred_score=torch.tensor(row))
        assert not load_predictions(write(path, logits)).are_probabilities


def test_softmax():
    logits = np.array([[1000.0, 1000.0, 0.0], [0.0, np.log(3), -1e9]])
    np.testing.assert_allclose(
        softmax_rows(logits), [[0.5, 0.5, 0], [0.25, 0.75, 0]], atol=1e-12
    )
