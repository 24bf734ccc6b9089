"""The datasets of a config, without Runner and model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mmaction.registry import DATASETS
from torch.utils.data import Dataset

SPLITS = ('train', 'val', 'test')


def build_datasets(
    cfg: Mapping[str, Any], splits: Iterable[str] = SPLITS
) -> dict[str, Dataset | Exception]:
    """Build the datasets of the data loaders of a config.

    Args:
        cfg: The config.
        splits: Those of ``'train'``, ``'val'`` and ``'test'`` to build.

    Returns:
        The datasets by split, or what was raised instead. Splits that the
        config lacks are left out.
    """
    datasets: dict[str, Dataset | Exception] = {}
    for split in splits:
        loader = cfg.get(f'{split}_dataloader')
        if loader is None:
            continue
        try:
            datasets[split] = DATASETS.build(_dataset_of(split, loader))
        except Exception as error:
            # Whatever a loader raises is a finding of the check.
            datasets[split] = error
    return datasets


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
