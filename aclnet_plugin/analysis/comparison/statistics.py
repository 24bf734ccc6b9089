"""Differences by seed, and how far they are due to chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy import stats

from ..errors import AnalysisError

_EXACT = 5  # seeds up to which all bootstrap samples are looked at


class Paired(NamedTuple):
    """Two arms, seed by seed.

    Attributes:
        differences: By seed, of those that both have.
        mean: Of the differences; None without any.
        spread: Their standard deviation (n - 1); None below two.
        low: Lower end of the interval by Student's t; None below two, or if
            all are equal: a spread of 0 is due to the steps of an accuracy,
            and would make an interval of no width.
        high: Its upper end.
        p: Two-sided p of the paired t test; None as for ``low``.
        boot_low: Lower end of the bootstrap interval; None as for ``low``.
        boot_high: Its upper end.
        boot_most: What such an interval can hold at most, of repetitions:
            see :func:`most_held`.
    """

    differences: dict[int, float]
    mean: float | None = None
    spread: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    boot_low: float | None = None
    boot_high: float | None = None
    boot_most: float | None = None

    @property
    def clear(self) -> bool:
        """Whether the interval by Student's t leaves 0 out."""
        return self.low is not None and (self.low > 0 or self.high < 0)


def compare_seeds(
    before: Mapping[int, float],
    after: Mapping[int, float],
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Paired:
    r"""Compare two arms by the seeds that both have.

    The interval is :math:`\bar d \pm t_{n-1} s / \sqrt n`; that of the
    bootstrap has percentiles of the means of n differences drawn with
    replacement.

    Args:
        before: Values of the first by seed.
        after: Of the second.
        level: Share that an interval should hold. Defaults to 0.95.
        resamples: Bootstrap samples; up to 5 seeds all there are. Defaults
            to 10000.
        seed: Decides the draws. Defaults to 0.

    Raises:
        AnalysisError: If ``level`` or ``resamples`` is out of range, or a
            value is not finite.
    """
    check_interval(level, resamples)
    sides = np.array(
        [(before[s], after[s]) for s in before if s in after], np.float64
    )
    if not np.isfinite(sides).all():
        raise AnalysisError('a value is not finite, which has no differences')
    found = {s: after[s] - before[s] for s in sorted(before) if s in after}
    values = np.array(list(found.values()), np.float64)
    total = len(values)
    if not total:
        return Paired(found)
    mean = float(values.mean())
    if total == 1:
        return Paired(found, mean)
    spread = float(values.std(ddof=1))
    # Differences of accuracies may be equal but for rounding.
    if np.ptp(values) <= 1e-9 * np.abs(sides).max():
        return Paired(found, mean, 0.0)
    reach = spread / total**0.5 * stats.t.ppf((1 + level) / 2, total - 1)
    p = float(stats.ttest_1samp(values, 0).pvalue)
    drawn = _resampled_means(values, resamples, seed)
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(drawn, tails).tolist()
    return Paired(
        found, mean, spread, float(mean - reach), float(mean + reach), p,
        low, high, most_held(total),
    )  # fmt: skip


def check_interval(level: float, resamples: int) -> None:
    """Refuse what no interval can be made of.

    Args:
        level: Share that an interval should hold.
        resamples: Bootstrap samples.

    Raises:
        AnalysisError: If one of them is out of range.
    """
    if not 0 < level < 1:
        raise AnalysisError(f'level must be between 0 and 1, got {level}')
    if resamples < 1:
        raise AnalysisError(f'resamples must be positive, got {resamples}')


def most_held(total: int) -> float:
    r"""How often a bootstrap interval can hold the true median, at most.

    It lies between the least and the greatest of n differences. That they
    are all on one side of the median has the probability
    :math:`2 \cdot 2^{-n}`, whatever their distribution.

    Args:
        total: n, at least 1.
    """
    return 1 - 2.0 ** (1 - total)


def _resampled_means(
    values: np.ndarray, resamples: int, seed: int
) -> np.ndarray:
    if len(values) <= _EXACT:
        return np.array(list(product(values, repeat=len(values)))).mean(1)
    rng = np.random.default_rng(seed)
    places = rng.integers(len(values), size=(resamples, len(values)))
    return values[places].mean(1)


def adjusted(ps: Sequence[float | None]) -> list[float | None]:
    """Holm's adjustment for several tests; None stays None.

    Args:
        ps: One for each test.
    """
    known = sorted((p, i) for i, p in enumerate(ps) if p is not None)
    found: list[float | None] = [None] * len(ps)
    least = 0.0
    for rank, (p, place) in enumerate(known):
        least = max(least, min(1.0, (len(known) - rank) * p))
        found[place] = least
    return found


def worth(total: int, level: float = 0.95) -> str:
    """What intervals of so few seeds are worth, in words.

    Args:
        total: Number of seeds.
        level: Of the intervals.
    """
    if total < 1:
        return 'No seed has finished in both of two arms.'
    if total < 2:
        return (
            'One seed shows no spread, so that nothing can be said about '
            'chance; single runs of one config can differ by several points.'
        )
    factor = float(stats.t.ppf((1 + level) / 2, total - 1))
    text = (
        f'With {total} seeds the t interval is {factor:.1f} standard errors '
        f'to either side (many seeds: '
        f'{stats.norm.ppf((1 + level) / 2):.1f}), and it takes differences '
        f'for normally distributed, which {total} values cannot show. '
    )
    most = most_held(total)
    if most < level:
        text += (
            f'The bootstrap interval is too narrow: it lies within the '
            f'{total} differences, which hold the true median in '
            f'{100 * most:.0f} % of cases at most, not in {100 * level:g} %. '
            f'Trust the t interval.'
        )
    else:
        text += (
            'The bootstrap interval assumes no distribution, but is still '
            'somewhat too narrow with so few seeds.'
            if total < 20
            else 'The bootstrap interval assumes no distribution.'
        )
    return text
