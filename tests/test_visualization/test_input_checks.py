import numpy as np
import pytest

from aclnet_plugin.visualization import plot_confusion, top_confusions
from aclnet_plugin.visualization.input_checks import (
    check_counts,
    check_member,
    check_names,
)


@pytest.mark.parametrize(
    ('counts', 'message'),
    [
        (np.zeros((2, 3)), 'square'),
        (np.zeros(4), 'square'),
        (np.zeros((0, 0)), 'no classes'),
        (np.array([[0, -1], [0, 0]]), 'negative'),
        (np.array([[0, np.nan], [0, 0]]), 'finite'),
        (np.array([['a', 'b'], ['c', 'd']]), 'numbers'),
    ],
)
@pytest.mark.parametrize('use', [check_counts, plot_confusion, top_confusions])
def test_bad_counts(use, counts, message):
    with pytest.raises(ValueError, match=message):
        use(counts)


def test_diagonals_are_emptied_in_a_copy():
    ones = np.ones((3, 3), int)
    assert check_counts(ones).trace() == check_member(ones).trace() == 0
    assert check_member(ones).dtype == bool and ones.all()


def test_names():
    assert check_names(None, 2) == ['0', '1']
    # Long names are shortened, and a dollar sign starts no mathematics.
    names = check_names(['$x', 'a_b$', 'w' * 90], 3)
    assert names[:2] == [r'\$x', r'a_b\$']
    assert len(names[2]) == 26 and names[2].endswith('…')
    with pytest.raises(ValueError, match='2 entries for 3 classes'):
        check_names(['a', 'b'], 3)
    with pytest.raises(ValueError, match='for 3 classes'):
        check_names('abc', 3)
