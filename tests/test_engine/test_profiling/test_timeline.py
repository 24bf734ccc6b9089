"""Every moment belongs to one part; with a clock that the test moves."""

import pytest

from aclnet_plugin.engine.profiling import PARTS, Timeline
from aclnet_plugin.engine.profiling.timeline import shares_of


class Clock:
    now = 0.0

    def __call__(self):
        return self.now

    def wait(self, seconds):
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


def test_the_innermost_part_has_the_time(clock):
    timeline = Timeline(clock)
    with timeline.step():
        clock.wait(1)
        with timeline.part('head'):
            clock.wait(2)
            with timeline.part('losses'):
                clock.wait(4)
            clock.wait(8)
        clock.wait(16)
    (step,) = timeline.steps
    assert (step['rest'], step['head'], step['losses']) == (17, 10, 4)
    assert sum(step.values()) == clock.now
    assert list(step) == list(PARTS)


def test_time_between_steps_belongs_to_none(clock):
    timeline = Timeline(clock)
    for seconds in (1, 3):
        with timeline.step(), timeline.part('data'):
            assert timeline.running
            clock.wait(seconds)
        assert not timeline.running
        clock.wait(100)
        with timeline.part('copy'):
            clock.wait(100)
    assert [sum(step.values()) for step in timeline.steps] == [1, 3]


def test_a_step_that_fails_does_not_count(clock):
    timeline = Timeline(clock)
    with (
        pytest.raises(KeyboardInterrupt),
        timeline.step(),
        timeline.part('data'),
    ):
        raise KeyboardInterrupt
    assert timeline.steps == []
    assert not timeline.running
    with timeline.step():
        clock.wait(2)
    assert timeline.steps[0]['rest'] == 2, 'no part was left open'


def test_shares_weigh_long_steps_more():
    steps = [
        dict.fromkeys(PARTS, 0.0) | {'data': 1.0, 'backward': 1.0},
        dict.fromkeys(PARTS, 0.0) | {'backward': 6.0},
    ]
    shares = shares_of(steps)
    assert shares['data'] == 1 / 8
    assert sum(shares.values()) == pytest.approx(1)
    assert shares_of([]) == {}
