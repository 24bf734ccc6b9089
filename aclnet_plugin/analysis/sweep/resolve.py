"""What config a setting comes to."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from mmengine.config import Config

from ..errors import AnalysisError

# What MMEngine's Runner builds a training from.
TRAINING = (
    *('model', 'data_preprocessor', 'model_wrapper_cfg', 'compile'),
    *('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler'),
    *('val_dataloader', 'val_cfg', 'val_evaluator', 'auto_scale_lr'),
    *('default_hooks', 'custom_hooks', 'randomness', 'env_cfg', 'load_from'),
    *('default_scope', 'custom_imports', 'find_unused_parameters'),
    *('runner_type', 'efficient_conv_bn_eval', 'activation_checkpointing'),
)
TESTING = ('test_dataloader', 'test_cfg', 'test_evaluator')
# What tells of a training, or where it is, without a say in what it learns.
VOLATILE = (
    *('work_dir', 'log_level', 'log_processor', 'launcher', 'local_rank'),
    *('resume', 'visualizer', 'vis_backends', 'experiment_name'),
)


def resolve(
    path: str | os.PathLike[str], *options: Mapping[str, Any]
) -> Config:
    """Read a config and merge options into it, the later over the earlier.

    Args:
        path: The config file.
        *options: Dotted keys and values.

    Raises:
        AnalysisError: If it cannot be read, or an option cannot be merged
            or would have no effect.
    """
    try:
        config = Config.fromfile(path)
    except Exception as error:
        # A config is a program: anything can go wrong in it.
        raise AnalysisError(
            f'{path} cannot be read: {type(error).__name__}: {error}'
        ) from error
    for some in options:
        config = merged(config, some)
    return config


def merged(config: Config, options: Mapping[str, Any]) -> Config:
    """A copy of a config with options.

    Args:
        config: The config, left as it is.
        options: Dotted keys and values.

    Raises:
        AnalysisError: If an option cannot be merged or would have no effect.
    """
    config = copy.deepcopy(config)
    for key in options:
        _check_key(config, key)
    try:
        config.merge_from_dict(dict(options))
    except (KeyError, TypeError, AssertionError) as error:
        raise AnalysisError(
            f'{", ".join(options)} cannot be set in {config.filename}: {error}'
        ) from error
    return config


def _check_key(config: Config, key: str) -> None:
    first = key.partition('.')[0]
    known = {*TRAINING, *TESTING, *VOLATILE}
    if first in known or (config.get('runner_type') and first in config):
        return
    if first in config:
        raise AnalysisError(
            f'{key} has no effect: {first} is a variable of {config.filename} '
            f'that has already been read where it is used. Set the entry '
            f'there, for example train_dataloader.dataset.pipeline.1.clip_len'
        )
    near = get_close_matches(first, known & {*config, *TRAINING}, 3)
    hint = f'; there is {" or ".join(near)}' if near else ''
    raise AnalysisError(f'{key}: a training reads no {first}{hint}')
