"""What valid_ratio needs to know of a sample."""

import numpy as np
import pytest

from aclnet_plugin.datasets.filter_checks import filter_problem

GOOD = dict(
    total_frames=4, valid={0.5: 3, 0.7: 2.0}, box_score=np.array([0.6, 0.4])
)


def test_good_samples():
    assert filter_problem(GOOD, 0.5) is None
    assert filter_problem(GOOD, 0.7) is None


@pytest.mark.parametrize('key', GOOD)
def test_missing(key):
    sample = {k: v for k, v in GOOD.items() if k != key}
    assert f'has no {key}' in filter_problem(sample, 0.5)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(valid=[3]), 'a list of 1 item as valid'),
        (dict(valid={0.9: 3}), 'threshold 0.5'),
        (dict(valid={0.5: '3'}), "'3' valid frames"),
        (dict(valid={0.5: np.nan}), 'nan valid frames'),
        (dict(total_frames=0), '0 as total_frames'),
        (dict(box_score=[0.5]), 'box_score of type list'),
        (dict(box_score=np.ones((2, 1))), 'box_score of shape (2, 1)'),
    ],
)
def test_wrong(change, message):
    assert message in filter_problem(GOOD | change, 0.5)
