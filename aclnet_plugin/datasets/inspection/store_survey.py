"""The survey of a store, from its index instead of its skeletons."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..naming import sample_name
from ..store.view import StoreView

if TYPE_CHECKING:
    from .survey import PartSurvey, Track


def survey_store(
    found: PartSurvey,
    view: StoreView,
    chosen: Collection[int] | None,
    track: Track,
    hashable: Callable[[Any], Hashable],
) -> None:
    """Fill in what the index knows, and name and label of each record.

    Labels are those that the dataset hands out, which may have numbered them
    anew, and not those of the index.

    Args:
        found: What is filled in.
        view: The sequences.
        chosen: Indices to look at, None for all.
        track: Shows the progress.
        hashable: Makes a label hashable.
    """
    found.indices += (
        range(len(view))
        if chosen is None
        else [index for index in range(len(view)) if index in chosen]
    )
    places = np.asarray(view.places, np.int64)[found.indices]
    heads = map(view.head, found.indices)
    total = len(found.indices)
    for head in track(heads, found.file, total):
        found.names.append(sample_name(head))
        found.labels.append(hashable(head.get('label')))
    rows = view.store.rows(places)
    found.frames += rows['frames'].tolist()
    found.contents += [content or None for content in rows['content'].tolist()]
    found.blank += np.flatnonzero(rows['content'] == 0).tolist()
    kinds = view.store.kinds
    for size, frames, kind in zip(
        rows['size'].tolist(),
        found.frames,
        rows['kind'].tolist(),
        strict=True,
    ):
        _, ndim, joints, channels, _ = kinds[kind]
        lengths = (size,) if ndim == 3 else (size, frames)
        found.shapes.append((*lengths, joints, channels))
    for kind, times in enumerate(np.bincount(rows['kind']).tolist()):
        if times:
            found.dtypes[np.dtype(kinds[kind][0])] += times
