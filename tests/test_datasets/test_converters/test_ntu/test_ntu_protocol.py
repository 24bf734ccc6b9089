"""Lists and numbers of NTU RGB+D agree with each other."""

from collections import Counter

import pytest

from aclnet_plugin.datasets.converters.ntu.protocol import (
    CLASSES,
    MISSING,
    NOMINAL,
    TRAINING_SUBJECTS,
    belongs_to,
    make_splits,
    parse_name,
)


def test_names():
    assert parse_name('S001C002P003R002A013') == (1, 2, 3, 2, 13)
    for name in ('S001C002P003R002A013x', 'S01C002P003R002A013', '', 'a'):
        assert parse_name(name) is None


def test_lists():
    assert len(CLASSES) == len(set(CLASSES)) == 120
    assert CLASSES[0] == 'drink water' and CLASSES[42] == 'falling'
    assert CLASSES[59] == 'walking apart from each other'
    assert len(MISSING) == 535
    names = [parse_name(name) for name in MISSING]
    assert None not in names
    assert sum(belongs_to(name, 60) for name in names) == 302
    assert all((name.setup <= 17) == (name.action <= 60) for name in names)
    assert len(TRAINING_SUBJECTS) == 53 and max(TRAINING_SUBJECTS) <= 106
    assert sum(subject <= 40 for subject in TRAINING_SUBJECTS) == 20


FULL = {
    60: dict(
        xsub_train=40320, xsub_val=16560, xview_train=37920, xview_val=18960
    ),
    120: dict(
        xsub_train=63360, xsub_val=51120, xset_train=54720, xset_val=59760
    ),
}


@pytest.mark.parametrize('benchmark', [60, 120])
def test_missing_skeletons_complete_the_published_sizes(benchmark):
    """With them, every group of recordings has all its 60 actions."""
    missing = [n for n in MISSING if belongs_to(parse_name(n), benchmark)]
    halves = make_splits(missing, benchmark)
    sizes = Counter({key: len(names) for key, names in halves.items()})
    sizes.update(NOMINAL[benchmark])
    assert sizes == FULL[benchmark]
    total = {60: 56880, 120: 114480}[benchmark]
    assert sizes['xsub_train'] + sizes['xsub_val'] == total


def test_splits():
    names = [
        f'S{s:03d}C{c:03d}P{p:03d}R001A001'
        for s, c, p in [(1, 1, 1), (2, 2, 3), (17, 3, 38), (18, 1, 103)]
    ]
    a, b, c, d = names
    assert make_splits(names, 60) == dict(
        xsub_train=[a, c, d], xsub_val=[b], xview_train=[b, c],
        xview_val=[a, d],
    )  # fmt: skip
    assert make_splits(names, 120) == dict(
        xsub_train=[a, c, d], xsub_val=[b], xset_train=[b, d],
        xset_val=[a, c],
    )  # fmt: skip
