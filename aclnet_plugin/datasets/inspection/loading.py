"""The datasets of a config, without Runner and model."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from mmaction.registry import DATASETS
from torch.utils.data import Dataset

from .report import Problem

SPLITS = ('train', 'val', 'test')


def build_datasets(
    cfg: Mapping[str, Any], splits: Iterable[str] = SPLITS
) -> tuple[dict[str, Dataset | Exception], list[Problem]]:
    """Build the datasets of the data loaders of a config.

    Args:
        cfg: The config.
        splits: Those of ``'train'``, ``'val'`` and ``'test'`` to build.

    Returns:
        The datasets by split, or what was raised instead; and what the
        loaders warned of. Splits that the config lacks are left out.
    """
    datasets: dict[str, Dataset | Exception] = {}
    problems: list[Problem] = []
    for split in splits:
        loader = cfg.get(f'{split}_dataloader')
        if loader is None:
            continue
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            try:
                datasets[split] = DATASETS.build(_dataset_of(split, loader))
            except Exception as error:
                # Whatever a loader raises is a finding of the check.
                datasets[split] = error
        problems += [
            Problem('warning', split, '', str(one.message), 'Check the split.')
            for one in caught
            if one.category is UserWarning
        ]
    return datasets, problems


def _dataset_of(split: str, loader: Any) -> Mapping[str, Any]:
    """The dataset's config, or an explanation why there is none."""
    join = "dict(type='ConcatDataset', datasets=[...])"
    name = f'{split}_dataloader'
    if not isinstance(loader, Mapping):
        raise ValueError(
            f'{name} is a {type(loader).__name__}, but a loop of MMEngine '
            f'takes one loader, a dict. To use several datasets, set its '
            f'dataset={join}.'
        )
    dataset = loader.get('dataset')
    if dataset is None:
        raise ValueError(f'{name} has no dataset. Add dataset=dict(...).')
    if not isinstance(dataset, Mapping):
        raise ValueError(
            f'{name}.dataset is a {type(dataset).__name__}, but has to be a '
            f'dict. To use several datasets, write {join}.'
        )
    return dataset
