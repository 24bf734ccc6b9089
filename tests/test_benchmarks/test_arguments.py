"""What the benchmarks take on their command lines."""

import argparse

import pytest

from benchmarks import arguments


@pytest.mark.parametrize(
    'kind, text, value',
    [
        (arguments.positive, '1', 1),
        (arguments.whole_from(0), '0', 0),
        (arguments.width, '8', 8),
        (arguments.positive_number, '0.5', 0.5),
        (arguments.positive_number, '1e3', 1000),
        (arguments.share, '0', 0),
        (arguments.share, '1', 1),
        (arguments.positive_share, '1', 1),
    ],
)
def test_right(kind, text, value):
    assert kind(text) == value


@pytest.mark.parametrize(
    'kind, texts, words',
    [
        (arguments.positive, ('0', '-1', '1.5', 'x', ''), 'from 1 on'),
        (arguments.whole_from(0), ('-1', '0.0'), 'from 0 on'),
        (arguments.width, ('7',), 'from 8 on'),
        (arguments.positive_number, ('0', 'inf', 'nan', 'x'), 'above 0'),
        (arguments.share, ('-0.1', '1.1', 'nan', 'x'), 'from 0 to 1'),
        (arguments.positive_share, ('0', '1.1', 'nan'), 'above 0, up to 1'),
    ],
)
def test_wrong(kind, texts, words):
    for text in texts:
        with pytest.raises(argparse.ArgumentTypeError) as caught:
            kind(text)
        assert str(caught.value).startswith(f'{text!r} is no ')
        assert str(caught.value).endswith(words)
