"""What a run left behind: its logs, its result, why it failed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ...utils.atomic import atomic_writer
from ..errors import AnalysisError
from .runs import Run, final_checkpoint

_NOT_METRICS = ('data_time', 'time', 'step', 'epoch', 'iter', 'memory')


class Result(NamedTuple):
    """What came out of a finished run.

    Attributes:
        length: Epochs of the training.
        validation: Metrics after the last epoch; empty without a validation.
        test: Metrics of the checkpoint of the last epoch; None if it was not
            tested.
        seconds: The training took; None if it was interrupted.
        circumstances: Versions and machine.
    """

    length: int
    validation: dict[str, float]
    test: dict[str, float] | None
    seconds: float | None
    circumstances: dict[str, str]

    def metrics(self, tested: bool) -> dict[str, float]:
        """Of the test, or of the validation."""
        return (self.test or {}) if tested else self.validation


def read_validation(folder: Path) -> dict[int, dict[str, float]]:
    """Metrics of each validation, by epoch, from the JSON logs of a run.

    A resumed run has a log for each start; what was repeated counts as it
    was the last time.

    Args:
        folder: Work folder of the training.
    """
    found: dict[int, dict[str, float]] = {}
    for path in sorted(folder.glob('*/vis_data/scalars.json')):
        for row in _rows(path):
            if _is_validation(row):
                found[int(row['step'])] = _metrics(row)
    return dict(sorted(found.items()))


def _is_validation(row: dict[str, Any]) -> bool:
    # Rows of steps have iter and epoch; hooks may add more, of any step, but
    # the times of loading and computing are those of an epoch.
    return (
        'step' in row
        and 'time' in row
        and not {'iter', 'epoch'} & set(row)
        and bool(_metrics(row))
    )


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding='utf-8').splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue  # a line that a killed process did not finish
        if isinstance(row, dict):
            yield row


def _metrics(row: dict[str, Any]) -> dict[str, float]:
    return {
        key: float(value)
        for key, value in row.items()
        if key not in _NOT_METRICS
        and isinstance(value, int | float)
        and not isinstance(value, bool)
    }


def read_test(run: Run) -> dict[str, float] | None:
    """Metrics of the newest test of a run; None if there is none.

    Args:
        run: The run.
    """
    for path in sorted(run.test_folder.glob('*/*.json'), reverse=True):
        for row in _rows(path):
            if _metrics(row):
                return _metrics(row)
    return None


def epochs_done(folder: Path) -> int:
    """The epoch that a running training is in, or validated last.

    Args:
        folder: Its work folder.
    """
    paths = sorted(folder.glob('*/vis_data/scalars.json'))
    if not paths:
        return 0
    with paths[-1].open('rb') as file:
        file.seek(max(paths[-1].stat().st_size - 4096, 0))
        lines = file.read().decode('utf-8', 'replace').splitlines()
    for line in reversed(lines):
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        if _is_validation(row):
            return int(row['step'])
        if 'iter' in row:
            return max(int(row.get('epoch', row['iter'])) - 1, 0)
    return 0


def trained(run: Run) -> dict[str, float] | None:
    """Metrics of the last epoch, once the training is complete.

    Args:
        run: The run.

    Returns:
        None before that; empty if the config has no validation.
    """
    if run.resolved.get('val_dataloader') is None:
        return {} if final_checkpoint(run) is not None else None
    return read_validation(run.folder).get(run.length)


def write_result(run: Run, result: Result) -> None:
    """Keep the result of a run; from then on it counts as finished.

    Args:
        run: The run.
        result: What came out.

    Raises:
        AnalysisError: If a metric is not finite, which JSON cannot say.
    """
    content = {
        'name': run.name,
        'seed': run.seed,
        'digest': run.digest,
        'test_digest': run.test_digest if result.test is not None else None,
        **result._asdict(),
    }
    for metrics in (result.validation, result.test or {}):
        for key, value in metrics.items():
            if not math.isfinite(value):
                raise AnalysisError(f'its {key} is {value}')
    with atomic_writer(run.folder / 'result.json') as file:
        file.write(json.dumps(content, indent=2).encode())
    (run.folder / 'failure.json').unlink(missing_ok=True)


def read_result(run: Run) -> Result | None:
    """The result of a finished run; None if it is not, or was another one.

    Args:
        run: The run. What was tested in another way counts as not tested.

    Raises:
        AnalysisError: If the file is damaged.
    """
    path = run.folder / 'result.json'
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        if content['digest'] != run.digest or content['seed'] != run.seed:
            return None
        result = Result(**{key: content[key] for key in Result._fields})
        _check(result)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AnalysisError(
            f'{path} is no result of a run; remove it, and it is made anew '
            f'from the logs'
        ) from error
    if content.get('test_digest') != run.test_digest:
        result = result._replace(test=None)
    return result


def _check(result: Result) -> None:
    """Meet what a damaged file can hold here: any of the errors above."""
    metrics = (result.validation, result.test or {})
    numbers = [value for some in metrics for value in some.values()]
    numbers += [result.length, result.seconds or 0]
    if not all(map(math.isfinite, numbers)):
        raise ValueError('a number is not finite')
    dict(result.circumstances)


def write_failure(run: Run, reason: str, tail: str) -> None:
    """Keep why a run failed.

    Args:
        run: The run.
        reason: In a few words.
        tail: Last lines of its log.
    """
    content = {'name': run.name, 'seed': run.seed, 'digest': run.digest}
    content |= {'reason': reason, 'log': str(run.log), 'tail': tail}
    with atomic_writer(run.folder / 'failure.json') as file:
        file.write(json.dumps(content, indent=2).encode())


def read_failure(run: Run) -> tuple[str, str] | None:
    """Why a run failed, and last lines of its log; None if it has not.

    Args:
        run: The run.
    """
    path = run.folder / 'failure.json'
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        return str(content['reason']), str(content['tail'])
    except (ValueError, KeyError, TypeError):
        return None
