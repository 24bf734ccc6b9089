"""The parts of an annotation file."""

import collections

import numpy as np
import pytest

from aclnet_plugin.datasets.annotation_file import (
    take_annotations,
    take_classes,
)


def test_every_sample_is_a_dict_of_its_own():
    shared = dict(label=1)
    odd = collections.defaultdict(list, label=2)
    one, two, three = take_annotations((shared, shared, odd), 'f.pkl')
    assert one == two == shared and one is not two
    assert type(three) is dict


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ({3: 4}, r'f\.pkl is a dict without the key "annotations" .it has 3'),
        ({}, 'none at all'),
        ([{}, None], 'annotation number 1 is a NoneType'),
        ([{'frame_dir': 'a', 1: 2}], r"'a' \(number 0\) has the key 1"),
        ([{'frame_dir': ['a']}], r'number 0\) has a list of 1 item as frame'),
        ([{'frame_dir': 1}, {'filename': '1'}], 'number 0 and number 1'),
    ],
)
def test_wrong_annotations(content, message):
    with pytest.raises(ValueError, match=message):
        take_annotations(content, 'f.pkl')


@pytest.mark.parametrize(
    'names', [['a', 'b'], ('a', 'b'), np.array(['a', 'b'])]
)
def test_classes(names):
    assert take_classes({'classes': names}, 'f.pkl') == ['a', 'b']


@pytest.mark.parametrize('content', [[], {}, {'classes': None}])
def test_no_classes(content):
    assert take_classes(content, 'f.pkl') == []


@pytest.mark.parametrize('names', ['ab', 3, {'a': 0}, ['a', 1], [['a']]])
def test_other_classes(names):
    with pytest.raises(ValueError, match=r'f\.pkl has .*class'):
        take_classes({'classes': names}, 'f.pkl')
