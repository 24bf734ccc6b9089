"""What became of a run, as far as its folder tells."""

from __future__ import annotations

from typing import NamedTuple

from ..errors import AnalysisError
from .circumstances import circumstances
from .results import (
    Result,
    read_failure,
    read_result,
    read_test,
    trained,
    write_result,
)
from .runs import Run, claimed_circumstances


class Outcome(NamedTuple):
    """What became of a run.

    Attributes:
        run: The run.
        status: ``'finished'``, ``'failed'``, ``'interrupted'`` (ended by a
            signal; the next call resumes it) or ``'missing'``.
        result: Of a finished run, else None.
        reason: Why there is none; may be of several lines.
    """

    run: Run
    status: str
    result: Result | None = None
    reason: str = ''


def known_outcome(
    run: Run, test: bool, retry_failed: bool, write: bool = True
) -> Outcome | None:
    """What became of a run in an earlier call; None if it has to be run.

    A run whose log is complete, as after training under slurm, is finished
    by this.

    Args:
        run: The run.
        test: Whether it also has to be tested.
        retry_failed: Whether a failure does not count.
        write: Whether to keep what is found in logs. Defaults to True.
    """
    try:
        result = read_result(run)
        if result is None and (run.folder / 'run.json').exists():
            result = collect(run, late=True, write=write)
        if result is not None and test and result.test is None:
            result = collect(run, result, write=write)
    except AnalysisError as error:
        return Outcome(run, 'failed', None, str(error))
    if result is not None and not (test and result.test is None):
        return Outcome(run, 'finished', result)
    failure = read_failure(run)
    if failure is not None and not retry_failed:
        return Outcome(run, 'failed', None, '\n'.join(failure))
    return None


def collect(
    run: Run,
    known: Result | None = None,
    seconds: float | None = None,
    *,
    late: bool = False,
    write: bool = True,
) -> Result | None:
    """Read the result of a run from its logs, and keep it.

    Args:
        run: The run.
        known: What is known of it already. Defaults to None.
        seconds: The training took. Defaults to None: unknown.
        late: Whether somebody else trained it, at some time: then the
            circumstances are those of when the run was claimed. Defaults to
            False: it has just been trained here.
        write: Whether to keep it. Defaults to True.

    Returns:
        None if the training is not complete.

    Raises:
        AnalysisError: If a metric is not finite.
    """
    metrics = known.validation if known else trained(run)
    if metrics is None:
        return None
    if known is None:
        where = claimed_circumstances(run) if late else circumstances()
        known = Result(run.length, metrics, None, seconds, where)
    result = known._replace(test=read_test(run))
    if not write:
        return result
    if result != known or read_result(run) is None:
        write_result(run, result)
    return result
