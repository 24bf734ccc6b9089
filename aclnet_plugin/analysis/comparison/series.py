"""The metric of every arm, by stream and seed, and of fused streams."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...evaluation import (
    COMBINATIONS,
    DEFAULT_WEIGHTS,
    Predictions,
    accuracies,
    align,
    fuse,
    load_predictions,
    softmax_rows,
)
from ..errors import AnalysisError
from ..sweep.outcomes import Outcome
from ..sweep.runs import Run
from ..sweep.summary import value_of
from ..tested_samples import only
from .plan import OWN, Plan

# The same figures as the test's, from predictions.
_PREDICTED = {
    'acc/top1': 'top1',
    'acc/top5': 'top5',
    'acc/mean1': 'mean_class',
}

Values = dict[str, dict[int, float]]
"""Of one stream or fusion: by name of the arm, then by seed."""


def scale_of(metric: str) -> int:
    """Accuracies are told in percent.

    Args:
        metric: Key of the metric.
    """
    return 100 if metric.startswith('acc/') else 1


def stream_series(
    plan: Plan,
    outcomes: Sequence[Outcome],
    metric: str,
    tested: bool,
    samples: Collection[str] | None = None,
) -> dict[str, Values]:
    """The metric of single streams.

    Args:
        plan: The comparison.
        outcomes: Of its runs.
        metric: Its key.
        tested: Of the test instead of the last validation.
        samples: Names of the test samples that count. Defaults to None: all.

    Returns:
        By stream.

    Raises:
        AnalysisError: If finished runs do not have the metric, or not of
            these samples.
    """
    if samples is not None and metric not in _PREDICTED:
        known = ', '.join(_PREDICTED)
        raise AnalysisError(
            f'of some of the samples there is {known}, not {metric}'
        )
    results = {one.run.folder: one.result for one in outcomes}
    found = {s: {arm.name: {} for arm in plan.arms} for s in plan.streams}
    for (arm, stream, seed), run in plan.runs.items():
        result = results[run.folder]
        if result is not None:
            if samples is None:
                value = scale_of(metric) * value_of(result, metric, tested)
            else:
                file = predictions_of(run, samples)
                value = 100 * _accuracy(file.scores, file.labels, metric)
            found[stream][arm][seed] = value
    return found


def fusions(streams: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What can be fused: that which papers report, and all there are.

    Args:
        streams: Letters.
    """
    if OWN in streams:
        return {}
    found = {
        title: members
        for title, members in COMBINATIONS.items()
        if set(members) <= set(streams)
    }
    if len(streams) > 1 and set(streams) not in map(set, found.values()):
        found[' + '.join(streams)] = tuple(streams)
    return found


def _accuracy(scores: np.ndarray, labels: np.ndarray, metric: str) -> float:
    return accuracies(scores, labels)[_PREDICTED[metric]]


def fused_series(
    plan: Plan,
    outcomes: Sequence[Outcome],
    metric: str,
    samples: Collection[str] | None = None,
) -> tuple[dict[str, Values], list[str]]:
    """The metric of fused streams, with the field's weights.

    Args:
        plan: The comparison.
        outcomes: Of its runs.
        metric: Its key.
        samples: Names of the test samples that count. Defaults to None: all.

    Returns:
        By combination, and notes, also on files that cannot be used.
    """
    wanted = fusions(plan.streams)
    if not wanted:
        return {}, []
    if metric not in _PREDICTED:
        known = ', '.join(_PREDICTED)
        return {}, [f'streams are fused for {known} only, not for {metric}']
    done = {one.run.folder for one in outcomes if one.result is not None}
    found: dict[str, Values] = {
        title: {arm.name: {} for arm in plan.arms} for title in wanted
    }
    notes: dict[str, None] = {}
    for arm in plan.arms:
        for seed in plan.seeds:
            runs = {s: plan.runs[arm.name, s, seed] for s in plan.streams}
            try:
                files = {
                    stream: predictions_of(run, samples)
                    for stream, run in runs.items()
                    if run.folder in done
                }
                for title, members in wanted.items():
                    if set(members) <= set(files):
                        value, more = _fused(files, members, metric)
                        found[title][arm.name][seed] = 100 * value
                        notes |= dict.fromkeys(more)
            except ValueError as error:
                notes[f'{arm.name}, seed {seed}: not fused: {error}'] = None
    return found, list(notes)


def _fused(
    files: Mapping[str, Predictions], members: Sequence[str], metric: str
) -> tuple[float, list[str]]:
    aligned, notes = align([files[member] for member in members])
    scores = np.stack([one.scores for one in aligned])
    weights = [DEFAULT_WEIGHTS[member] for member in members]
    fused = fuse(scores, weights)
    return _accuracy(fused, aligned[0].labels, metric), notes


def predictions_of(
    run: Run, samples: Collection[str] | None = None
) -> Predictions:
    """Probabilities that a tested run gave.

    Args:
        run: The run.
        samples: Names of those that count. Defaults to None: all.

    Raises:
        AnalysisError: If there are none.
        ValueError: If the file cannot be used.
    """
    file = only(load_predictions(predictions_file(run)), samples)
    if not file.are_probabilities:
        file = replace(file, scores=softmax_rows(file.scores))
    return file


def predictions_file(run: Run) -> Path:
    """Where a tested run wrote what it predicted.

    Args:
        run: The run.

    Raises:
        AnalysisError: If there is no such file.
    """
    if not run.predictions.is_file():
        raise AnalysisError(
            f'{run.label} was tested, but {run.predictions} is missing; '
            f'remove {run.folder / "result.json"} and {run.test_folder}, and '
            f'it is tested again'
        )
    return run.predictions
