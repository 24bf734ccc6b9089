"""Which samples a split selects, and what is told about the others."""

import numpy as np
import pytest

from aclnet_plugin.datasets.splits import take_split

SAMPLES = [
    dict(frame_dir='a'),
    dict(filename='b', frame_dir='x'),
    {'frame_dir': 3},
]


def take(names, samples=SAMPLES):
    return take_split({'split': {'s': names}}, samples, 's', 'f.pkl')


@pytest.mark.parametrize(
    'names',
    [
        ['b', 'a'],
        ('a', 'b'),
        {'a', 'b'},
        frozenset('ab'),
        np.array(['b', 'a']),
        [np.str_('a'), 'b'],
    ],
)
def test_order_is_that_of_the_file(names):
    chosen = take(names)
    assert chosen.places == [0, 1] and not chosen.warnings


@pytest.mark.parametrize('names', [[3], ['3'], np.array([3]), {np.int64(3)}])
def test_numbers_are_names_too(names):
    assert take(names).places == [2]


def test_the_file_name_goes_before_the_folder():
    with pytest.raises(ValueError, match='none of which is annotated'):
        take(['x'])


def test_what_is_absent_or_repeated_is_told():
    absent, twice = take(['a', *'klmno', 'a', 'a', 'k']).warnings
    assert '5 of the 6 samples' in absent
    assert "'k', 'l', 'm' and 2 more" in absent
    assert '2 samples more than once' in twice and '3 entries' in twice


@pytest.mark.parametrize(
    ('names', 'message'),
    [
        (None, 'is None'),
        ('ab', "is 'ab'; it must be a list"),
        ({'a': 1}, 'a dict of 1 item'),
        (np.array([['a']]), 'an array of shape'),
        ([], 'is empty'),
        (['a', ['b']], 'entry 1 .* a list of 1 item'),
        ([True], 'entry 0 .* True'),
        (np.array([1.5]), r'entry 0 .* 1\.5'),
    ],
)
def test_what_is_no_list_of_names(names, message):
    with pytest.raises(ValueError, match=message) as caught:
        take(names)
    assert str(caught.value).startswith('f.pkl')


def test_samples_without_a_name():
    with pytest.raises(ValueError, match='number 1 has no frame_dir'):
        take(['a'], [dict(frame_dir='a'), dict(label=1)])


@pytest.mark.parametrize('content', [None, [], {}, {'split': None}])
def test_no_splits(content):
    with pytest.raises(ValueError, match='available: none'):
        take_split(content, SAMPLES, 's', 'f.pkl')


def test_many_splits_are_listed_in_part():
    content = {'split': {str(n): ['a'] for n in range(100)}}
    with pytest.raises(ValueError, match=r', \.\.\.\]') as caught:
        take_split(content, SAMPLES, 's', 'f.pkl')
    assert len(str(caught.value)) < 400
