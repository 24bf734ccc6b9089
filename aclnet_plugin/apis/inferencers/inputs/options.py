"""What is known about all inputs, and what a user may say about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ....datasets.converters.arrays.pose import ArrayOptions
from ....structures import SkeletonLayout


@dataclass(frozen=True)
class InputOptions:
    """How inputs are read.

    Args:
        layout: Skeleton that the model was trained with; None if unknown,
            then joints are not checked before the pipeline meets them.
        split: Split of annotation files. Defaults to None: all sequences.
        names: Sequences of annotation files. Defaults to None: all.
        image_size: Height and width of the images that 2D key points of
            arrays and key point files are in. Defaults to None.
        needs_image_size: Whether the pipeline scales by it.
        missing: ``'error'``, or ``'zero'`` to set joints without a value to
            0, how missing ones are marked. For key point files.
        max_persons: Persons that are kept of a video or of OpenPose's
            files, those seen best.
        make_pose_model: Makes what finds the persons of an image.
    """

    layout: SkeletonLayout | None = None
    split: str | None = None
    names: Sequence[str] | None = None
    image_size: tuple[int, int] | None = None
    needs_image_size: bool = False
    missing: str = 'error'
    max_persons: int = 2
    make_pose_model: Callable[[], Any] | None = None

    def for_files(self) -> ArrayOptions:
        """The same for the readers of key point files."""
        layout, size = self.layout, self.image_size
        if size is None and not self.needs_image_size:
            # The readers insist on a size; the caller takes it out again.
            size = (1, 1)
        return ArrayOptions(
            dims=None if layout is None else layout.dims,
            joints=None if layout is None else layout.num_source_joints,
            missing=self.missing,
            image_size=size,
        )
