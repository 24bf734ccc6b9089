"""Names of walks, lists of persons and counts of CASIA-B."""

import pytest

from aclnet_plugin.datasets.converters.casia_b.counts import count_walks
from aclnet_plugin.datasets.converters.casia_b.protocol import (
    VIEWS,
    Walk,
    all_walks,
    parse_walk,
)
from aclnet_plugin.datasets.converters.casia_b.subjects import (
    choose_subjects,
    make_splits,
    read_lists,
    shared_persons,
)


def test_names():
    assert parse_walk('001-nm-06-180') == Walk(1, 'nm', 6, 180)
    assert Walk(124, 'cl', 2, 18).name == '124-cl-02-018'
    walks = list(all_walks())
    assert len(walks) == 13640
    assert all(parse_walk(walk.name) == walk for walk in walks)
    names = [walk.name for walk in walks]
    assert names == sorted(set(names))


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('000-nm-01-090', 'subject 0; there are 1 to 124'),
        ('125-nm-01-090', 'subject 125'),
        ('001-xx-01-090', "condition 'xx'; there are nm, bg, cl"),
        ('001-nm-07-090', 'walk 7 of nm, which has 1 to 6'),
        ('001-bg-03-090', 'walk 3 of bg, which has 1 to 2'),
        ('001-cl-00-090', 'walk 0 of cl'),
        ('001-nm-01-091', 'view 91'),
        ('001-nm-01-198', 'view 198'),
        ('1-nm-1-0', 'is not like 001-nm-01-090'),
        ('001-nm-01-090-w00', 'is not like'),
        ('00\u0661-nm-01-090', 'is not like'),
        ('', 'is not like'),
    ],
)
def test_names_that_are_none(name, message):
    with pytest.raises(ValueError, match=message):
        parse_walk(name)


def sizes(subjects):
    return {split: len(set(persons)) for split, persons in subjects.items()}


def test_persons_of_the_splits():
    usual = dict(train=74, test=50, train_sub=59, val=15)
    subjects = choose_subjects()
    assert sizes(subjects) == {**usual, 'reid_train': 62, 'reid_test': 62}
    assert min(subjects['test']) == 75 and max(subjects['test']) == 124
    assert max(subjects['train_sub']) == 59 and min(subjects['val']) == 60
    assert max(subjects['reid_train']) == 62
    assert not shared_persons(subjects)
    other = choose_subjects('74-50')
    assert sizes(other) == {**usual, 'reid_train': 74, 'reid_test': 50}
    assert not shared_persons(other)


def test_lists_of_persons(tmp_path):
    path = tmp_path / 'lists.txt'
    path.write_text(
        '\ufeff# mine\r\nreid_train: 001-003, 70 # four\r\n\nmine: 5 6,7\n'
        'reid_test : 70-71',
        encoding='utf-8',
    )
    lists = read_lists(path)
    assert lists == dict(
        reid_train={1, 2, 3, 70}, mine={5, 6, 7}, reid_test={70, 71}
    )
    subjects = choose_subjects('74-50', path)
    assert subjects['reid_test'] == {70, 71} and len(subjects['train']) == 74
    assert shared_persons(subjects) == {('reid_train', 'reid_test'): [70]}
    samples = [dict(frame_dir=f'{n}', subject=n) for n in (1, 6, 70, 75)]
    assert make_splits(samples, subjects) == dict(
        train=['1', '6', '70'],
        test=['75'],
        train_sub=['1', '6'],
        val=['70'],
        reid_train=['1', '70'],
        reid_test=['70'],
        mine=['6'],
    )


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 'names no split'),
        ('train: 1\n1, 2\n', "line 2: '1, 2' is not like"),
        ('train: 1\ntrain: 2\n', 'line 2: the split train comes again'),
        ('train: 0\n', "line 1: '0' is neither"),
        ('train: 1 125\n', "line 1: '125' is neither"),
        ('train: 1-125\n', "line 1: '1-125' is neither"),
        ('train: 9-3\n', "line 1: '9-3' is neither"),
        ('train: one\n', "line 1: 'one' is neither"),
        ('train:\n', "line 1: '' is neither"),
    ],
)
def test_lists_that_are_none(tmp_path, text, message):
    path = tmp_path / 'lists.txt'
    path.write_text(text)
    with pytest.raises(ValueError, match=rf'lists\.txt.*{message}'):
        read_lists(path)


def test_no_list(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'no file .*lists\.txt'):
        read_lists(tmp_path / 'lists.txt')


def samples_of(walks, frames=61):
    return [dict(walk._asdict(), total_frames=frames) for walk in walks]


def total(rows, what='nominal', **wanted):
    return sum(
        getattr(row, what)
        for row in rows
        if all(getattr(row, key) == value for key, value in wanted.items())
    )


def test_nominal_counts():
    counts = count_walks(samples_of(all_walks()), choose_subjects())
    rows = counts.rows
    assert total(rows, split='train') == 8140
    assert total(rows, split='test') == 5500
    assert total(rows, split='test', role='gallery') == 2200
    for condition in ('nm', 'bg', 'cl'):
        probes = dict(split='test', role='probe', condition=condition)
        assert total(rows, **probes) == 1100
        for view in VIEWS:
            assert total(rows, **probes, view=view) == 100
            gallery = dict(split='test', role='gallery', view=view)
            assert total(rows, **gallery) == 200
    assert total(rows, split='reid_train') == 6820
    for row in rows:
        assert row.found == row.nominal and not row.short and not row.absent
    assert counts.found == 13640 and not counts.absent and not counts.short


def test_walks_that_are_absent_or_short():
    gone = [Walk(80, 'nm', 5, 18), Walk(80, 'nm', 4, 18), Walk(1, 'bg', 1, 0)]
    samples = samples_of(walk for walk in all_walks() if walk not in gone)
    first = next(s for s in samples if s['subject'] == 100)
    first['total_frames'] = 60
    counts = count_walks(samples, choose_subjects())
    assert counts.absent == ('001-bg-01-000', '080-nm-04-018', '080-nm-05-018')
    name = Walk(*(first[key] for key in Walk._fields)).name
    assert counts.short == {name: 60}
    place = dict(split='test', view=18, condition='nm')
    assert total(counts.rows, 'found', **place, role='gallery') == 199
    assert total(counts.rows, 'found', **place, role='probe') == 99
    assert total(counts.rows, 'found', split='train') == 8139
    (row,) = [r for r in counts.rows if r.absent and r.split == 'train_sub']
    assert row.absent == '001-bg-01-000' and row.walks == '01-02'
    assert total(counts.rows, 'short', split='test') == 1
    assert total(counts.rows, 'short', split='train') == 0
    assert not count_walks(samples, choose_subjects(), 60).short
