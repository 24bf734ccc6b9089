"""Predictions of one stream, and what they have to be like."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..utils.shown import shown

_TOLERANCE = 0.01  # of a sum of probabilities in bfloat16


class PredictionsError(ValueError):
    """A file that cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Predictions:
    """Scores of one stream.

    Args:
        path: Where they are from.
        scores: ``(N, C)`` float64, finite.
        labels: ``(N,)`` int64, from 0 to C - 1.
        names: Names of the samples, without duplicates; None if the file
            has none.
        clips: Clips per sample; None if the file does not tell.
        tta: Whether versions of each sample were merged (test-time
            augmentation); None if the file does not tell.
    """

    path: str
    scores: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...] | None = None
    clips: int | None = None
    tta: bool | None = None

    @property
    def are_probabilities(self) -> bool:
        """Whether the scores of each sample are a distribution."""
        off = np.abs(self.scores.sum(1) - 1).max()
        return bool(self.scores.min() >= 0 and off <= _TOLERANCE)

    def take(self, places: np.ndarray) -> Predictions:
        """Some of the samples.

        Args:
            places: Their indices or a mask.
        """
        names = self.names
        if names is not None:
            names = tuple(np.array(names, object)[places])
        return replace(
            self,
            scores=self.scores[places],
            labels=self.labels[places],
            names=names,
        )


def softmax_rows(scores: np.ndarray) -> np.ndarray:
    """Probabilities from logits, ``(N, C)``."""
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def checked(found: Predictions) -> Predictions:
    """Refuse values that no comparison could be based on.

    Args:
        found: What a file holds.

    Raises:
        PredictionsError: If scores or labels are impossible, or names occur
            twice.
    """
    path, labels = found.path, found.labels
    count, classes = found.scores.shape
    if not count or not classes:
        raise PredictionsError(f'{path} has no predictions.')
    wrong = np.flatnonzero(~np.isfinite(found.scores).all(1))
    if len(wrong):
        more = f' ({len(wrong)} in all)' if len(wrong) > 1 else ''
        raise PredictionsError(
            f'{path}: the score of {_place(found, wrong[0])} is not '
            f'finite{more}. Check the checkpoint it is from.'
        )
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(wrong):
        raise PredictionsError(
            f'{path}: the label of {_place(found, wrong[0])} is '
            f'{labels[wrong[0]]}, but there are scores of {classes} classes.'
        )
    if found.names is not None and len(set(found.names)) < count:
        seen: set[str] = set()
        twice = next(n for n in found.names if n in seen or seen.add(n))
        raise PredictionsError(
            f'{path} has the sample {shown(twice)} more than once. Test '
            f'without a repeated data set, and give each sample a name.'
        )
    return found


def _place(found: Predictions, index: int) -> str:
    name = '' if found.names is None else f' ({shown(found.names[index])})'
    return f'prediction {index}{name}'
