import numpy as np
import pytest

from aclnet_plugin.analysis.confusions import (
    confusion_rows,
    count_predictions,
)
from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.evaluation import Predictions


def test_counts_of_predictions():
    scores = np.eye(3)[[0, 1, 1, 2]]
    found = Predictions('x.pkl', scores, np.array([0, 0, 0, 1]))
    counts = count_predictions(found, 3)
    assert counts.tolist() == [[1, 2, 0], [0, 0, 1], [0, 0, 0]]
    with pytest.raises(AnalysisError, match=r'x\.pkl has scores of 3'):
        count_predictions(found, 4)


def test_rows_are_sorted_and_named():
    counts = np.array([[9, 3, 1], [0, 9, 5], [0, 0, 9]])
    assert confusion_rows(counts, 'abc') == [
        [1, 'b', 2, 'c', 5, 1.0],
        [0, 'a', 1, 'b', 3, 0.75],
        [0, 'a', 2, 'c', 1, 0.25],
    ]
    assert len(confusion_rows(counts, 'abc', 2)) == 2
