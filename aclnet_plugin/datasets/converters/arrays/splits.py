"""Who is trained on and who is tested on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ....utils.shown import shown_some

SAME_PEOPLE = (
    'the split is random: the same person may be in training and validation, '
    'which flatters the accuracy. With a column that tells persons apart, '
    'use --split-by COLUMN --val VALUES.'
)


def splits_from_column(
    names: Sequence[str], fields: Mapping[str, Mapping[str, Any]]
) -> dict[str, list[str]]:
    """Splits from the column ``split``.

    Args:
        names: Sequences in their order.
        fields: Columns of each.

    Raises:
        ValueError: If a sequence is in no split.
    """
    splits: dict[str, list[str]] = {}
    for name in names:
        splits.setdefault(str(fields[name]['split']), []).append(name)
    if '' in splits:
        raise ValueError(
            f'the column split is empty for {shown_some(splits[""])}. Write '
            'train or val.'
        )
    return splits


def splits_by_field(
    names: Sequence[str],
    fields: Mapping[str, Mapping[str, Any]],
    key: str,
    held_out: Sequence[str],
) -> dict[str, list[str]]:
    """Hold out the sequences that have certain values in a column.

    Args:
        names: Sequences in their order.
        fields: Columns of each.
        key: The column.
        held_out: Its values that are for validation.

    Raises:
        ValueError: If there is no such column or value, or nothing is left.
    """
    known = sorted({key for columns in fields.values() for key in columns})
    if key.lower() not in known:
        raise ValueError(
            f'--split-by {key}: the table of labels has no such column, but '
            f'{shown_some(known, 8) or "no further one"}.'
        )
    values = {name: str(fields[name][key.lower()]) for name in names}
    found = sorted(set(values.values()))
    # A column of numbers is stored as such: 03 is 3.
    wanted = {v if v in found else v.lstrip('0') or '0' for v in held_out}
    lacking = sorted(wanted - set(found))
    if lacking:
        raise ValueError(
            f'--val: no sequence has {shown_some(lacking)} in the column '
            f'{key}; there are {shown_some(found, 20)}.'
        )
    if not wanted or wanted == set(found):
        raise ValueError(
            f'--split-by {key} needs --val with some of the values '
            f'{shown_some(found, 20)}, but not all of them.'
        )
    return {
        'train': [name for name in names if values[name] not in wanted],
        'val': [name for name in names if values[name] in wanted],
    }


def random_splits(
    names: Sequence[str],
    labels: Mapping[str, int],
    fraction: float,
    seed: int = 0,
) -> dict[str, list[str]]:
    """Hold out a share of each class at random.

    Args:
        names: Sequences in their order.
        labels: Label of each.
        fraction: Share for validation, between 0 and 1. At least one of each
            class is held out and one is kept, if it has two.
        seed: Of the draw. Defaults to 0.

    Raises:
        ValueError: If the share is not between 0 and 1, or the seed is less
            than 0.
    """
    if not 0 < fraction < 1:
        raise ValueError(
            f'--val-fraction is a share between 0 and 1, got {fraction}.'
        )
    if seed < 0:
        raise ValueError(f'--seed must be at least 0, got {seed}.')
    groups: dict[int, list[str]] = defaultdict(list)
    for name in names:
        groups[labels[name]].append(name)
    rng = np.random.default_rng(seed)
    held_out: set[str] = set()
    for _, group in sorted(groups.items()):
        number = min(max(round(fraction * len(group)), 1), len(group) - 1)
        held_out.update(rng.permutation(group)[:number].tolist())
    return {
        'train': [name for name in names if name not in held_out],
        'val': [name for name in names if name in held_out],
    }


def split_warnings(
    splits: Mapping[str, Sequence[str]],
    labels: Mapping[str, int],
    classes: Sequence[str],
) -> list[str]:
    """What is odd about the splits, as sentences."""
    told = [
        f'there is no split called {name!r}, which configs name; set '
        'dataset.split in the config'
        for name in ('train', 'val')
        if name not in splits
    ]
    for split, names in splits.items():
        lacking = set(range(len(classes))) - {labels[name] for name in names}
        if lacking and split in ('train', 'val'):
            words = [classes[label] for label in sorted(lacking)]
            told.append(f'{split} has no sequence of {shown_some(words)}')
    return told
