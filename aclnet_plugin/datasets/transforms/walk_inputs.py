"""What the changes of a walk take: arguments and samples, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from ...utils.shown import shown
from .half import widen


def keypoint_of(
    transform: BaseTransform, results: Mapping[str, Any]
) -> np.ndarray:
    """Key points of a sample, ``(M, T, V, C)``.

    Args:
        transform: Who asks, for the message.
        results: The sample.

    Raises:
        ValueError: If the sample has none, or a score that does not fit.
    """
    name = type(transform).__name__
    keypoint = results.get('keypoint')
    if not isinstance(keypoint, np.ndarray) or keypoint.ndim != 4:
        raise ValueError(
            f'{name}: keypoint is {shown(keypoint)}; it must be an array '
            '(M persons, T frames, V joints, C coordinates). Place the '
            'transform before FormatGCNInput.'
        )
    score = results.get('keypoint_score')
    if score is not None and score.shape != keypoint.shape[:3]:
        raise ValueError(
            f'{name}: keypoint_score has the shape {score.shape}; for '
            f'keypoint {keypoint.shape} it must be {keypoint.shape[:3]}.'
        )
    return keypoint


def coordinates_of(results: Mapping[str, Any]) -> int:
    """How many channels of the key points are coordinates.

    A score may be the third channel; only the layout can tell.

    Args:
        results: The sample.
    """
    channels = results['keypoint'].shape[-1]
    layout = results.get('layout')
    if 'keypoint_score' in results or layout is None:
        return channels
    return min(channels, layout.dims)


def wide_copy(values: np.ndarray) -> np.ndarray:
    """A copy to write on: the array may belong to the dataset.

    Args:
        values: Numbers; in half precision they become single precision.
    """
    if values.dtype == np.float64:
        return values.copy()
    # Half precision would swallow the noise.
    return widen(values, np.float32)


def check_probability(transform: BaseTransform, p: Any) -> float:
    """A probability, or ``ValueError``.

    Args:
        transform: Whose argument it is, for the message.
        p: What was given.
    """
    if not _is_number(p) or not 0 <= p <= 1:
        raise ValueError(
            f'{type(transform).__name__}: p is {shown(p)}; it must be a '
            'number from 0 to 1.'
        )
    return p


def check_deviation(transform: BaseTransform, std: Any) -> float:
    """A standard deviation, or ``ValueError``.

    Args:
        transform: Whose argument it is, for the message.
        std: What was given.
    """
    if not _is_number(std) or not 0 <= std < float('inf'):
        raise ValueError(
            f'{type(transform).__name__}: std is {shown(std)}; it must be a '
            'number from 0.'
        )
    return std


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
