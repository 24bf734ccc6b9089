"""Messages stay short, whatever a value is."""

import numpy as np
import pytest

from aclnet_plugin.utils.shown import shown, shown_some

ENDLESS = []
ENDLESS.append(ENDLESS)


@pytest.mark.parametrize(
    ('value', 'text'),
    [
        ('a', "'a'"),
        (None, 'None'),
        (True, 'True'),
        (1.5, '1.5'),
        (b'x', "b'x'"),
        (np.float32(2), '2.0'),
        (ENDLESS, 'a list of 1 item'),
        ({1: 2, 3: 4}, 'a dict of 2 items'),
        (np.zeros((2, 3), 'f2'), 'an array of shape (2, 3) and dtype float16'),
        (object, 'a type'),
    ],
)
def test_values(value, text):
    assert shown(value) == text


def test_long_texts_are_cut():
    assert shown('x' * 100, 3) == "'xxx'... (100 long)"
    assert '\n' not in shown('a\nb') and '\ud800' not in shown('\ud800')


def test_some_of_many():
    assert shown_some(['a', 'b']) == "'a', 'b'"
    assert shown_some(dict.fromkeys(range(5)), 2) == '0, 1 and 3 more'


def test_integers_that_python_cannot_print():
    assert shown(10**5000) == 'an integer of 16610 bits'
