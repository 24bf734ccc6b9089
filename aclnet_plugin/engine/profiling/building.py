"""The parts of a training, as the Runner builds them from a config."""

from __future__ import annotations

import copy
import os
import platform
import tempfile

import torch
from mmengine.config import Config
from mmengine.dist import get_world_size
from mmengine.runner import Runner
from torch.utils.data import BatchSampler, DataLoader

from .. import mixed_precision
from .activation import activate_losses
from .checks import ProfileError, check_config, check_optim_wrapper
from .findings import Setting
from .measuring import Trainee, fillable

_LEFT_OUT = (
    *('val_dataloader', 'val_cfg', 'val_evaluator'),
    *('test_dataloader', 'test_cfg', 'test_evaluator'),
    *('load_from', 'param_scheduler', 'visualizer'),
)


def use_amp(cfg: Config) -> None:
    """Switch to mixed precision, as ``tools/train.py --amp`` does.

    Args:
        cfg: The config, changed in place.

    Raises:
        ProfileError: If it has an optimiser wrapper of another kind.
    """
    check_optim_wrapper(cfg)
    try:
        mixed_precision.use_amp(cfg)
    except ValueError as error:
        raise ProfileError(str(error)) from error


class Training:
    """A model, its optimiser and its loaders, ready for a step.

    Nothing of it is kept: logs go to a folder that vanishes.

    Args:
        cfg: The config; it is not changed.
        device: ``'auto'``, ``'cpu'`` or ``'cuda'``.

    Attributes:
        trainee: Model and optimiser, both contrastive losses active.
        affinity_states: How many heads have them.

    Raises:
        ProfileError: If the device is not there, or no whole batch.
    """

    def __init__(self, cfg: Config, device: str = 'auto') -> None:
        if device == 'cuda' and not torch.cuda.is_available():
            raise ProfileError(
                'there is no CUDA device here; leave --device out or use '
                '--device cpu'
            )
        check_config(cfg)
        self.cfg = copy.deepcopy(cfg)
        for name in _LEFT_OUT:
            self.cfg.pop(name, None)
        self.cfg.update(resume=False, log_level='ERROR')
        # Another process may have a Runner of this name already.
        self.cfg.experiment_name = f'profile_{id(self)}'
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            self.cfg.work_dir = folder
            self._runner = Runner.from_cfg(self.cfg)
        model = self._runner.model
        place = str(next(model.parameters()).device)
        if device == 'cpu' and place != 'cpu':
            if get_world_size() > 1 or self.amp:
                raise ProfileError(
                    'start with CUDA_VISIBLE_DEVICES= (empty) in the '
                    'environment instead of --device cpu'
                )
            model.to('cpu')
            place = 'cpu'
        optim_wrapper = self._runner.build_optim_wrapper(
            self.cfg.optim_wrapper
        )
        optim_wrapper.initialize_count_status(model, 0, 10**9)
        self.trainee = Trainee(model.train(), optim_wrapper, place)
        self.affinity_states = activate_losses(model)
        self._loader = self._runner.build_dataloader(
            self.cfg.train_dataloader, seed=0
        )
        if not len(self._loader):
            raise ProfileError(
                'the training data has no batch of '
                f'{self.cfg.train_dataloader.batch_size}: a process has '
                f'{len(self._loader.sampler)} samples, and drop_last leaves '
                'out what is not full; set a smaller '
                'train_dataloader.batch_size'
            )

    @property
    def amp(self) -> bool:
        """Whether in mixed precision."""
        kind = self.cfg.optim_wrapper.get('type', 'OptimWrapper')
        return kind == 'AmpOptimWrapper'

    def loader(
        self, batch_size: int | None = None, num_workers: int | None = None
    ) -> DataLoader:
        """The training loader, or one like it on the same data set.

        Args:
            batch_size: Instead of the config's.
            num_workers: Instead of the config's.
        """
        if batch_size is None and num_workers is None:
            return self._loader
        return loader_like(self._loader, batch_size, num_workers)

    def setting(self, name: str) -> Setting:
        """What the config says.

        Args:
            name: File of the config.
        """
        config = self.cfg.train_dataloader
        groups = self.trainee.optim_wrapper.param_groups
        base = (self.cfg.get('auto_scale_lr') or {}).get('base_batch_size')
        return Setting(
            config=name,
            device=self.trainee.device,
            machine=describe_machine(self.trainee.device),
            batch_size=config.batch_size,
            num_workers=config.get('num_workers', 0),
            persistent=config.get('persistent_workers', False),
            prefetch=config.get('prefetch_factor'),
            samples=len(self._loader.dataset),
            most=fillable(self._loader),
            world_size=get_world_size(),
            amp=self.amp,
            affinity_states=self.affinity_states,
            base_batch_size=base,
            lr=groups[0].get('lr') if groups else None,
        )


def loader_like(
    loader: DataLoader,
    batch_size: int | None = None,
    num_workers: int | None = None,
) -> DataLoader:
    """A loader on the same data set, which is not copied.

    Its workers outlive an epoch, so that their start is measured once.

    Args:
        loader: The pattern.
        batch_size: Instead of its own.
        num_workers: Instead of its own.

    Raises:
        ProfileError: If another batch size is asked of a loader that groups
            its samples in a way of its own.
    """
    workers = loader.num_workers if num_workers is None else num_workers
    batches: dict = dict(batch_sampler=loader.batch_sampler)
    if batch_size not in (None, loader.batch_size):
        if type(loader.batch_sampler) is not BatchSampler:
            raise ProfileError(
                f'train_dataloader has a {type(loader.batch_sampler).__name__}'
                f', which knows one batch size only; give no --batch-size'
            )
        batches = dict(
            batch_size=batch_size,
            sampler=loader.sampler,
            drop_last=loader.drop_last,
        )
    if workers:
        batches.update(
            persistent_workers=True, prefetch_factor=loader.prefetch_factor
        )
    return DataLoader(
        loader.dataset,
        num_workers=workers,
        collate_fn=loader.collate_fn,
        pin_memory=loader.pin_memory,
        worker_init_fn=loader.worker_init_fn,
        **batches,
    )


def describe_machine(device: str) -> str:
    """Device, threads and versions in one line.

    Args:
        device: ``'cpu'``, ``'cuda'`` or ``'cuda:N'``.
    """
    if device.startswith('cuda'):
        name = torch.cuda.get_device_name(device)
    else:
        name = f'CPU, {torch.get_num_threads()} threads'
    return (
        f'{name}, {usable_cores()} cores; {platform.system()}, '
        f'torch {torch.__version__}'
    )


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, 'sched_getaffinity'):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
