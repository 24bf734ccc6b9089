"""Importance of joints and links from learned relations, as in Fig. 3."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Link(NamedTuple):
    """A link between two different joints, both directions together.

    Attributes:
        first: The joint with the lower index.
        second: The other one.
        weight: Mean of the two directions, with its sign.
        bone: Whether it is a bone of the skeleton.
    """

    first: int
    second: int
    weight: float
    bone: bool


def mean_relation(
    matrices: np.ndarray, baseline: np.ndarray | None = None
) -> np.ndarray:
    """Link weights of a class.

    Args:
        matrices: ``(N, V, V)`` of its samples, source before target.
        baseline: ``(V, V)`` that is subtracted, such as the mean over all
            classes, to show what is special to this one. Defaults to None:
            nothing.

    Returns:
        ``(V, V)`` float64.
    """
    mean = matrices.astype(np.float64).mean(0)
    return mean if baseline is None else mean - baseline


def joint_importance(weights: np.ndarray) -> np.ndarray:
    """How much each joint takes part in the links, in shares.

    The absolute weights of all links from and to a joint are added up. A
    joint's link with itself says nothing about relations and is left out.

    Args:
        weights: ``(V, V)``, source before target.

    Returns:
        ``(V,)`` float64, with a sum of 1; all 0 if no link has a weight.
    """
    size = np.abs(weights)
    np.fill_diagonal(size, 0)
    both = size.sum(0) + size.sum(1)
    total = both.sum()
    return both / total if total else both


def strongest_links(
    weights: np.ndarray, bones: np.ndarray, top: int | None = None
) -> list[Link]:
    """The links with the largest absolute weight.

    Args:
        weights: ``(V, V)``, source before target.
        bones: ``(E, 2)`` joints that are connected by a bone.
        top: How many at most. Defaults to None: all.

    Returns:
        Links, the strongest first.
    """
    both = (weights + weights.T) / 2
    rows, cols = np.triu_indices(len(both), 1)
    order = np.argsort(-np.abs(both[rows, cols]), kind='stable')[:top]
    known = {frozenset(bone) for bone in np.asarray(bones).tolist()}
    return [
        Link(i, j, float(both[i, j]), frozenset((i, j)) in known)
        for i, j in zip(
            rows[order].tolist(), cols[order].tolist(), strict=True
        )
    ]


def telling_frame(keypoint: np.ndarray) -> int:
    """The frame in which a person is farthest from the mean pose.

    Args:
        keypoint: ``(T, V, C)`` coordinates of one person.

    Returns:
        Index of the frame.
    """
    points = np.nan_to_num(keypoint.astype(np.float64))
    present = np.flatnonzero(points.any((1, 2)))
    if not len(present):
        return 0
    points = points[present]
    # Relative to the body, so that walking away is no pose.
    points = points - points.mean(1, keepdims=True)
    distance = ((points - points.mean(0)) ** 2).sum((1, 2))
    return int(present[distance.argmax()])
