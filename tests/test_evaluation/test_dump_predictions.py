"""What a test run writes, ours and the host's."""

import numpy as np
import pytest
import torch
from mmengine.evaluator import DumpResults

from aclnet_plugin.evaluation import DumpPredictions, load_predictions


def batch(size=50, classes=60):
    torch.manual_seed(0)
    scores = torch.randn(size, classes).softmax(1)
    return [
        {
            'frame_dir': f'sample_{index}',
            'num_classes': classes,
            'pred_score': score,
            'pred_label': score.argmax(0, keepdim=True),
            'gt_label': torch.tensor([index % classes]),
        }
        for index, score in enumerate(scores)
    ]


def dump(metric, samples):
    metric.process(None, samples)
    metric.evaluate(len(samples))
    return metric.out_file_path


@pytest.mark.parametrize(
    ('clips', 'tta'), [(None, None), (10, True), (1, False)]
)
def test_the_same_content_in_a_small_file(tmp_path, clips, tta):
    samples = batch()
    theirs = dump(DumpResults(str(tmp_path / 'host.pkl')), samples)
    metric = DumpPredictions(str(tmp_path / 'a.pkl'), clips, tta)
    ours = dump(metric, samples)
    one, other = load_predictions(theirs), load_predictions(ours)
    wanted = torch.stack([sample['pred_score'] for sample in samples])
    for found in (one, other):
        np.testing.assert_array_equal(found.scores, wanted.double())
        assert found.labels.tolist() == list(range(50))
        assert found.names[49] == 'sample_49'
        assert found.are_probabilities
    assert (one.clips, other.clips) == (None, clips)
    assert (one.tta, other.tta) == (None, tta)
    sizes = [(tmp_path / n).stat().st_size for n in ('host.pkl', 'a.pkl')]
    assert sizes[0] > 5 * sizes[1]
    assert not {'test_clips', 'test_tta'} & set(samples[0]), 'not ours'
