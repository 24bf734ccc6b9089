"""One pass over the annotations of a dataset: what is in there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset
from torch.utils.data import Subset

from ..checks import annotations, sample_name
from ..store.content import content_hash
from ..store.view import StoreView
from .store_survey import survey_store

UNNAMED = sample_name({})
"""What samples without a name are called."""

Track = Callable[[Iterable, str, int], Iterable]
"""Wraps an iterable with a description and a length, to show progress."""


@dataclass
class PartSurvey:
    """What one dataset without wrappers holds; lists are one per sample.

    Args:
        dataset: The dataset.
        file: Its annotation file and split, for messages.
        indices: Indices of the samples that a wrapper selects, or all.
        names: Their names.
        labels: Their labels, hashable.
        shapes: Shapes of the key points, ``()`` where there are none.
        frames: Numbers of frames, 0 where unknown.
        dtypes: Data types of the key points, as far as there are any.
        contents: Equal for sequences that may be copies of each other, None
            where there are no key points or all are zero.
        blank: Which of them have key points that are all zero.
    """

    dataset: Any
    file: str
    indices: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    labels: list[Hashable] = field(default_factory=list)
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)
    dtypes: Counter = field(default_factory=Counter)
    contents: list[int | None] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)

    @property
    def identities(self) -> bool:
        """Whether the dataset says that its labels are no classes."""
        return getattr(self.dataset, 'labels_are_identities', False)

    def keypoint(self, place: int) -> np.ndarray:
        """Key points of the sample at a place of the lists."""
        index = self.indices[place]
        if not self.dataset.serialize_data:
            return self.dataset.data_list[index]['keypoint']
        return BaseDataset.get_data_info(self.dataset, index)['keypoint']


def members(
    dataset: Any, chosen: Collection[int] | None = None
) -> Iterator[tuple[Any, Collection[int] | None]]:
    """The datasets under any nesting of wrappers, with what they select.

    Args:
        dataset: The dataset, wrapped or not.
        chosen: Indices that are used, None for all.

    Yields:
        A dataset without wrappers and the indices that are used of it, None
        for all.
    """
    if '_dataset' in vars(dataset):
        # The Runner's num_batch_per_epoch: any sample may be drawn.
        yield from members(vars(dataset)['_dataset'], chosen)
    elif isinstance(dataset, Subset):
        inside = list(dataset.indices)
        if chosen is not None:
            inside = [inside[index] for index in chosen]
        yield from members(dataset.dataset, set(inside))
    elif hasattr(dataset, 'datasets'):
        start = 0
        for part in dataset.datasets:
            inside, end = None, start + len(part)
            if chosen is not None:
                inside = {i - start for i in chosen if start <= i < end}
            yield from members(part, inside)
            start = end
    elif hasattr(dataset, 'dataset'):
        inside = chosen
        if chosen is not None and hasattr(dataset, 'repeat_indices'):
            inside = {dataset.repeat_indices[index] for index in chosen}
        elif chosen is not None:
            inside = {index % len(dataset.dataset) for index in chosen}
        yield from members(dataset.dataset, inside)
    else:
        yield dataset, chosen


def survey(
    dataset: Any, chosen: Collection[int] | None, track: Track
) -> PartSurvey:
    """Look once at every annotation of a dataset without wrappers.

    A training waits for this, so that a sample costs few microseconds: its
    key points are not read, except one frame.

    Args:
        dataset: The dataset.
        chosen: Indices to look at, None for all.
        track: Shows the progress.
    """
    found = PartSurvey(dataset, origin_of(dataset))
    if hasattr(dataset, 'full_init'):
        dataset.full_init()
    view = getattr(dataset, 'data_list', None)
    if isinstance(view, StoreView):
        survey_store(found, view, chosen, track, _hashable)
        return found
    total = len(dataset) if hasattr(dataset, '__len__') else 0
    samples = track(annotations(dataset), found.file, total)
    for index, sample in enumerate(samples):
        if chosen is not None and index not in chosen:
            continue
        found.indices.append(index)
        found.names.append(sample_name(sample))
        label = sample.get('label')
        found.labels.append(label if type(label) is int else _hashable(label))
        keypoint = sample.get('keypoint')
        if not isinstance(keypoint, np.ndarray) or keypoint.ndim < 3:
            found.shapes.append(())
            found.frames.append(int(sample.get('total_frames', 0)))
            found.contents.append(None)
            continue
        found.shapes.append(keypoint.shape)
        listed = keypoint.ndim == 3
        found.frames.append(
            sample.get('total_frames', 0) if listed else keypoint.shape[1]
        )
        found.dtypes[keypoint.dtype] += 1
        content = content_hash(keypoint) or None
        found.contents.append(content)
        if content is None:
            found.blank.append(len(found.indices) - 1)
    return found


def origin_of(dataset: Any) -> str:
    """Annotation file and split of a dataset."""
    file = getattr(dataset, 'ann_file', '') or type(dataset).__name__
    split = getattr(dataset, 'split', None)
    return f'{file}, split {split!r}' if split else str(file)


def _hashable(label: Any) -> Hashable:
    if isinstance(label, (list, tuple)):
        return tuple(map(_hashable, label))
    return label if isinstance(label, Hashable) else repr(label)
