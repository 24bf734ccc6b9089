"""What transforms that need a skeleton layout share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmcv.transforms import BaseTransform

from ...structures import SkeletonLayout, get_layout

DEFAULT = get_layout('nturgb+d')


class LayoutTransform(BaseTransform):
    """A transform for skeletons of a layout.

    Args:
        layout: Skeleton layout, a name or a dict. ``None`` means that of the
            dataset, ``SkeletonDataset(layout=...)``, or ``'nturgb+d'`` if
            that says none either. Defaults to ``None``.
    """

    def __init__(self, layout: str | dict | None = None) -> None:
        self.layout = None if layout is None else get_layout(layout)
        if self.layout is not None:
            self.check_layout(self.layout)

    def layout_of(self, results: Mapping[str, Any]) -> SkeletonLayout:
        """The layout to use for a sample.

        Raises:
            ValueError: If the transform cannot work with it.
        """
        layout = self.layout
        if layout is None:
            layout = results.get('layout', DEFAULT)
            self.check_layout(layout)
        return layout

    def check_layout(self, layout: SkeletonLayout) -> None:
        """Raise ``ValueError`` if the layout lacks what is needed."""

    @property
    def layout_name(self) -> str | None:
        """Name of the layout given to the constructor."""
        return None if self.layout is None else self.layout.name
