"""Tables and numbers of the report."""

import pytest

from aclnet_plugin.analysis.comparison.markdown import (
    extremes,
    interval,
    number,
    p_text,
    table,
)


def test_a_table_is_aligned_and_its_cells_cannot_break_it():
    lines = table(['arm', 'x'], [['a|b', '1'], ['two\nlines', '']])
    assert lines == [
        '| arm       | x |',
        '|-----------|---|',
        '| a\\|b      | 1 |',
        '| two lines |   |',
    ]


@pytest.mark.parametrize(
    ('total', 'shown', 'note'),
    [
        (4, [0, 1, 2, 3], ''),
        (5, [0, 1, 3, 4], '1 in between'),
        (9, [0, 1, 7, 8], '5 in between'),
    ],
)
def test_the_first_and_last_rows_are_shown(total, shown, note):
    rows, told = extremes(list(range(total)), 2)
    assert rows == shown
    assert told.startswith(note) and bool(told) == bool(note)


def test_numbers_and_what_is_none():
    assert (number(None), number(1.005, True), number(-2)) == (
        *('-', '+1.00', '-2.00'),
    )
    assert interval(None, None) == '-'
    assert interval(-1, 2) == '[-1.00, +2.00]'
    assert (p_text(None), p_text(0.0004), p_text(0.04)) == (
        *('-', '<0.001', '0.040'),
    )
