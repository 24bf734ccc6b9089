"""Counts, arrays, and the limits of what they may hold."""

import numpy as np
import pytest

from aclnet_plugin.datasets.number_checks import (
    MAX_COORDINATE,
    MAX_FRAMES,
    MAX_HALF,
    array_problem,
    count_problem,
    value_problem,
)

AXES = ('row', 'column')


@pytest.mark.parametrize('value', [1, 7, np.int8(3), np.uint64(9), MAX_FRAMES])
def test_counts(value):
    assert count_problem('n', value) is None


@pytest.mark.parametrize(
    'value', [0, -1, MAX_FRAMES + 1, True, 1.0, '1', None, [1], np.array(1)]
)
def test_other_counts(value):
    assert 'as n; it must be' in count_problem('n', value)


@pytest.mark.parametrize('kind', ['f2', '>f2', 'f4', '>f4', 'f8', 'i2', 'u8'])
def test_good_values(kind):
    values = np.array([[0, 1, 2], [30000, 4, 5]]).astype(kind)
    assert array_problem('a', values) is None
    assert array_problem('a', values, (2, 3)) is None
    assert value_problem('a', values, AXES) is None
    assert value_problem('a', values[:, :0], AXES) is None
    assert value_problem('a', -values.astype('f2'), AXES) is None


@pytest.mark.parametrize('kind', ['f2', '>f2', 'f4', 'f8'])
@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_found(kind, bad):
    for place in np.ndindex(2, 3):
        values = np.ones((2, 3), kind)
        values[place] = bad
        problem = value_problem('a', values.T, AXES)
        where = f'the a value {bad} at row {place[1]}, column {place[0]};'
        assert where in problem and 'set missing joints to 0' in problem


@pytest.mark.parametrize('sign', [1, -1])
@pytest.mark.parametrize(
    ('kind', 'half', 'limit'),
    [
        ('f2', False, MAX_HALF),
        ('f4', True, MAX_HALF),
        ('f4', False, MAX_COORDINATE),
        ('f8', False, MAX_COORDINATE),
        ('i8', False, MAX_COORDINATE),
    ],
)
def test_limits(kind, half, limit, sign):
    at = np.full((1, 1), sign * limit, kind)
    assert value_problem('a', at, AXES, half) is None
    beyond = np.nextafter(at, sign * np.inf) if kind[0] == 'f' else at + sign
    assert 'overflows' in value_problem('a', beyond, AXES, half)


def test_differences_within_the_limit_of_half_precision_are_finite():
    values = np.array([MAX_HALF, -MAX_HALF], np.float16)
    assert np.isfinite(values[0] - values[1])


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ([1], 'of type list'),
        (np.array(['a']), 'dtype <U1'),
        (np.array([True]), 'dtype bool'),
        (np.zeros((3, 2)), 'calls for (2, 3)'),
    ],
)
def test_other_arrays(values, message):
    assert message in array_problem('a', values, (2, 3))
