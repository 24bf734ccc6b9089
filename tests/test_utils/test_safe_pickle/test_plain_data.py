"""Depth of nested data, with parts that are shared."""

import numpy as np
import pytest

from aclnet_plugin.utils.safe_pickle.plain_data import MAX_DEPTH, check_plain
from aclnet_plugin.utils.safe_pickle.values import Refusal


def nested(depth, inner=()):
    value = list(inner)
    for level in range(depth - 1):
        value = [[value], (value,), {'a': value}][level % 3]
    return value


def test_depth():
    check_plain(nested(MAX_DEPTH))
    with pytest.raises(Refusal, match=f'more than {MAX_DEPTH} deep'):
        check_plain(nested(MAX_DEPTH + 1))


@pytest.mark.parametrize('order', [1, -1])
def test_a_shared_part_counts_where_it_is_deepest(order):
    tall = nested(MAX_DEPTH // 2)
    fits = nested(MAX_DEPTH // 2 - 1, [tall])
    check_plain([tall, fits][::order])
    too_deep = nested(MAX_DEPTH // 2, [tall])
    with pytest.raises(Refusal):
        check_plain([tall, too_deep][::order])


def test_a_chain_of_shared_parts_is_as_deep_as_it_is_long():
    parts = [[]]
    for _ in range(2 * MAX_DEPTH):
        parts.append([parts[-1]])
    for order in (1, -1):
        with pytest.raises(Refusal):
            check_plain(parts[::order])


def test_shared_parts_are_visited_once():
    value = []
    for _ in range(MAX_DEPTH - 2):
        value = [value] * 10
    check_plain(value)


def test_what_contains_itself():
    value = [1]
    value.append({'a': (value,)})
    with pytest.raises(Refusal, match='contains itself'):
        check_plain(value)
    check_plain([value[:1], np.zeros(2), np.float32(1), np.dtype('f2')])


def test_anything_else():
    with pytest.raises(Refusal, match='where data is expected'):
        check_plain({'a': [object()]})
