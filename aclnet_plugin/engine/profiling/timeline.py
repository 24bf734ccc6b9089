"""Divides the time of a step among its parts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

REST = 'rest'
PARTS = {
    'data': 'waiting for the loader',
    'copy': 'preprocessor, host to device',
    'backbone': 'forward of backbone and neck',
    'head': 'forward of the head, classification loss',
    'losses': 'contrastive losses, update of the state',
    'backward': 'backward',
    'optimiser': 'optimiser, gradients set to zero',
    'sync': 'gradients and batch between processes',
    REST: 'everything else',
}
"""What a step consists of, in the order in which it is shown."""


class Timeline:
    """Seconds of each part of each step.

    Every moment of a step belongs to one part: the innermost that is open,
    or ``'rest'``. The parts of a step therefore add up to the step.

    Args:
        clock: Tells the time in seconds; see :func:`clock_of`.

    Attributes:
        steps: One dict for each finished step, seconds by part.
        running: Whether a step is being measured.

    Examples:
        >>> timeline = Timeline()
        >>> with timeline.step():
        ...     with timeline.part('data'):
        ...         batch = next(batches)
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.steps: list[dict[str, float]] = []
        self._clock = clock
        self._open: list[str] = []
        self._spent = _nothing()
        self._mark = 0.0
        self.running = False

    @contextmanager
    def step(self) -> Iterator[None]:
        """Everything inside is one step; it counts if nothing is raised."""
        self._spent = _nothing()
        self._mark = self._clock()
        self.running = True
        try:
            yield
        finally:
            self.running = False
        self._settle()
        self.steps.append(self._spent)
        self._spent = _nothing()

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Everything inside belongs to a part, except parts within it.

        Args:
            name: One of :data:`PARTS`.
        """
        self._settle()
        self._open.append(name)
        try:
            yield
        finally:
            self._settle()
            self._open.pop()

    def _settle(self) -> None:
        """Credit the time since the last call to who had it."""
        now = self._clock()
        self._spent[self._open[-1] if self._open else REST] += now - self._mark
        self._mark = now


def _nothing() -> dict[str, float]:
    return dict.fromkeys(PARTS, 0.0)


def clock_of(device: str) -> Callable[[], float]:
    """A clock that lets a GPU finish before it is read.

    Without it, the time of a kernel would be credited to the part that
    happens to wait for it.

    Args:
        device: ``'cpu'``, ``'cuda'`` or ``'cuda:N'``.
    """
    if not device.startswith('cuda'):
        return time.perf_counter

    def clock() -> float:
        torch.cuda.synchronize(device)
        return time.perf_counter()

    return clock


def shares_of(steps: list[dict[str, float]]) -> dict[str, float]:
    """Share of each part in the time of all steps; they add up to 1.

    Args:
        steps: See :class:`Timeline`.

    Returns:
        By part; empty without a step.
    """
    spent = {name: sum(step[name] for step in steps) for name in PARTS}
    total = sum(spent.values())
    return (
        {name: part / total for name, part in spent.items()} if total else {}
    )
