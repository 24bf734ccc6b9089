"""Curves of a training from the JSON log of MMEngine."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .errors import AnalysisError

_NOT_A_CURVE = ('step', 'iter', 'epoch')
_TOP = re.compile(r'affinity\d*/top\d+_(true|pred|share)')


@dataclass(frozen=True)
class Series:
    """One quantity over a training.

    Args:
        steps: ``(n,)`` int64, ascending: training steps done.
        values: ``(n,)`` float64, finite.
        skipped: How many values were not finite.
    """

    steps: np.ndarray
    values: np.ndarray
    skipped: int = 0


@dataclass
class TrainingLog:
    """What one training logged, resumed parts in one piece.

    Args:
        name: What to call it.
        series: By their names, such as ``'loss_inter'`` or ``'acc/top1'``.
        steps_per_epoch: None if the log does not tell.
        files: Where it is from, the oldest first.
        notes: What a reader should know.
    """

    name: str
    series: dict[str, Series] = field(default_factory=dict)
    steps_per_epoch: int | None = None
    files: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find_logs(path: str | os.PathLike[str]) -> list[Path]:
    """The logs of a training, the oldest first.

    Args:
        path: A work folder, a folder in it, or a log itself.

    Raises:
        AnalysisError: If there is none.
    """
    path = Path(path)
    if path.is_file():
        return [path]
    for pattern in (
        *('*/vis_data/scalars.json', 'vis_data/scalars.json'),
        *('scalars.json', '*/vis_data/*.json', 'vis_data/*.json'),
    ):
        found = [file for file in path.glob(pattern) if file.name[0] != '.']
        # The config is not a log.
        found = [file for file in found if file.name != 'config.json']
        if found:
            # Folders are named by the time of their start.
            return sorted(found)
    raise AnalysisError(
        f'{str(path)!r} has no log of a training (*/vis_data/scalars.json). '
        f'Give a work folder, or a log itself'
    )


def read_rows(path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows of one log.

    Args:
        path: One JSON object a line.

    Returns:
        The rows that have a step, and notes about lines left out.

    Raises:
        AnalysisError: If no line is a row of a log.
    """
    rows, broken = [], 0
    text = path.read_text(encoding='utf-8', errors='replace')
    for line in text.splitlines():
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            broken += 1
            continue
        if isinstance(row, dict) and _is_number(row.get('step')):
            rows.append(row)
    if not rows and (broken or text.strip()):
        raise AnalysisError(
            f'{str(path)!r} is no log of a training: it has no line with a '
            f'JSON object that has a step'
        )
    notes = []
    if broken:
        word = 'line' if broken == 1 else 'lines'
        notes.append(
            f'{path}: {broken} broken {word} left out, as a killed training '
            f'leaves them'
        )
    return rows, notes


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _trains(row: dict[str, Any]) -> bool:
    """Whether the step of a row counts training steps.

    Those of a validation count epochs, unless the training is counted in
    steps alone.
    """
    return 'epoch' in row or 'lr' in row or 'loss' in row


def stitch(
    parts: Sequence[list[dict[str, Any]]],
) -> list[dict[str, Any]]:
    """Join the rows of a training and its resumed parts.

    What a later part trained again replaces what an earlier one logged of
    the same steps, and of the epochs that were validated again.

    Args:
        parts: Rows of each part, the oldest first.

    Returns:
        Rows in the order of training.
    """
    joined: list[dict[str, Any]] = []
    for rows in parts:
        trained = [row for row in rows if _trains(row)]
        if trained:
            first = min(row['step'] for row in trained)
            epochs = [row['epoch'] for row in trained if 'epoch' in row]
            epoch = min(epochs, default=math.inf)
            joined = [
                row
                for row in joined
                if row['step'] < (first if _trains(row) else epoch)
            ]
        elif rows:  # Only validated, such as what an interruption left out.
            again = {row['step'] for row in rows}
            joined = [
                row
                for row in joined
                if _trains(row) or row['step'] not in again
            ]
        joined += rows
    return joined


def steps_per_epoch(rows: Iterable[dict[str, Any]]) -> int | None:
    """The number of steps that fits the epochs of all rows.

    Args:
        rows: Of one training. Step s in epoch e (from 1) means that an epoch
            has at least s / e and fewer than s / (e - 1) steps.

    Returns:
        The smallest number that fits; None if none does.
    """
    low, high, known = 1, math.inf, False
    for row in rows:
        if 'epoch' not in row:
            continue
        step, epoch = row['step'], row['epoch']
        known = True
        low = max(low, -(-step // epoch))
        if epoch > 1:
            high = min(high, step / (epoch - 1))
    return int(low) if known and low < high else None


def read_training(
    path: str | os.PathLike[str], name: str | None = None
) -> TrainingLog:
    """Read all that a training logged.

    Args:
        path: See :func:`find_logs`.
        name: What to call it. Defaults to None: as the folder.

    Raises:
        AnalysisError: If there is no log, or none that can be read.
    """
    path = Path(path)
    log = TrainingLog(name or _name(path), files=find_logs(path))
    parts = []
    for file in log.files:
        rows, notes = read_rows(file)
        log.notes += notes
        parts.append(rows)
    rows = stitch(parts)
    if not rows:
        raise AnalysisError(f'the log {str(log.files[-1])!r} is empty')
    log.steps_per_epoch = steps_per_epoch(rows)
    log.series = _series(rows, log.steps_per_epoch)
    bad = {key: one.skipped for key, one in log.series.items() if one.skipped}
    if bad:
        listed = ', '.join(f'{key} ({count})' for key, count in bad.items())
        log.notes.append(f'{log.name}: values that are not finite: {listed}')
    return log


def _name(path: Path) -> str:
    path = path.resolve()
    return path.parent.name if path.is_file() else path.name


def _series(
    rows: list[dict[str, Any]], per_epoch: int | None
) -> dict[str, Series]:
    found: dict[str, dict[int, float]] = {}
    skipped: dict[str, int] = {}
    by_epoch = any('epoch' in row for row in rows)
    for row in rows:
        step = int(row['step'])
        if not _trains(row) and by_epoch:
            if per_epoch is None:
                continue
            step *= per_epoch
        for key, value in row.items():
            if key in _NOT_A_CURVE or not _is_number(value):
                continue
            if _TOP.fullmatch(key):
                continue
            if not math.isfinite(value):
                skipped[key] = skipped.get(key, 0) + 1
                found.setdefault(key, {})
                continue
            found.setdefault(key, {})[step] = float(value)
    return {
        key: Series(
            np.array(sorted(values), np.int64),
            np.array([values[s] for s in sorted(values)], np.float64),
            skipped.get(key, 0),
        )
        for key, values in found.items()
    }


def smoothed(values: np.ndarray, window: int) -> np.ndarray:
    """Centred running mean; at the ends over what there is.

    Zeros and other values are not mixed: a loss that is 0 until it starts
    would seem to start earlier, and slowly.

    Args:
        values: ``(n,)``.
        window: How many values; an even number counts as one more.
    """
    changes = np.flatnonzero(np.diff(values == 0)) + 1
    parts = np.split(values, changes)
    return np.concatenate([_running_mean(part, window) for part in parts])


def _running_mean(values: np.ndarray, window: int) -> np.ndarray:
    half = window // 2
    total = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(len(values))
    low = np.maximum(places - half, 0)
    high = np.minimum(places + half + 1, len(values))
    return (total[high] - total[low]) / (high - low)
