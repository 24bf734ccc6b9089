"""Files of the same samples, or an error."""

import numpy as np
import pytest

from aclnet_plugin.evaluation import (
    Predictions,
    PredictionsError,
    align,
    common_samples,
)

RNG = np.random.default_rng(0)
LABELS = np.array([0, 1, 2, 2, 1, 0])
NAMES = tuple('abcdef')


def file_of(path='one.pkl', labels=LABELS, names=NAMES, classes=3):
    scores = RNG.random((len(labels), classes))
    return Predictions(path, scores, np.asarray(labels), names)


def test_same_order():
    files = [file_of(), file_of('two.pkl')]
    aligned, notes = align(files)
    assert aligned == files and notes == []


def test_joined_by_name():
    one, two = file_of(), file_of('two.pkl')
    order = np.array([3, 0, 5, 1, 4, 2])
    aligned, (note,) = align([one, two.take(order)])
    assert 'two.pkl' in note and 'joined by name' in note
    np.testing.assert_array_equal(aligned[1].scores, two.scores)
    np.testing.assert_array_equal(aligned[1].labels, LABELS)
    assert aligned[1].names == NAMES
    # The first file is what decides.
    aligned, _ = align([one.take(order), two])
    np.testing.assert_array_equal(aligned[1].scores, two.scores[order])


@pytest.mark.parametrize('other', [0, 1])
def test_samples_that_are_missing(other):
    files = [file_of(), file_of('two.pkl')]
    files[other] = files[other].take(np.array([0, 1, 3, 5]))
    with pytest.raises(PredictionsError, match=r"2 samples.*'c', 'e'"):
        align(files)


def test_only_some_of_many_missing_samples_are_told():
    one = file_of(names=tuple(f'a{i}' for i in range(6)))
    with pytest.raises(PredictionsError, match=r'6 samples.* and 3 more'):
        align([one, file_of('two.pkl')])


def test_labels_that_differ():
    labels = LABELS.copy()
    labels[4] = 2
    with pytest.raises(PredictionsError, match=r"'e' has 1 in .* 2 in"):
        align([file_of(), file_of('two.pkl', labels)])


def test_without_names():
    one, two = file_of(), file_of('two.pkl', names=None)
    for files in ([one, two], [two, one]):
        aligned, (note,) = align(files)
        assert aligned == files
        assert 'two.pkl' in note and 'meta_keys' in note
    swapped = file_of('two.pkl', LABELS[[1, 0, 2, 3, 4, 5]], None)
    with pytest.raises(PredictionsError, match=r'order .* may differ'):
        align([one, swapped])
    short = file_of('two.pkl', LABELS[:4], None)
    with pytest.raises(PredictionsError, match='cannot be joined'):
        align([one, short])


def test_classes_that_differ():
    with pytest.raises(PredictionsError, match=r'4 classes, .*of 3'):
        align([file_of(), file_of('two.pkl', classes=4)])


def test_one_file_is_always_fine():
    assert align([file_of(names=None)])[1] == []


def test_common_samples():
    one = file_of()
    assert common_samples(one, file_of()) == 6
    assert common_samples(one, file_of(names=tuple('efghij'))) == 2
    assert common_samples(one, file_of(names=None)) == 6
    other = file_of(labels=LABELS[::-1][:5], names=None)
    assert common_samples(one, other) == 0


def test_names_count_although_the_first_file_has_none():
    """Labels cannot tell a sample from another one of its class."""
    nameless = file_of('none.pkl', names=None)
    one, two = file_of(), file_of('two.pkl')
    # Samples of one class change places.
    order = np.array([5, 4, 3, 2, 1, 0])
    aligned, notes = align([nameless, one, two.take(order)])
    assert any('joined by name' in note for note in notes)
    np.testing.assert_array_equal(aligned[2].scores, two.scores)
    assert [file.path for file in aligned] == [
        'none.pkl',
        'one.pkl',
        'two.pkl',
    ]
    with pytest.raises(PredictionsError, match='3 samples'):
        align([nameless, one, two.take(order[:3])])
