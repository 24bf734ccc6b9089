"""What one panel of a picture shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ...structures import SkeletonLayout


class RenderError(ValueError):
    """Something the user can put right; the message says how."""


class Span(NamedTuple):
    """A segment of the bar under the skeleton.

    Attributes:
        start: First frame.
        end: The frame after the last.
        name: Of its class.
        score: Of its class.
    """

    start: int
    end: int
    name: str
    score: float


@dataclass(frozen=True)
class Panel:
    """A sequence and what is known about it.

    Args:
        keypoint: ``(M, T, V, C)`` as measured; joints and persons that are 0
            are not drawn.
        layout: How the joints hang together; V is its number of joints, or
            that without the virtual ones.
        title: Written above. Defaults to ``''``.
        note: Written below the title, smaller. Defaults to ``''``.
        scores: Classes with their scores, from 0 to 1, as bars. Defaults to
            none.
        spans: Segments, see :class:`Span`. Defaults to none.
        labels: Written above the heads of persons, by their place. Defaults
            to none.

    Raises:
        RenderError: If the key points do not fit the layout.
    """

    keypoint: np.ndarray
    layout: SkeletonLayout
    title: str = ''
    note: str = ''
    scores: Sequence[tuple[str, float]] = ()
    spans: Sequence[Span] = ()
    labels: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape, layout = self.keypoint.shape, self.layout
        if len(shape) != 4 or not all(shape):
            raise RenderError(
                f'key points of shape {shape} cannot be drawn; they must be '
                '(persons, frames, joints, coordinates).'
            )
        if shape[2] not in (layout.num_joints, layout.num_source_joints):
            raise RenderError(
                f'key points of {shape[2]} joints cannot be drawn with the '
                f'layout {layout.name!r}, which has {layout.num_joints}. '
                'Give the layout that the sequence was made with (--layout).'
            )
        if shape[3] < layout.dims:
            raise RenderError(
                f'key points of {shape[3]} coordinates cannot be drawn with '
                f'the layout {layout.name!r}, which is {layout.dims}D.'
            )

    @property
    def frames(self) -> int:
        """Number of frames."""
        return self.keypoint.shape[1]
