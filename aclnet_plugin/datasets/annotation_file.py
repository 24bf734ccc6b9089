"""The parts of an annotation file, each taken only if it is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..utils.shown import shown, shown_some
from .naming import name_problem, sample_name


def take_annotations(content: Any, origin: str) -> list[dict]:
    """The samples of an annotation file, each a dict of its own.

    Args:
        content: What the file holds.
        origin: Its name, for messages.

    Raises:
        ValueError: If there is no list of dicts with string keys, or if two
            of them have the same name.
    """
    samples = content
    if isinstance(content, Mapping):
        if 'annotations' not in content:
            raise ValueError(
                f'{origin} is a dict without the key "annotations" (it has '
                f'{shown_some(content, 9) or "none at all"}); expected '
                '{"annotations": [...], "split": {...}}.'
            )
        samples = content['annotations']
    if not isinstance(samples, (list, tuple)):
        raise ValueError(
            f'{origin} holds {_article(samples)} where a list of annotations '
            'was expected; store the samples as a list of dicts.'
        )
    if not samples:
        raise ValueError(f'{origin} has no annotations; create it again.')
    for index, sample in enumerate(samples):
        problem = _form_problem(sample)
        if problem is not None:
            raise ValueError(f'{origin}: {_entry(sample, index)} {problem}.')
    _refuse_duplicates(samples, origin)
    # The same dict may stand in the list twice.
    return [dict(sample) for sample in samples]


def take_classes(content: Any, origin: str) -> list[str]:
    """The class names of an annotation file; empty if it has none.

    Args:
        content: What the file holds.
        origin: Its name, for messages.

    Raises:
        ValueError: Unless they are a list of strings.
    """
    names = content.get('classes') if isinstance(content, Mapping) else None
    if isinstance(names, np.ndarray) and names.ndim == 1:
        names = names.tolist()
    if names is None:
        return []
    if not isinstance(names, (list, tuple)):
        raise ValueError(
            f'{origin} has {shown(names)} as "classes"; it must be a list of '
            'the class names, in the order of the labels.'
        )
    for index, name in enumerate(names):
        if not isinstance(name, str):
            raise ValueError(
                f'{origin} has {shown(name)} as name of class {index}; names '
                'of classes are strings.'
            )
    return list(map(str, names))


def _form_problem(sample: Any) -> str | None:
    """End of a sentence that starts with the sample, or ``None``."""
    if not isinstance(sample, Mapping):
        return (
            f'is {_article(sample)}; annotations are dicts with frame_dir, '
            'label and keypoint'
        )
    for key in sample:
        if type(key) is not str:
            return f'has the key {shown(key)}; keys are strings'
    return name_problem(sample)


def _entry(sample: Any, index: int) -> str:
    if not isinstance(sample, Mapping):
        return f'annotation number {index}'
    return f'sample {shown(sample_name(sample))} (number {index})'


def _refuse_duplicates(samples: list[Mapping], origin: str) -> None:
    first: dict[str, int] = {}
    for index, sample in enumerate(samples):
        if 'filename' not in sample and 'frame_dir' not in sample:
            continue
        name = sample_name(sample)
        other = first.setdefault(name, index)
        if other != index:
            raise ValueError(
                f'{origin}: sample {shown(name)} is there twice, as number '
                f'{other} and number {index}, so that a split could mean '
                'either. Remove one or rename it.'
            )


def _article(value: Any) -> str:
    return f'a {type(value).__name__}'
