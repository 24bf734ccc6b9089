"""What is refused, and what the messages say."""

import numpy as np
import pytest
from torch import nn

from aclnet_plugin.utils.checks import (
    check_number,
    check_options,
    check_whole,
    refuse_unknown,
)


@pytest.mark.parametrize('value', [2, np.int64(2)])
def test_whole_numbers(value):
    assert check_whole('n', value, 2) == 2


@pytest.mark.parametrize('value', [1, 2.0, '2', None, True, float('nan')])
def test_what_is_no_whole_number(value):
    with pytest.raises(ValueError, match='n must be a whole number of at'):
        check_whole('n', value, 2)


@pytest.mark.parametrize('value', [0, 0.5, np.float32(0.5), 7])
def test_numbers(value):
    assert check_number('x', value) == value


@pytest.mark.parametrize(
    ('value', 'options', 'message'),
    [
        (-0.1, {}, 'x must be at least 0 and finite, got -0.1'),
        (float('nan'), {}, 'got nan'),
        (float('inf'), {}, 'and finite, got inf'),
        ('1', {}, "got '1'"),
        (False, {}, 'got False'),
        (0, {'positive': True}, 'x must be positive and finite, got 0'),
        (1, {'below': 1}, 'at least 0 and below 1, got 1'),
        (1.1, {'most': 1}, 'at least 0 and at most 1, got 1.1'),
    ],
)
def test_what_is_no_such_number(value, options, message):
    with pytest.raises(ValueError, match=message):
        check_number('x', value, **options)


def test_options():
    assert check_options('loss', None) == {}
    given = {'a': 1}
    assert check_options('loss', given) == given
    assert check_options('loss', given) is not given
    with pytest.raises(ValueError, match=r'loss must be a dict .* got False'):
        check_options('loss', False)
    with pytest.raises(ValueError, match='; do this'):
        check_options('loss', [], 'do this')


class Base(nn.Module):
    def __init__(self, colour=None, **kwargs):
        super().__init__()


class Derived(Base):
    def __init__(self, size, *rest, **kwargs):
        super().__init__(**kwargs)


def test_unknown_arguments_are_named_with_the_class_that_was_meant():
    refuse_unknown(Derived, ['size', 'colour'])
    with pytest.raises(TypeError, match=r'Derived has no argument .*colour.'):
        refuse_unknown(Derived, ['size', 'color'])
    with pytest.raises(TypeError, match="no argument 'kwargs'"):
        refuse_unknown(Derived, ['kwargs'])
    with pytest.raises(TypeError, match="no argument 'rest'"):
        refuse_unknown(Derived, ['rest'])
