"""Embeddings with metadata: forms, checks and choices."""

import numpy as np
import pytest

from aclnet_plugin.evaluation.retrieval import Items


def items(**changes):
    given = dict(
        features=np.ones((3, 2)),
        meta=dict(subject=[1, 2, 3], condition=['nm', 'bg', 'nm']),
        names=['a', 'b', 'c'],
    )
    return Items(**{**given, **changes})


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(features=np.ones(3)), r'expected numbers of shape \(N, D\)'),
        (dict(features=[['a']]), 'expected numbers of shape'),
        (dict(features=np.ones((2, 2))), 'subject has 3 entries for 2 rows'),
        (dict(names=['a']), 'names has 1 entries for 3 rows'),
        (dict(index=[0, 1]), 'index has 2 entries for 3 rows'),
        (dict(index=[0, 2, 1]), 'index is not ascending'),
        (dict(index=[0, 1, 1]), 'index is not ascending'),
        (dict(meta=dict(view=[0, 0, 0])), 'no metadata `subject`'),
        (dict(meta=dict(subject=[1, 'b', 2])), 'subject is an array'),
        (dict(meta=dict(subject=[1, 0.5, 2])), 'subject is an array'),
        (
            dict(features=np.array([[0, 0], [0, np.nan], [np.inf, 0]])),
            r"sample 1 \('b'\) is not finite \(2 in all\)",
        ),
        (dict(features=np.full((3, 1), 1e200)), 'is not finite'),
    ],
)
def test_impossible_items_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        items(**changes)


def test_choices():
    some = items()
    chosen = some.chosen(dict(condition=('nm',), subject=(2, 3)))
    assert chosen.tolist() == [False, False, True]
    assert some.take(chosen).name_of(0) == "sample 2 ('c')"
    with pytest.raises(ValueError, match=r'no metadata .*known are condition'):
        some.chosen(dict(camera=(1,)))
    with pytest.raises(ValueError, match=r"subject is a whole number .*'3'"):
        some.chosen(dict(subject=('3',)))
    with pytest.raises(ValueError, match='condition is text'):
        some.chosen(dict(condition=(1,)))


def test_nothing_is_chosen_from_nothing():
    none = items().take(np.zeros(3, bool))
    assert len(none) == 0
    assert none.chosen(dict(condition=('nm',), subject=(1,))).shape == (0,)
    assert Items(np.zeros((0, 2)), dict(subject=[])).subject.shape == (0,)
