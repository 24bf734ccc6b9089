"""Tells how a sweep goes on: bars on a terminal, lines elsewhere."""

from __future__ import annotations

import threading
import time
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from .results import epochs_done
from .runs import Run

_RUNNING = ('started', 'resumed')
_LOOK = 2.0  # seconds between two looks into the logs
_COLOURS = {
    'finished': 'green',
    'failed': 'red',
    'interrupted': 'yellow',
    'waiting': 'yellow',
}


class SweepProgress:
    """What :func:`~.launching.run_all` reports to.

    Args:
        total: Number of runs.
        console: Where to. Defaults to standard error.
        quiet: Tell failures only. Defaults to False.
    """

    def __init__(
        self, total: int, console: Console | None = None, quiet: bool = False
    ) -> None:
        self.console = console or Console(stderr=True, soft_wrap=True)
        self.total, self.quiet, self.done = total, quiet, 0
        self.bars = Progress(
            TextColumn('{task.description}'),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn('{task.fields[unit]}'),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
            disable=quiet or not self.console.is_terminal,
        )
        self.overall = self.bars.add_task('sweep', total=total, unit='runs')
        self.running: dict[Run, tuple[TaskID, float]] = {}
        self.guard = threading.Lock()
        self.over = threading.Event()
        self.looker = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> SweepProgress:
        """Show the bars."""
        self.bars.start()
        self.looker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bars away."""
        self.over.set()
        self.looker.join()
        self.bars.stop()

    def watch(self, event: str, run: Run, text: str) -> None:
        """Take an event; see :data:`~.worker.Watch`.

        Args:
            event: What happened.
            run: To which run.
            text: More about it.
        """
        with self.guard:
            took = ''
            if event in _RUNNING:
                task = self.bars.add_task(
                    escape(run.label), total=run.length, unit='epochs'
                )
                self.running[run] = task, time.monotonic()
            elif event != 'waiting':
                self.done += 1
                self.bars.advance(self.overall)
                if run in self.running:
                    task, began = self.running.pop(run)
                    self.bars.remove_task(task)
                    took = f' ({time.monotonic() - began:.0f} s)'
            self._say(event, run, text, took)

    def _say(self, event: str, run: Run, text: str, took: str) -> None:
        bad = event in ('failed', 'interrupted')
        if self.quiet and not bad:
            return
        if self.console.is_terminal and event in _RUNNING:
            return
        word = 'finished before' if event == 'known' else event
        colour = _COLOURS.get(event)
        shown = f'[{colour}]{word}[/]' if colour else word
        line = f'\\[{self.done}/{self.total}] {shown}: {escape(run.label)}'
        self.console.print(line + took, highlight=False)
        if text:
            indented = '\n'.join(f'    {one}' for one in text.splitlines())
            self.console.print(indented, markup=False, highlight=False)

    def _look(self) -> None:
        """Show the epochs of what runs."""
        while not self.over.wait(_LOOK):
            with self.guard:
                running = {
                    run: task for run, (task, _) in self.running.items()
                }
            for run, task in running.items():
                try:
                    done = epochs_done(run.folder)
                except OSError:
                    continue
                with self.guard:
                    if run in self.running:
                        self.bars.update(task, completed=done)
