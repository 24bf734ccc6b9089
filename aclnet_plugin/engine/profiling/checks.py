"""What can be told to be wrong before anything is built or measured."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmengine.config import Config

_NEEDED = ('model', 'train_dataloader', 'train_cfg', 'optim_wrapper')
# What each launcher leaves in the environment of its processes.
_LAUNCHED = {
    'pytorch': ('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT'),
    'slurm': ('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_NODELIST'),
    'mpi': ('OMPI_COMM_WORLD_LOCAL_RANK', 'MASTER_ADDR'),
}
_STARTERS = {'pytorch': 'torchrun', 'slurm': 'srun', 'mpi': 'mpirun'}


class ProfileError(Exception):
    """Something the user can put right; the message says how."""


def check_config(cfg: Config) -> None:
    """Refuse a config that no training could start from.

    Args:
        cfg: The config.

    Raises:
        ProfileError: If something is missing.
    """
    missing = [name for name in _NEEDED if cfg.get(name) is None]
    if missing:
        raise ProfileError(
            f'the config has no {", ".join(missing)}; a training needs '
            f'{"it" if len(missing) == 1 else "them"}'
        )
    check_optim_wrapper(cfg)
    loader = cfg.train_dataloader
    if not isinstance(loader, Mapping) or 'batch_size' not in loader:
        raise ProfileError(
            'train_dataloader of the config needs to be a dict with a '
            'batch_size'
        )
    if not isinstance(loader.get('dataset'), Mapping):
        raise ProfileError(
            'train_dataloader.dataset of the config needs to be a dict that '
            f'describes the training data, got {loader.get("dataset")!r}'
        )


def check_optim_wrapper(cfg: Config) -> None:
    """Refuse an optimiser wrapper that is no dict.

    Args:
        cfg: A config with an ``optim_wrapper``.

    Raises:
        ProfileError: If it is something else.
    """
    if not isinstance(cfg.optim_wrapper, Mapping):
        raise ProfileError(
            'optim_wrapper of the config needs to be a dict with an '
            f'optimizer, got {cfg.optim_wrapper!r}'
        )


def check_launcher(launcher: str) -> None:
    """Refuse a launcher that has not started this process.

    Args:
        launcher: ``'none'``, ``'pytorch'``, ``'slurm'`` or ``'mpi'``.

    Raises:
        ProfileError: If the environment says otherwise.
    """
    if launcher == 'none':
        if os.environ.get('WORLD_SIZE', '1') not in ('', '1'):
            raise ProfileError(
                f'this is one of {os.environ["WORLD_SIZE"]} processes (by '
                'WORLD_SIZE in the environment), but --launcher is none; '
                'under torchrun add --launcher pytorch'
            )
        return
    missing = [name for name in _LAUNCHED[launcher] if name not in os.environ]
    if missing:
        raise ProfileError(
            f'--launcher {launcher} needs processes started by '
            f'{_STARTERS[launcher]}, but {", ".join(missing)} '
            f'{"is" if len(missing) == 1 else "are"} not in the '
            'environment; start it that way, or leave --launcher out for one '
            'process'
        )


def check_folder(folder: Path, names: Sequence[str], overwrite: bool) -> None:
    """Refuse a folder in which files could not be written.

    Args:
        folder: Need not be there.
        names: Files that may be written there.
        overwrite: Whether they may be there already.

    Raises:
        ProfileError: If one cannot be written.
    """
    above = next(path for path in (folder, *folder.parents) if path.exists())
    if not above.is_dir():
        raise ProfileError(f'{above} is a file; give a folder with --out')
    if not os.access(above, os.W_OK | os.X_OK):
        raise ProfileError(
            f'nothing may be written to {above}; give another folder with '
            '--out'
        )
    for name in names:
        if (folder / name).is_dir():
            raise ProfileError(
                f'{folder / name} is a folder; choose another one with --out'
            )
        if (folder / name).exists() and not overwrite:
            raise ProfileError(
                f'{folder} has a {name} already; choose another folder or '
                'use --overwrite'
            )
