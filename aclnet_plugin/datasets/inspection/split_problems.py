"""What can be wrong between splits: classes that lack, samples shared."""

from __future__ import annotations

import os.path as osp
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from .part_problems import name_some
from .report import Problem, SplitSummary, count_of
from .survey import UNNAMED, PartSurvey

IMBALANCE = 10
"""Largest class by smallest class from which it is reported."""


def class_problems(
    splits: Mapping[str, SplitSummary], num_classes: int | None
) -> Iterator[Problem]:
    """Classes without a sample to learn from, and uneven classes.

    Args:
        splits: The totals, those of ``'train'`` among them.
        num_classes: Classes of the head, if known.
    """
    seen = {c for split in splits.values() for c in split.class_counts}
    highest = max(seen, default=-1)
    train = splits.get('train')
    if num_classes is not None and -1 < highest < num_classes - 1:
        yield Problem(
            'warning',
            'model',
            '',
            f'the head has {num_classes} classes, but the highest label is '
            f'{highest}.',
            f'Set num_classes={highest + 1} of the head, unless the others '
            f'are left free on purpose.',
        )
    if train is None or not train.class_counts:
        return
    file = '; '.join(train.files)
    known = min(highest + 1, num_classes or highest + 1)
    lacking = [c for c in range(known) if c not in train.class_counts]
    if lacking:
        tested = [
            name
            for name, split in splits.items()
            if any(c in split.class_counts for c in lacking)
        ]
        named = name_some([_class_name(train, c) for c in lacking], 5)
        also = f'; there are some in {" and ".join(tested)}' * bool(tested)
        number = count_of(len(lacking), 'class', 'classes')
        yield Problem(
            'warning',
            'train',
            file,
            f'{number} without a sequence: {named}{also}.',
            'They cannot be learned; check the split, or whether labels '
            'start at 0.',
        )
    counts = {c: n for c, n in train.class_counts.items() if c < known}
    if not counts:
        return
    most, least = max(counts, key=counts.get), min(counts, key=counts.get)
    if counts[most] >= IMBALANCE * counts[least]:
        yield Problem(
            'info',
            'train',
            file,
            f'the largest class, {_class_name(train, most)!r} with '
            f'{counts[most]:,} sequences, has '
            f'{counts[most] / counts[least]:.0f} times as many as the '
            f'smallest, {_class_name(train, least)!r}.',
            'Look at the mean class accuracy; ClassBalancedDataset repeats '
            'rare classes.',
        )


def overlap_problems(
    train: Sequence[PartSurvey],
    split: str,
    parts: Sequence[PartSurvey],
    allowed: bool = False,
) -> Iterator[Problem]:
    """Sequences of a split that are in the training data too.

    Two are the same if they have the same name in the same file, or equal
    key points. For the latter a hash of one frame finds the candidates, and
    only these are compared as a whole.

    Args:
        train: The datasets of the training.
        split: Name of the other split.
        parts: Its datasets.
        allowed: Whether a split that is in the training data as a whole is
            a warning instead of an error.
    """
    total = sum(len(part.names) for part in parts)
    by_name, by_content = [], []
    contents = {
        content: (part, place)
        for part in train
        for place, content in enumerate(part.contents)
        if content is not None
    }
    for part in parts:
        known = {UNNAMED: False}
        for other in train:
            if _file(other) == _file(part):
                known |= dict.fromkeys(other.names, True) | {UNNAMED: False}
        for place, name in enumerate(part.names):
            if known.get(name):
                by_name.append(name)
                continue
            other, twin = contents.get(part.contents[place], (None, 0))
            if other is not None and np.array_equal(
                part.keypoint(place), other.keypoint(twin)
            ):
                by_content.append(f'{name} = {other.names[twin]}')
    shared = len(by_name) + len(by_content)
    if not shared:
        return
    ways = [
        f'by {way}: {name_some(names)}'
        for way, names in (('name', by_name), ('content', by_content))
        if names
    ]
    every = shared == total
    yield Problem(
        'error' if every and not allowed else 'warning',
        split,
        '; '.join(part.file for part in parts),
        f'{"all" if every else f"{shared:,} of the"} {total:,} sequences are '
        f'in the training data too ({"; ".join(ways)}).',
        'The accuracy would be that of data seen in training; choose '
        'another split.' + ' To train like this on purpose, set '
        "custom_hooks=[dict(type='CheckDataHook', allow_overlap=True)]."
        * (every and not allowed),
    )


def _file(part: PartSurvey) -> str:
    return osp.abspath(getattr(part.dataset, 'ann_file', '') or part.file)


def _class_name(split: SplitSummary, label: int) -> str:
    names = split.class_names
    return names[label] if label < len(names) else str(label)
