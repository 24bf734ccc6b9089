"""Several models that look at the same input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...evaluation.fusion import DEFAULT_WEIGHTS, fuse
from .errors import InferenceError
from .streams import Stream


def check_together(streams: Sequence[Stream]) -> None:
    """Refuse streams that cannot be fused.

    Args:
        streams: At least one.

    Raises:
        InferenceError: If they differ in classes or joints.
    """
    first = streams[0]
    for other in streams[1:]:
        if other.num_classes != first.num_classes:
            raise InferenceError(
                f'{first.origin} has {first.num_classes} classes, '
                f'{other.origin} has {other.num_classes}; only models of the '
                'same classes can be fused.'
            )
        if None not in (first.classes, other.classes):
            pairs = zip(first.classes, other.classes, strict=True)
            odd = next((pair for pair in pairs if pair[0] != pair[1]), None)
            if odd is not None:
                raise InferenceError(
                    f'{first.origin} and {other.origin} have the classes in '
                    f'another order or of other names ({odd[0]!r} and '
                    f'{odd[1]!r} at the same place).'
                )
        layouts = first.recipe.layout, other.recipe.layout
        if None in layouts:
            continue
        joints = [layout.num_source_joints for layout in layouts]
        if joints[0] != joints[1]:
            raise InferenceError(
                f'{first.origin} has skeletons of {joints[0]} joints, '
                f'{other.origin} of {joints[1]}; they cannot see the same '
                'input.'
            )


def weights_of(
    streams: Sequence[Stream], given: Sequence[float] | None
) -> list[float]:
    """One weight for each stream.

    Args:
        streams: The streams.
        given: Weights; None for those of the field, in which motion counts
            half, or equal ones if the streams do not tell what they are.

    Raises:
        InferenceError: If they are not as many numbers from 0 on, one of
            them above 0.
    """
    if given is None:
        known = [DEFAULT_WEIGHTS.get(s.recipe.stream) for s in streams]
        given = [1] * len(streams) if None in known else known
    weights = [float(weight) for weight in given]
    fine = all(0 <= w < float('inf') for w in weights) and any(weights)
    if len(weights) != len(streams) or not fine:
        raise InferenceError(
            f'the weights {" ".join(map(str, given))} should be '
            f'{len(streams)} numbers from 0 on, not all 0, in the order of '
            'the models.'
        )
    return weights


def fused_scores(
    scores: Sequence[np.ndarray], weights: Sequence[float]
) -> np.ndarray:
    """Weighted mean of the scores of all streams.

    It is the sum of ``tools/fuse_streams.py`` divided by that of the
    weights, so that probabilities stay probabilities.

    Args:
        scores: For each stream ``(N, C)``.
        weights: For each stream.

    Returns:
        ``(N, C)``; of one stream its own scores, unchanged.
    """
    if len(scores) == 1:
        return scores[0]
    return fuse(np.stack(scores), weights) / sum(weights)
