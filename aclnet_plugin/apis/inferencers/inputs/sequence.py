"""One skeleton sequence on its way into a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass
class SkeletonSequence:
    """A sequence, as a data set would hand it to its pipeline.

    Args:
        name: What it is called in results and messages.
        sample: Annotation with ``keypoint`` ``(M, T, V, C)`` (or a list of
            single skeletons, ``(n, V, 3)``), ``total_frames`` and perhaps
            ``keypoint_score``, ``img_shape``, ``label``. Never changed.
        fps: Frames per second, if known.
        classes: Names of the classes, if its file says them.
    """

    name: str
    sample: dict[str, Any]
    fps: float | None = None
    classes: tuple[str, ...] = ()

    @property
    def persons(self) -> int:
        """Number of persons M."""
        return self.sample['keypoint'].shape[0]

    @property
    def frames(self) -> int:
        """Number of frames T."""
        return self.sample['keypoint'].shape[1]

    @property
    def truth(self) -> int | None:
        """The label that the annotation says, if it says one."""
        label = self.sample.get('label')
        return int(label) if isinstance(label, int) and label >= 0 else None


class Source(NamedTuple):
    """A sequence that is read when its turn comes.

    Attributes:
        name: What it is called in messages.
        load: Reads it, or raises what is wrong with it.
    """

    name: str
    load: Callable[[], SkeletonSequence]


def failing(name: str, error: Exception) -> Source:
    """A source that was found to be unusable before its turn.

    Args:
        name: What it is called.
        error: Raised when it is read.
    """

    def load() -> SkeletonSequence:
        raise error

    return Source(name, load)
