import numpy as np
import pytest

from aclnet_plugin.visualization import top_confusions
from aclnet_plugin.visualization.confusion_table import (
    pair_shares,
    row_shares,
)


def test_top_confusions():
    counts = np.array([[90, 3, 1], [0, 90, 3], [2, 0, 90]])
    found = top_confusions(counts, k=3)
    assert found == [(0, 1, 3, 0.75), (1, 2, 3, 1.0), (2, 0, 2, 1.0)]
    assert found[0].true == 0 and found[0].share == 0.75
    assert [type(value) for value in found[0]] == [int, int, int, float]
    # Zero counts are no confusions, and the input is not changed.
    assert len(top_confusions(counts, k=99)) == 4
    assert counts[0, 0] == 90
    assert top_confusions(np.zeros((4, 4), int)) == []
    with pytest.raises(ValueError, match='k must be'):
        top_confusions(counts, 0)


def test_shares_leave_empty_rows_alone():
    counts = np.array([[0.0, 0.0, 0.0], [4.0, 0.0, 0.0], [1.0, 3.0, 0.0]])
    assert row_shares(counts)[1:].tolist() == [[1, 0, 0], [0.25, 0.75, 0]]
    assert not row_shares(counts)[0].any()
    assert pair_shares(counts)[0].tolist() == [0, 1, 0.25]
    assert not pair_shares(np.zeros((3, 3))).any()
