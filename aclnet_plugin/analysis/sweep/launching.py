"""Run what is missing of a list of trainings."""

from __future__ import annotations

import os
import queue
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

from ..errors import AnalysisError
from .outcomes import Outcome
from .runs import Run, Scripts, check_owner
from .worker import Watch, Worker


def run_all(
    runs: Sequence[Run],
    scripts: Scripts,
    *,
    test: bool = False,
    jobs: int | None = None,
    gpus: Sequence[str] = (),
    retry_failed: bool = False,
    watch: Watch = lambda event, run, text: None,
) -> list[Outcome]:
    """Train what is missing; failures do not stop the rest.

    Finished runs are not repeated, interrupted ones continue from their last
    checkpoint, failed ones stay as they are. A run that another process is
    busy with is waited for, after everything else.

    Args:
        runs: With distinct folders.
        scripts: What trains and tests.
        test: Also test the checkpoint of the last epoch. Never that of the
            best one, which would be chosen on the test samples. Defaults to
            False.
        jobs: Runs side by side. Defaults to None: one for each GPU, or one.
        gpus: Their numbers or names, dealt out in turn. Defaults to none:
            the environment is left as it is.
        retry_failed: Also repeat what failed before. Defaults to False.
        watch: Is told what happens. Defaults to nobody.

    Returns:
        One for each run, in their order.

    Raises:
        AnalysisError: If a folder holds the run of another config.
        KeyboardInterrupt: After Ctrl-C, once all children have ended.
    """
    folders = [run.folder for run in runs]
    if len(set(folders)) < len(folders):
        raise AnalysisError('two runs have one folder')
    for run in runs:
        check_owner(run)
    jobs = jobs or max(len(gpus), 1)
    worker = Worker(scripts, test, retry_failed, watch)
    slots: queue.Queue[dict[str, str]] = queue.Queue()
    for number in range(jobs):
        slots.put(_environment(number, jobs, gpus))

    def attempt(run: Run, patient: bool) -> Outcome | None:
        slot = slots.get()
        try:
            return worker.work(run, slot, patient)
        finally:
            slots.put(slot)

    found: dict[Path, Outcome] = {}
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for patient in (False, True):
                left = [run for run in runs if run.folder not in found]
                futures = [pool.submit(attempt, run, patient) for run in left]
                _await(futures)
                for future in futures:
                    outcome = future.result()
                    if outcome is not None:
                        found[outcome.run.folder] = outcome
        except BaseException:
            worker.stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    return [found[run.folder] for run in runs]


def _await(futures: list[Future]) -> None:
    """Wait in short steps, so that Ctrl-C comes through at once."""
    pending = set(futures)
    while pending:
        done, pending = wait(pending, 0.5, 'FIRST_EXCEPTION')
        for future in done:
            future.result()


def _environment(
    number: int, jobs: int, gpus: Sequence[str]
) -> dict[str, str]:
    if gpus:
        return {'CUDA_VISIBLE_DEVICES': gpus[number % len(gpus)]}
    if jobs > 1 and 'OMP_NUM_THREADS' not in os.environ:
        # Trainings side by side would otherwise each take all cores.
        share = max((os.cpu_count() or 1) // jobs, 1)
        return {'OMP_NUM_THREADS': str(share)}
    return {}
