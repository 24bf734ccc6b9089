"""What the header says of the splits, worked out once for all openings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..splits import take_split


def split_tables(
    content: Any,
    names: Sequence[str | None],
    index: np.ndarray,
    origin: str,
) -> tuple[dict[str, dict[str, Any]], list[np.ndarray]]:
    """Find the samples of every split.

    A split that cannot be used, because it is empty or names nothing that is
    annotated, is no obstacle: what is wrong is told to whoever selects it.

    Args:
        content: What the annotation file holds, besides the samples.
        names: Names of the samples, None for those without.
        index: The index of the store.
        origin: The file, for messages.

    Returns:
        A table of each split for the header, and the places of all splits,
        one after the other.

    Raises:
        ValueError: If the splits are no dict.
    """
    splits = content.get('split') if isinstance(content, Mapping) else None
    if splits is not None and not isinstance(splits, Mapping):
        # Raises, with what is there instead.
        take_split(content, (), '', origin)
    tables, places, start = {}, [], 0
    for split in splits or ():
        if type(split) is not str:
            continue
        problem, warnings, found = '', (), []
        try:
            # Without origin, because the store may be moved.
            taken = take_split(content, _named(names), split, '')
        except ValueError as error:
            problem = str(error)
        else:
            warnings, found = taken.warnings, taken.places
        places.append(np.asarray(found, '<i8'))
        tables[split] = dict(
            start=start,
            count=len(found),
            warnings=list(warnings),
            problem=problem,
            probes=probes(index, places[-1]),
        )
        start += len(found)
    return tables, places


def probes(index: np.ndarray, places: np.ndarray) -> list[int]:
    """Places that show all there is to compare with layout and classes.

    Args:
        index: The index of the store.
        places: Places of the samples in question.

    Returns:
        The first sample of each kind, and the one with the largest label.
    """
    if not len(places):
        return []
    _, first = np.unique(index['kind'][places], return_index=True)
    largest = int(np.argmax(index['label'][places]))
    return [int(places[at]) for at in sorted({*first.tolist(), largest})]


def _named(names: Iterable[str | None]) -> Any:
    """What ``take_split`` needs of the samples, one at a time."""
    return ({} if name is None else {'frame_dir': name} for name in names)
