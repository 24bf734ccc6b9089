"""What ``--amp`` means for a config."""

from __future__ import annotations

from mmengine.config import Config


def use_amp(cfg: Config) -> None:
    """Switch the optimiser wrapper of a config to mixed precision.

    Args:
        cfg: The config, changed in place.

    Raises:
        ValueError: If it has an optimiser wrapper of another kind.
    """
    wrapper = cfg.optim_wrapper.get('type', 'OptimWrapper')
    if wrapper not in ('OptimWrapper', 'AmpOptimWrapper'):
        raise ValueError(f'--amp cannot replace optim_wrapper {wrapper}')
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
