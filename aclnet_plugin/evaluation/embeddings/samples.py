"""The samples of a config's data set, and what is known about them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from mmaction.registry import DATASETS
from mmengine.config import Config

from ...datasets.naming import NAME_KEYS, sample_name
from ...utils.shown import shown
from .embeddings import EmbeddingsError

_STORED_OTHERWISE = ('label', 'sample_idx')
_LONGEST = 256  # characters; a column of text is as wide as its longest

Track = Callable[[Iterable[int]], Iterable[int]]


class SampleTable(NamedTuple):
    """What is known about N samples.

    Attributes:
        names: ``(N,)`` text.
        labels: ``(N,)`` int64; -1 where there is none.
        classes: Names of the classes, possibly none.
        meta: Arrays ``(N,)`` by name.
    """

    names: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    meta: dict[str, np.ndarray]


def build_dataset(
    cfg: Config, split: str | None = None, tta: bool = False
) -> tuple[Any, dict]:
    """Build the data set that the config tests on.

    Args:
        cfg: The config; ``val_dataloader`` serves if it has no
            ``test_dataloader``.
        split: Split of the annotation file instead of the config's.
            Defaults to None.
        tta: Whether samples go through ``tta_pipeline`` of the config
            instead. Defaults to False.

    Returns:
        The data set, and the config of its loader.

    Raises:
        EmbeddingsError: If the config has none, or it cannot be built.
    """
    loader = cfg.get('test_dataloader') or cfg.get('val_dataloader')
    if loader is None or loader.get('dataset') is None:
        raise EmbeddingsError(
            'the config has neither a test_dataloader nor a val_dataloader '
            'with a dataset; one of them is needed for its pipeline.'
        )
    loader = copy.deepcopy(loader)
    inner = innermost(loader)
    if tta:
        if cfg.get('tta_pipeline') is None or 'pipeline' not in inner:
            raise EmbeddingsError(
                'test-time augmentation needs a tta_pipeline in the config, '
                'and one dataset with a pipeline that it replaces.'
            )
        inner['pipeline'] = cfg.tta_pipeline
    if split is not None:
        if 'ann_file' not in inner:
            raise EmbeddingsError(
                f'--split {split} needs one annotation file, but the dataset '
                f'of the config is a {inner.get("type")} without ann_file. '
                f'Set the splits with --cfg-options.'
            )
        inner['split'] = split
    try:
        # A copy, because TestTimeAug puts its transforms into its config.
        dataset = DATASETS.build(copy.deepcopy(loader['dataset']))
        size = len(dataset)
    except Exception as error:
        # A config may name any class with any arguments.
        raise EmbeddingsError(
            f'the dataset of the config cannot be built: '
            f'{type(error).__name__}: {error}'
        ) from error
    if not size:
        raise EmbeddingsError(
            'the dataset of the config has no samples; check ann_file and '
            'split.'
        )
    return dataset, loader


def innermost(loader: Any) -> Any:
    """Config of the data set inside all wrappers.

    Args:
        loader: Config of a data loader.
    """
    inner = loader['dataset']
    while 'dataset' in inner:
        inner = inner['dataset']
    return inner


def describe_samples(dataset: Any, track: Track = iter) -> SampleTable:
    """Collect names, labels and all metadata that is one number or text.

    Args:
        dataset: A data set of MMEngine.
        track: Shows how far it is. Defaults to showing nothing.

    Raises:
        EmbeddingsError: If a sample has more than one label.
    """
    names: list[str] = []
    labels: list[int] = []
    columns: dict[str, list] = {}
    for index in track(range(len(dataset))):
        info = dataset.get_data_info(index)
        names.append(sample_name(info))
        labels.append(_label(info.get('label', -1), names[-1]))
        named_by = next((key for key in NAME_KEYS if key in info), None)
        for key, value in info.items():
            value = value.item() if isinstance(value, np.generic) else value
            if key in (named_by, *_STORED_OTHERWISE):
                continue
            if not isinstance(value, (int, float, str)):
                continue
            column = columns.setdefault(key, [])
            column += [None] * (index - len(column))
            column.append(value)
    classes = getattr(dataset, 'metainfo', {}).get('classes') or ()
    for column in columns.values():
        column += [None] * (len(names) - len(column))
    made = {key: _column(column) for key, column in columns.items()}
    return SampleTable(
        np.array(names, np.str_),
        np.array(labels, np.int64),
        tuple(map(str, classes)),
        {key: column for key, column in made.items() if column is not None},
    )


def _label(label: Any, name: str) -> int:
    if isinstance(label, np.ndarray) and label.ndim == 0:
        label = label.item()
    if not isinstance(label, (int, np.integer)):
        raise EmbeddingsError(
            f'sample {shown(name)} has {shown(label)} as label; expected one '
            f'whole number. Several labels per sample are not supported.'
        )
    return int(label)


def _column(values: list) -> np.ndarray | None:
    """Values as an array; None stands for those that are unknown.

    Unknown is -1 among whole numbers, NaN among others, 'na' among texts.
    """
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, bool}:
        known = [-1 if value is None else int(value) for value in values]
        if all(-(2**63) <= value < 2**63 for value in known):
            return np.array(known, np.int64)
    elif kinds <= {int, bool, float}:
        known = [np.nan if value is None else value for value in values]
        return np.array(known, np.float64)
    texts = ['na' if value is None else str(value) for value in values]
    if max(map(len, texts)) > _LONGEST:
        return None
    return np.array(texts, np.str_)
