"""Carries one run out: training, test, result."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..errors import AnalysisError
from .outcomes import Outcome, collect, known_outcome
from .processes import Busy, Stopped, folder_lock, run_child, tail_of
from .results import read_result, write_failure
from .runs import (
    Run,
    Scripts,
    claim_folder,
    evaluation_arguments,
    final_checkpoint,
    python_command,
    train_arguments,
)

Watch = Callable[[str, Run, str], None]
"""Is told what happens: an event, the run and a text. Events are ``started``,
``resumed``, ``waiting`` and the statuses of :class:`Outcome`; ``known`` stands
for what had finished before. Calls come from several threads."""


class Worker:
    """Carries runs out; several threads may use it."""

    def __init__(
        self, scripts: Scripts, test: bool, retry_failed: bool, watch: Watch
    ) -> None:
        self.scripts, self.test = scripts, test
        self.retry_failed, self.watch = retry_failed, watch
        self.stop = threading.Event()

    def work(
        self, run: Run, slot: dict[str, str], patient: bool
    ) -> Outcome | None:
        """Carry a run out; None if another process is busy with it."""
        if self.stop.is_set():
            raise Stopped
        outcome = known_outcome(run, self.test, self.retry_failed)
        if outcome is not None:
            self.watch(_known(outcome), run, outcome.reason)
            return outcome
        try:
            with folder_lock(run.folder, self.stop, patient) as handle:
                # It may have been finished by whom was waited for.
                outcome = known_outcome(run, self.test, self.retry_failed)
                outcome = outcome or self._carry_out(run, slot, handle)
        except Busy as busy:
            self.watch('waiting', run, f'{busy} is busy with it')
            return None
        self.watch(outcome.status, run, outcome.reason)
        return outcome

    def _carry_out(
        self, run: Run, slot: dict[str, str], handle: int
    ) -> Outcome:
        claim_folder(run)
        (run.folder / 'failure.json').unlink(missing_ok=True)
        result = read_result(run)
        if result is None:
            arguments = train_arguments(run)
            resumed = '--resume' in arguments
            self.watch('resumed' if resumed else 'started', run, '')
            began = time.monotonic()
            command = python_command(self.scripts.train, arguments)
            bad = self._child(run, command, slot, handle, 'the training')
            if bad is not None:
                return bad
            seconds = None if resumed else time.monotonic() - began
            try:
                result = collect(run, None, seconds)
            except AnalysisError as error:
                return self._fail(run, str(error), '')
            if result is None:
                return self._fail(
                    run,
                    'the training ended without an error, but there is no '
                    'validation of its last epoch in its log',
                    tail_of(run.log, 0),
                )
        if self.test and result.test is None:
            checkpoint = final_checkpoint(run)
            if checkpoint is None:
                return self._fail(
                    run, 'there is no checkpoint of the last epoch', ''
                )
            command = python_command(
                self.scripts.test, evaluation_arguments(run, checkpoint)
            )
            bad = self._child(run, command, slot, handle, 'the test')
            if bad is not None:
                return bad
            result = collect(run, result)
            if result is None or result.test is None:
                return self._fail(run, 'the test wrote no metrics', '')
        return Outcome(run, 'finished', result)

    def _child(
        self,
        run: Run,
        command: list[str],
        slot: dict[str, str],
        handle: int,
        what: str,
    ) -> Outcome | None:
        """Run a command; None if it went well."""
        start = run.log.stat().st_size if run.log.exists() else 0
        status = run_child(command, run.log, handle, slot, self.stop)
        if not status:
            return None
        if status < 0 or status > 128:
            number = -status if status < 0 else status - 128
            reason = f'{what} was ended by signal {number}'
            return Outcome(run, 'interrupted', None, reason)
        reason = f'{what} ended with exit status {status}; see {run.log}'
        return self._fail(run, reason, tail_of(run.log, start))

    def _fail(self, run: Run, reason: str, tail: str) -> Outcome:
        write_failure(run, reason, tail)
        return Outcome(run, 'failed', None, f'{reason}\n{tail}'.strip())


def _known(outcome: Outcome) -> str:
    return 'known' if outcome.status == 'finished' else outcome.status
