import torch

from aclnet_plugin.models.layers import without_repetition


def test_absent_persons_share_the_first_place():
    x = torch.rand(6, 2, 3) + 1
    x[1] = x[2] = x[5] = 0
    unique = without_repetition(x)
    assert unique.kept.tolist() == [True, True, False, True, True, False]
    assert unique.place.tolist() == [0, 1, 1, 2, 3, 1]
    assert unique.counts.tolist() == [1, 3, 1, 1]
    assert torch.equal(x[unique.kept][unique.place], x)


def test_all_absent():
    unique = without_repetition(torch.zeros(3, 2))
    assert unique.kept.tolist() == [True, False, False]
    assert unique.place.tolist() == [0, 0, 0]
    assert unique.counts.tolist() == [3]


def test_nothing_repeats():
    x = torch.ones(3, 2)
    assert without_repetition(x) is None
    x[1] = 0
    assert without_repetition(x) is None


def test_what_is_not_a_number_is_present():
    x = torch.zeros(3, 2)
    x[1, 0] = torch.nan
    assert without_repetition(x).kept.tolist() == [True, True, False]
