"""From rates to settings, by tables."""

import pytest

from aclnet_plugin.engine.profiling import (
    ComputeRate,
    advise_batch,
    advise_workers,
    overlap_of,
)
from aclnet_plugin.engine.profiling.advice import (
    say_batch,
    say_loader,
    say_workers,
)


def rates(*pairs):
    return [ComputeRate(size, size / rate, 1, 1) for size, rate in pairs]


@pytest.mark.parametrize(
    'loader, expected, data_bound',
    [
        ({0: 2001, 1: 90, 2: 500}, 0, False),
        # Without workers loading adds to a step, so plenty is needed.
        ({0: 150, 1: 120, 2: 240}, 1, False),
        ({1: 119, 2: 120, 4: 500}, 2, False),
        ({4: 500, 2: 130, 1: 60}, 2, False),
        ({0: 40, 1: 110, 2: 115}, 2, False),
        ({0: 40, 1: 60, 2: 80}, 2, True),
        ({0: 30, 1: 30, 2: 30}, 0, True),
    ],
)
def test_workers(loader, expected, data_bound):
    advice = advise_workers(loader, 100)
    assert advice.num_workers == expected
    assert advice.data_bound == data_bound
    assert advice.ratio == loader[expected] / 100


def test_no_loader_no_advice():
    assert advise_workers({}, 100) is None
    assert advise_batch([]) is None


@pytest.mark.parametrize(
    'measured, expected, may_grow',
    [
        ([(4, 100)], 4, True),
        ([(4, 100), (8, 106), (16, 108)], 8, False),
        ([(4, 100), (8, 105), (16, 200)], 4, False),
        ([(4, 100), (8, 150), (16, 220)], 16, True),
        ([(16, 220), (4, 100), (8, 150)], 16, True),
        ([(4, 100), (8, 90)], 4, False),
    ],
)
def test_batch(measured, expected, may_grow):
    advice = advise_batch(rates(*measured))
    assert (advice.batch_size, advice.may_grow) == (expected, may_grow)


@pytest.mark.parametrize(
    'step, compute, load, expected',
    [
        (10, 10, 4, 1.0),
        (14, 10, 4, 0.0),
        (12, 10, 4, 0.5),
        (10, 4, 10, 1.0),
        (9, 10, 4, 1.0),
        (20, 10, 4, 0.0),
        (10, 10, 0.1, None),
        (0, 0, 0, None),
    ],
)
def test_overlap(step, compute, load, expected):
    assert overlap_of(step, compute, load) == expected


@pytest.mark.parametrize(
    'loader, words',
    [
        ({0: 2001}, 'num_workers=0 is enough'),
        ({0: 150}, 'adds 67% to each step'),
        ({2: 130}, 'num_workers=2 is enough'),
        ({2: 110}, 'just keeps up'),
        ({2: 25}, 'bottleneck'),
        ({2: 25}, '4.0 times as fast'),
    ],
)
def test_words_on_workers(loader, words):
    assert words in say_workers(advise_workers(loader, 100), 100)


@pytest.mark.parametrize(
    'current, base, world_size, words',
    [
        (16, None, 1, '2 times as large: set auto_scale_lr=dict(base_batch_'),
        (16, 16, 1, 'multiplies it by 2, 0.025 to 0.05'),
        (16, 16, 4, 'multiplies it by 8, 0.025 to 0.2'),
        (32, 32, 1, 'As it is'),
    ],
)
def test_words_on_the_batch(current, base, world_size, words):
    advice = advise_batch(rates((16, 100), (32, 150), (64, 150)))
    said = ' '.join(say_batch(advice, current, world_size, base, 0.025))
    assert words in said
    assert ('learning rate' in said) == (current != 32)


def test_a_batch_that_is_no_slower_can_stay():
    advice = advise_batch(rates((16, 100), (32, 101)))
    (said,) = say_batch(advice, 32, base=16)
    assert 'batch_size=32 can stay: from 16 on' in said


@pytest.mark.parametrize(
    'workers, persistent, waiting, words',
    [
        (0, False, 0.5, ()),
        (2, False, 0.0, ('persistent_workers=True',)),
        (2, True, 0.2, ('prefetch_factor=4',)),
        (2, False, 0.2, ('persistent_workers=True', 'prefetch_factor=4')),
        (2, True, 0.01, ()),
    ],
)
def test_words_on_the_loader(workers, persistent, waiting, words):
    advice = advise_workers({workers: 9999}, 100)
    said = say_loader(advice, persistent, None, waiting)
    assert len(said) == len(words)
    for line, word in zip(said, words, strict=True):
        assert word in line
