"""Which sequences are cut into windows, and how far apart these start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ....utils.shown import shown_some
from ...naming import sample_name
from ...splits import take_split


def find_members(
    content: Any,
    samples: list[dict],
    splits: Sequence[str] | None,
    origin: str,
) -> tuple[dict[str, list[int]], list[str]]:
    """Places of the sequences of each split that is cut.

    Args:
        content: What the annotation file holds.
        samples: Its annotations.
        splits: Names of the splits; ``None`` for all.
        origin: The file, for messages.

    Returns:
        Places by split, empty if the file has no splits; and what splits
        name in vain or twice.

    Raises:
        ValueError: If a split is not there, or none of its sequences is.
    """
    known = content.get('split') if isinstance(content, Mapping) else None
    if splits is None:
        if known is not None and not isinstance(known, Mapping):
            # Raises, with what is there instead.
            take_split(content, samples, '', origin)
        splits = list(known or ())
        # One that is empty stays so.
        empty = {split for split in splits if _is_empty(known[split])}
    else:
        empty = set()
    twice = [name for name, times in Counter(splits).items() if times > 1]
    if twice:
        raise ValueError(f'--splits names {twice[0]} twice.')
    members: dict[str, list[int]] = {}
    warnings: list[str] = []
    for split in splits:
        members[split] = []
        if split not in empty:
            taken = take_split(content, samples, split, origin)
            members[split] = list(taken.places)
            warnings += taken.warnings
    return members, warnings


def _is_empty(names: Any) -> bool:
    return isinstance(names, (list, tuple, set, np.ndarray)) and not len(names)


def find_strides(
    samples: list[dict],
    members: Mapping[str, list[int]],
    common: int,
    split_strides: Mapping[str, int],
    origin: str,
) -> dict[int, int]:
    """The stride of every sequence that is to be cut, by its place.

    Args:
        samples: All annotations.
        members: Result of :func:`find_members`; if empty, all are cut.
        common: Stride of splits that have none of their own.
        split_strides: Strides by split.
        origin: The file, for messages.

    Raises:
        ValueError: If a stride is of an unknown split, or a sequence would
            have two.
    """
    unknown = sorted(set(split_strides) - set(members))
    if unknown:
        raise ValueError(
            f'--stride names {shown_some(unknown)}, which is not cut; the '
            f'splits are {", ".join(members) or "none"}.'
        )
    if not members:
        return dict.fromkeys(range(len(samples)), common)
    chosen: dict[int, tuple[int, str]] = {}
    for split, places in members.items():
        stride = split_strides.get(split, common)
        for place in places:
            other, where = chosen.setdefault(place, (stride, split))
            if other != stride:
                raise ValueError(
                    f'{origin}: sample {sample_name(samples[place])!r} is in '
                    f'{where} (stride {other}) and in {split} (stride '
                    f'{stride}), so that names of windows would mean two '
                    'things. Cut them into two files, with --splits.'
                )
    return {place: stride for place, (stride, _) in chosen.items()}
