"""Accuracy of each class, and how two (sets of) runs differ in it."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from ..evaluation import Predictions, load_predictions
from ..evaluation.alignment import align
from .errors import AnalysisError
from .tested_samples import only


@dataclass(frozen=True)
class Runs:
    """Runs of one method, such as several seeds, on the same samples.

    Args:
        name: What to call them.
        hits: ``(R, N)`` bool, whether a run was right about a sample.
        labels: ``(N,)`` int64.
        num_classes: K.
    """

    name: str
    hits: np.ndarray
    labels: np.ndarray
    num_classes: int

    @property
    def share(self) -> np.ndarray:
        """``(N,)`` float64, share of the runs that were right."""
        return self.hits.mean(0)

    def take(self, places: np.ndarray) -> Runs:
        """Some of the samples.

        Args:
            places: Their indices or a mask.
        """
        return Runs(
            self.name,
            self.hits[:, places],
            self.labels[places],
            self.num_classes,
        )


@dataclass(frozen=True)
class Change:
    """Accuracies before and after, and a bootstrap interval.

    Args:
        before: Accuracy of the first runs.
        after: Accuracy of the second runs.
        low: Lower end of the interval of ``after - before``.
        high: Its upper end.
    """

    before: float
    after: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        """``after - before``."""
        return self.after - self.before


@dataclass(frozen=True)
class Comparison:
    """Two methods, class by class.

    Args:
        samples: ``(K,)`` int64.
        before: ``(K,)`` accuracies of the first; NaN without samples.
        after: ``(K,)`` accuracies of the second; NaN without samples.
        low: ``(K,)``, lower ends of the intervals of their differences.
        high: ``(K,)``, upper ends.
        overall: Of all samples.
        balanced: Of the mean over classes.
    """

    samples: np.ndarray
    before: np.ndarray
    after: np.ndarray
    low: np.ndarray
    high: np.ndarray
    overall: Change
    balanced: Change

    @property
    def difference(self) -> np.ndarray:
        """``(K,)``, ``after - before``."""
        return self.after - self.before

    @property
    def order(self) -> np.ndarray:
        """Classes that have samples, the largest gain first."""
        known = np.flatnonzero(self.samples)
        return known[np.argsort(-self.difference[known], kind='stable')]

    @property
    def clear(self) -> np.ndarray:
        """``(K,)`` bool, intervals that leave 0 out."""
        return (self.low > 0) | (self.high < 0)


def load_groups(
    groups: Sequence[tuple[str, Sequence[str | os.PathLike[str]]]],
    samples: Collection[str] | None = None,
) -> tuple[list[Runs], list[str]]:
    """Read files of predictions, sample by sample alike.

    Args:
        groups: A name and files for each method.
        samples: Names of those that count. Defaults to None: all.

    Returns:
        One :class:`Runs` for each group, and notes about how the samples
        were joined and what else differs.

    Raises:
        ValueError: If a file cannot be used, or they are not of the same
            samples.
    """
    files = [
        only(load_predictions(path), samples)
        for _, paths in groups
        for path in paths
    ]
    aligned, notes = align(files)
    notes += _other_tests(aligned)
    found, start = [], 0
    for name, paths in groups:
        mine = aligned[start : start + len(paths)]
        start += len(paths)
        labels = mine[0].labels
        hits = np.stack([one.scores.argmax(1) == labels for one in mine])
        found.append(Runs(name, hits, labels, mine[0].scores.shape[1]))
    return found, notes


def _other_tests(files: Sequence[Predictions]) -> list[str]:
    notes = []
    for what, values in (
        ('clips per sample', [file.clips for file in files]),
        ('test-time augmentation', [file.tta for file in files]),
    ):
        known = {value for value in values if value is not None}
        if len(known) > 1:
            notes.append(
                f'the files were not made alike: {what} '
                f'{", ".join(map(str, sorted(known)))}.'
            )
    return notes


def class_means(
    values: np.ndarray, labels: np.ndarray, num_classes: int
) -> np.ndarray:
    """Mean of each class.

    Args:
        values: ``(N,)``.
        labels: ``(N,)``.
        num_classes: K.

    Returns:
        ``(K,)`` float64; NaN for a class without samples.
    """
    sums = np.bincount(labels, values, num_classes)
    counts = np.bincount(labels, minlength=num_classes)
    known = counts > 0
    return np.divide(
        sums, counts, out=np.full(num_classes, np.nan), where=known
    )


def resampled_means(
    values: np.ndarray,
    labels: np.ndarray,
    num_classes: int,
    resamples: int,
    seed: int,
) -> np.ndarray:
    """Class means of bootstrap samples, drawn within each class.

    How often each of n samples is drawn is multinomial. Samples of a class
    with equal values need not be told apart, and a mean of hits has few
    different values: so no index is drawn for any sample.

    Args:
        values: ``(N,)``.
        labels: ``(N,)``.
        num_classes: K.
        resamples: S.
        seed: Decides the draws.

    Returns:
        ``(S, K)`` float64; NaN for a class without samples.
    """
    rng = np.random.default_rng(seed)
    means = np.full((resamples, num_classes), np.nan)
    for one in np.unique(labels):
        kinds, counts = np.unique(values[labels == one], return_counts=True)
        total = counts.sum()
        drawn = rng.multinomial(total, counts / total, resamples)
        means[:, one] = drawn @ kinds / total
    return means


def compare(
    before: Runs,
    after: Runs,
    resamples: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Compare two methods on the same samples.

    Intervals are percentiles of a bootstrap over samples within each class,
    paired: a sample is drawn with what both methods made of it. They say how
    far the result depends on which samples were tested, not how far it
    depends on the seed of a training.

    Args:
        before: The first method.
        after: The second.
        resamples: Bootstrap samples. Defaults to 10000.
        level: Share that an interval holds. Defaults to 0.95.
        seed: Decides the draws. Defaults to 0.

    Raises:
        AnalysisError: If ``level`` or ``resamples`` is out of range.
    """
    if not 0 < level < 1:
        raise AnalysisError(f'level must be between 0 and 1, got {level}')
    if resamples < 1:
        raise AnalysisError(f'resamples must be positive, got {resamples}')
    labels, total = before.labels, before.num_classes
    means = [class_means(r.share, labels, total) for r in (before, after)]
    samples = np.bincount(labels, minlength=total)
    known = np.flatnonzero(samples)
    drawn = resampled_means(
        after.share - before.share, labels, total, resamples, seed
    )
    ends = np.full((2, total), np.nan)
    tails = [(1 - level) / 2, (1 + level) / 2]
    ends[:, known] = np.quantile(drawn[:, known], tails, axis=0)

    def change(weights: np.ndarray) -> Change:
        first, second = (float(weights @ mean[known]) for mean in means)
        low, high = np.quantile(drawn[:, known] @ weights, tails).tolist()
        return Change(first, second, low, high)

    even = np.full(len(known), 1 / len(known))
    return Comparison(
        samples,
        *means,
        *ends,
        overall=change(samples[known] / samples.sum()),
        balanced=change(even),
    )
