"""The report as text."""

import io
import json
import re

import pytest
from rich.console import Console

from aclnet_plugin.datasets.inspection import (
    DataReport,
    Problem,
    SplitSummary,
)
from aclnet_plugin.datasets.inspection.report import length_histogram
from aclnet_plugin.datasets.inspection.tables import print_report


def split(name='train', **more):
    counts = {0: 30, 1: 3, 2: 1}
    known = dict(
        files=('data/a.pkl',),
        sequences=34,
        drawn=68,
        class_counts=counts,
        class_names=('sit [slow]', 'stand up', 'a' * 60),
        lengths={3: 4, 20: 10, 60: 20},
    )
    return SplitSummary(name, **(known | more))


def printed(report, width=80, encoding='utf-8'):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    print_report(Console(file=stream, width=width), report)
    stream.seek(0)
    return stream.read()


def test_one_line_for_the_log():
    report = DataReport((split(), split('val', lengths={}, sequences=1)), ())
    assert list(report.lines()) == [
        'Data, train: 34 sequences (68 with repeats), 3 classes of 1 to 30, '
        '3 to 60 frames (median 60)',
        'Data, val: 1 sequence (68 with repeats), 3 classes of 1 to 30',
    ]


def test_lengths_share_their_bins():
    one = split(lengths={1: 1, 10: 2})
    two = split(lengths={5: 4, 21: 1})
    rows = length_histogram([one, two], bins=3)
    assert rows == [(1, 7, (1, 4)), (8, 14, (2, 0)), (15, 21, (0, 1))]
    assert length_histogram([split(lengths={4: 9})]) == [(4, 4, (9,))]
    assert length_histogram([split(lengths={})]) == []
    assert sum(sum(counts) for *_, counts in length_histogram([one])) == 3


@pytest.mark.parametrize('width', [40, 80, 200])
@pytest.mark.parametrize('encoding', ['utf-8', 'ascii'])
def test_tables_fit_their_width(width, encoding):
    problem = Problem('error', 'val', 'data/b.pkl', 'x' * 300, 'Mend it.')
    report = DataReport((split(), split('val')), (problem,))
    text = printed(report, width, encoding)
    assert max(map(len, text.splitlines())) <= width
    assert '\x1b' not in text
    assert width < 80 or 'sit [slow]' in text
    bars = [line.count('#') + line.count('█') for line in text.splitlines()]
    assert width < 80 or {24, 2, 1} <= set(bars)


def test_identities_have_no_bars():
    persons = dict(class_counts={}, identity_counts={74: 2, 98: 2})
    text = printed(DataReport((split(), split('test', **persons)), ()))
    totals, classes, lengths = re.split('Sequences per|Length of', text)
    rows = [line.split() for line in totals.splitlines()]
    assert ['classes', '3', '0'] in rows and ['identities', '0', '2'] in rows
    assert 'stand up' in classes and 'test' not in classes
    assert '74' not in text and 'test' in lengths
    text = printed(DataReport((split('test', **persons),), ()))
    assert 'identities' in text and 'Sequences per class' not in text
    assert 'identities' not in printed(DataReport((split(),), ()))


def test_many_classes_are_cut():
    counts = {label: 200 - label for label in range(120)}
    text = printed(DataReport((split(class_counts=counts),), ()))
    assert '... 90 classes between' in text
    assert '186' in text and '\n60 ' not in text and '\n105 ' in text


def test_the_most_severe_comes_first():
    problems = [
        Problem(severity, 'train', '', f'a {severity}.', 'Mend.')
        for severity in ('info', 'warning', 'error', 'warning')
    ]
    text = printed(DataReport((), tuple(problems)))
    places = [text.index(f'a {s}.') for s in ('error', 'warning', 'info')]
    assert places == sorted(places)
    assert text.endswith('1 error, 2 warnings, 1 info\n')
    assert printed(DataReport((), ())) == 'Nothing is wrong with this data.\n'


def test_json():
    problem = Problem('error', 'val', 'b.pkl', 'Wrong.', 'Mend it.')
    content = DataReport((split(),), (problem,)).to_dict()
    assert json.loads(json.dumps(content))['problems'] == [
        dict(
            severity='error',
            split='val',
            file='b.pkl',
            what='Wrong.',
            mend='Mend it.',
        )
    ]
    assert content['splits'][0]['class_counts'] == {0: 30, 1: 3, 2: 1}
