"""Confusion counts of prediction files, and as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..evaluation import Predictions
from ..visualization import top_confusions
from .errors import AnalysisError

HEADER = ['true', 'true_name', 'pred', 'pred_name', 'count', 'share']
"""Of the rows of :func:`confusion_rows`."""


def count_predictions(
    found: Predictions, num_classes: int | None = None
) -> np.ndarray:
    """Count which class was taken for which.

    Args:
        found: Predictions of a test.
        num_classes: K that they have to be of. Defaults to None: any.

    Returns:
        ``(K, K)`` int64, rows are true classes; correct predictions are on
        the diagonal.

    Raises:
        AnalysisError: If they are of another number of classes.
    """
    classes = found.scores.shape[1]
    if num_classes not in (None, classes):
        raise AnalysisError(
            f'{found.path} has scores of {classes} classes, the checkpoint '
            f'has {num_classes}; they are not of the same training'
        )
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (found.labels, found.scores.argmax(1)), 1)
    return counts


def confusion_rows(
    counts: np.ndarray, names: Sequence[str], top: int | None = None
) -> list[list[Any]]:
    """The confusions as rows, most frequent first.

    Args:
        counts: ``(K, K)``, rows are true classes.
        names: K names.
        top: How many at most. Defaults to None: all.

    Returns:
        Rows with the columns of :data:`HEADER`; ``share`` is that of the
        true class's confusions.
    """
    return [
        [
            pair.true,
            names[pair.true],
            pair.pred,
            names[pair.pred],
            pair.count,
            round(pair.share, 4),
        ]
        for pair in top_confusions(counts, top or counts.size)
    ]
