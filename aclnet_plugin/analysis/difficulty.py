"""Accuracies over bands of classes that are easy or hard for a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .class_accuracy import Change, Runs, class_means, resampled_means
from .errors import AnalysisError


@dataclass(frozen=True)
class Band:
    """Classes of one level of difficulty.

    Args:
        label: Which accuracies of the baseline belong to it.
        classes: Their indices, the hardest first; possibly none.
    """

    label: str
    classes: np.ndarray


def _by_difficulty(accuracy: np.ndarray) -> np.ndarray:
    """Classes with samples, the hardest first, ties by their index."""
    known = np.flatnonzero(np.isfinite(accuracy))
    return known[np.argsort(accuracy[known], kind='stable')]


def equal_bands(accuracy: np.ndarray, count: int = 4) -> list[Band]:
    """Bands of equally many classes, the hardest first.

    If the number of classes is no multiple, the first bands have one more.

    Args:
        accuracy: ``(K,)`` of the baseline; NaN without samples.
        count: How many bands. Defaults to 4.

    Raises:
        AnalysisError: If there are fewer classes.
    """
    order = _by_difficulty(accuracy)
    if not 1 <= count <= len(order):
        raise AnalysisError(
            f'{len(order)} classes cannot be put into {count} bands; choose '
            f'another number'
        )
    return [
        Band(
            f'{100 * accuracy[part[0]]:.1f} to {100 * accuracy[part[-1]]:.1f}',
            part,
        )
        for part in np.array_split(order, count)
    ]


def threshold_bands(
    accuracy: np.ndarray, thresholds: Sequence[float]
) -> list[Band]:
    """Bands between given accuracies, the hardest first.

    Args:
        accuracy: ``(K,)`` of the baseline; NaN without samples.
        thresholds: Ascending, between 0 and 1. A class at a threshold
            belongs to the easier side.

    Raises:
        AnalysisError: If they are not ascending or out of range.
    """
    edges = [0.0, *thresholds, 1.0]
    if not thresholds or any(low >= high for low, high in pairwise(edges)):
        raise AnalysisError(
            f'thresholds have to ascend between 0 and 1, got '
            f'{" ".join(map(str, thresholds))}'
        )
    order = _by_difficulty(accuracy)
    place = np.searchsorted(thresholds, accuracy[order], side='right')
    said = [f'{100 * edge:g}' for edge in thresholds]
    labels = [f'below {said[0]}']
    labels += [f'{a} to {b}' for a, b in pairwise(said)]
    labels += [f'{said[-1]} or more']
    return [Band(label, order[place == i]) for i, label in enumerate(labels)]


def band_changes(
    baseline: Runs,
    run: Runs,
    bands: Sequence[Band],
    resamples: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> list[Change | None]:
    """Accuracies in each band, as means over its classes.

    The intervals are percentiles of a paired bootstrap over samples within
    each class, see :func:`~.class_accuracy.compare`; the bands stay as they
    are.

    Args:
        baseline: What is compared with.
        run: What is compared.
        bands: The bands.
        resamples: Bootstrap samples. Defaults to 10000.
        level: Share that an interval holds. Defaults to 0.95.
        seed: Decides the draws. Defaults to 0.

    Returns:
        One change for each band, None for one without classes.

    Raises:
        AnalysisError: If ``level`` is out of range.
    """
    if not 0 < level < 1:
        raise AnalysisError(f'level must be between 0 and 1, got {level}')
    labels, total = baseline.labels, baseline.num_classes
    first, second = (
        class_means(r.share, labels, total) for r in (baseline, run)
    )
    drawn = resampled_means(
        run.share - baseline.share, labels, total, resamples, seed
    )
    tails = [(1 - level) / 2, (1 + level) / 2]
    changes: list[Change | None] = []
    for band in bands:
        if not len(band.classes):
            changes.append(None)
            continue
        ends = np.quantile(drawn[:, band.classes].mean(1), tails).tolist()
        means = (float(x[band.classes].mean()) for x in (first, second))
        changes.append(Change(*means, *ends))
    return changes


def split_halves(labels: np.ndarray, seed: int = 0) -> np.ndarray:
    """Half of the samples of each class.

    Of an odd number the other half has one more.

    Args:
        labels: ``(N,)``.
        seed: Decides which. Defaults to 0.

    Returns:
        ``(N,)`` bool.

    Raises:
        AnalysisError: If a class has one sample only.
    """
    chosen = np.zeros(len(labels), bool)
    rng = np.random.default_rng(seed)
    for one in np.unique(labels):
        mine = rng.permutation(np.flatnonzero(labels == one))
        if len(mine) < 2:
            raise AnalysisError(
                f'class {one} has a single sample, which cannot be halved; '
                f'leave out --holdout'
            )
        chosen[mine[: len(mine) // 2]] = True
    return chosen
