"""The metric of every arm, by stream and seed, and of fused streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from .plan import OWN, Plan

# The same figures as the test's, from predictions.
_FUSED = {
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
    plan: Plan, outcomes: Sequence[Outcome], metric: str, tested: bool
) -> dict[str, Values]:
    """The metric of single streams.

    Args:
        plan: The comparison.
        outcomes: Of its runs.
        metric: Its key.
        tested: Of the test instead of the last validation.

    Returns:
        By stream.

    Raises:
        AnalysisError: If finished runs do not have the metric.
    """
    results = {one.run.folder: one.result for one in outcomes}
    found = {s: {arm.name: {} for arm in plan.arms} for s in plan.streams}
    for (arm, stream, seed), run in plan.runs.items():
        result = results[run.folder]
        if result is not None:
            value = scale_of(metric) * value_of(result, metric, tested)
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


def fused_series(
    plan: Plan, outcomes: Sequence[Outcome], metric: str
) -> tuple[dict[str, Values], list[str]]:
    """The metric of fused streams, with the field's weights.

    Args:
        plan: The comparison.
        outcomes: Of its runs.
        metric: Its key.

    Returns:
        By combination, and notes.

    Raises:
        AnalysisError: If a file of predictions cannot be used.
    """
    wanted = fusions(plan.streams)
    if not wanted:
        return {}, []
    if metric not in _FUSED:
        known = ', '.join(_FUSED)
        return {}, [f'streams are fused for {known} only, not for {metric}']
    done = {one.run.folder for one in outcomes if one.result is not None}
    found: dict[str, Values] = {
        title: {arm.name: {} for arm in plan.arms} for title in wanted
    }
    notes: dict[str, None] = {}
    for arm in plan.arms:
        for seed in plan.seeds:
            runs = {s: plan.runs[arm.name, s, seed] for s in plan.streams}
            files = {
                stream: predictions_of(run)
                for stream, run in runs.items()
                if run.folder in done
            }
            for title, members in wanted.items():
                if set(members) <= set(files):
                    value, more = _fused(files, members, _FUSED[metric])
                    found[title][arm.name][seed] = 100 * value
                    notes |= dict.fromkeys(more)
    return found, list(notes)


def _fused(
    files: Mapping[str, Predictions], members: Sequence[str], which: str
) -> tuple[float, list[str]]:
    aligned, notes = align([files[member] for member in members])
    scores = np.stack([one.scores for one in aligned])
    weights = [DEFAULT_WEIGHTS[member] for member in members]
    return accuracies(fuse(scores, weights), aligned[0].labels)[which], notes


def predictions_of(run: Run) -> Predictions:
    """Probabilities that a tested run gave.

    Args:
        run: The run.

    Raises:
        AnalysisError: If there are none.
        ValueError: If the file cannot be used.
    """
    file = load_predictions(predictions_file(run))
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
