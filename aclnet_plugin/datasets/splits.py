"""Which samples belong to a split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..utils.shown import shown, shown_some
from .naming import NAME_KEYS, is_name, sample_name


@dataclass(frozen=True)
class Selection:
    """The samples of a split.

    Args:
        places: Their places in the annotation file.
        warnings: What has been left out against the wish of the file.
    """

    places: list[int]
    warnings: tuple[str, ...]


def take_split(
    content: Any, samples: Sequence[Mapping], split: str, origin: str
) -> Selection:
    """Find the samples of a split.

    Args:
        content: What the annotation file holds.
        samples: Its annotations.
        split: Name of the split.
        origin: Name of the file, for messages.

    Raises:
        ValueError: If there is no such split, if it is not a list of names,
            if a sample has no name, or none of those wanted is annotated.
    """
    names = _names_of(content, split, origin)
    times = Counter(names)
    places = []
    found = set()
    for index, sample in enumerate(samples):
        if not any(key in sample for key in NAME_KEYS):
            raise ValueError(
                f'{origin}: sample number {index} has no frame_dir, so it '
                f'cannot be looked up in the split {split!r}. Name it, or '
                'remove it.'
            )
        name = sample_name(sample)
        if name in times:
            places.append(index)
            found.add(name)
    if not places:
        raise ValueError(
            f'{origin}: the split {split!r} names {len(times)} samples, none '
            f'of which is annotated ({shown_some(times)}); check that its '
            'ids equal the frame_dir of the annotations.'
        )
    return Selection(places, tuple(_warnings(times, found, split, origin)))


def _names_of(content: Any, split: str, origin: str) -> list[str]:
    splits = content.get('split') if isinstance(content, Mapping) else None
    if splits is not None and not isinstance(splits, Mapping):
        raise ValueError(
            f'{origin} has {shown(splits)} as "split"; it must be a dict of '
            'lists of sample names, {"train": [...], "val": [...]}.'
        )
    if not splits or split not in splits:
        known = sorted(map(shown, splits)) if splits else []
        listed = ', '.join(known[:20]) + ', ...' * (len(known) > 20)
        raise ValueError(
            f'{origin} has no split {split!r}; available: '
            f'{f"[{listed}]" if known else "none"}. Correct the argument '
            'split of the dataset.'
        )
    names = splits[split]
    if isinstance(names, np.ndarray) and names.ndim == 1:
        names = names.tolist()
    if not isinstance(names, (list, tuple, set, frozenset)):
        raise ValueError(
            f'{origin}: the split {split!r} is {shown(names)}; it must be a '
            'list of sample names.'
        )
    if not names:
        raise ValueError(
            f'{origin}: the split {split!r} is empty; choose another or '
            'create the file again.'
        )
    for index, name in enumerate(names):
        if not is_name(name):
            raise ValueError(
                f'{origin}: entry {index} of the split {split!r} is '
                f'{shown(name)}; it must be the name of a sample.'
            )
    return list(map(str, names))


def _warnings(
    times: Counter, found: set[str], split: str, origin: str
) -> list[str]:
    told = []
    absent = [name for name in times if name not in found]
    if absent:
        told.append(
            f'{origin}: {len(absent)} of the {len(times)} samples of split '
            f'{split!r} have no annotation and are left out: '
            f'{shown_some(absent)}. Annotate them, or remove them from the '
            'split.'
        )
    repeated = [name for name, count in times.items() if count > 1]
    if repeated:
        extra = sum(times.values()) - len(times)
        told.append(
            f'{origin}: the split {split!r} names {len(repeated)} samples '
            f'more than once ({shown_some(repeated)}); each is used once, '
            f'and {extra} entries are left out.'
        )
    return told
