import numpy as np

from aclnet_plugin.analysis.family_of_class import relatives_of
from aclnet_plugin.analysis.family_rules import FamilyRule, affinities

COUNTS = np.array(
    [
        [50, 9, 5, 0, 0],
        [8, 50, 6, 0, 0],
        [0, 7, 50, 0, 0],
        [0, 4, 2, 50, 1],
        [0, 0, 0, 0, 50],
    ]
)


def test_members_come_first_with_what_contributes():
    rule = FamilyRule(2, 1)  # members exceed 0.5
    found = affinities(COUNTS, rule)
    relatives = relatives_of(0, found, COUNTS)
    # N(0) = {1, 2}, N(1) = {0, 2}, N(2) = {1}, N(3) = {1, 2}.
    first, second, third = relatives
    assert [one.index for one in relatives] == [1, 2, 3]
    assert (first.direct, first.indirect, first.shared) == (0.5, 0.5, [2])
    assert (first.mistaken, first.mistaken_for) == (9, 8)
    assert (second.direct, second.indirect, second.shared) == (0.5, 0.5, [1])
    # Never confused with each other, but with the same two.
    assert (third.direct, third.indirect, third.shared) == (0, 1, [1, 2])
    assert all(one.member for one in relatives)
    assert [one.in_force for one in relatives] == [None] * 3


def test_table_in_force_and_near_misses():
    table = np.zeros((5, 5), bool)
    table[0, 4] = True
    found = affinities(COUNTS, FamilyRule(2, 1))
    relatives = relatives_of(0, found, COUNTS, table)
    last = relatives[-1]
    assert (last.index, last.member, last.in_force) == (4, False, True)
    assert relatives[0].in_force is False
    strict = affinities(COUNTS, FamilyRule(2, 2))  # has to exceed 1
    assert [one.member for one in relatives_of(0, strict, COUNTS)] == [
        False
    ] * 3


def test_a_class_without_confusions_has_no_relatives():
    found = affinities(COUNTS, FamilyRule(2, 1))
    assert relatives_of(4, found, COUNTS) == []


def test_the_release_can_make_a_class_its_own_member():
    counts = np.zeros((4, 4), int)
    found = affinities(counts, FamilyRule(2, 1).changed('release'))
    # Every neighbour set is filled up with 0 and 1.
    relatives = relatives_of(1, found, counts)
    assert [one.index for one in relatives] == [0, 2, 3, 1]
    assert relatives[-1].affinity == 0.5 and relatives[-1].member
    assert 3 not in [one.index for one in relatives_of(3, found, counts)]
