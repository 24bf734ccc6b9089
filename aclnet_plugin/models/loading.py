"""Pieces of loading a model strictly: what is in a file, what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmaction.registry import MODELS
from mmengine.config import Config
from torch import Tensor, nn


def build_model(cfg: Config, error: type[ValueError]) -> nn.Module:
    """Build the model of a config.

    Args:
        cfg: The config.
        error: What to raise if that is not possible.
    """
    try:
        return MODELS.build(cfg.model)
    except Exception as reason:
        # A config may name any class with any arguments.
        raise error(
            f'the model of the config cannot be built: '
            f'{type(reason).__name__}: {reason}'
        ) from reason


def weights_of(saved: Any) -> dict[str, Tensor]:
    """Weights and buffers in what a checkpoint file holds.

    Args:
        saved: A checkpoint of a Runner, or a bare ``state_dict``.

    Returns:
        By names without the prefix of DDP; nothing if it holds none.
    """
    if not isinstance(saved, Mapping):
        return {}
    return {
        str(key).removeprefix('module.'): value
        for key, value in dict(saved.get('state_dict', saved)).items()
        if isinstance(value, Tensor)
    }


def first_reason(error: RuntimeError) -> str:
    """The first line of torch's list of what does not fit.

    Args:
        error: Of ``load_state_dict``.
    """
    lines = [line.strip() for line in str(error).splitlines()]
    return next(iter([*lines[1:], *lines])).rstrip('. ')


def first_of(keys: Sequence[str]) -> str:
    """The first key and how many more there are.

    Args:
        keys: At least one.
    """
    return keys[0] + f' and {len(keys) - 1} more' * (len(keys) > 1)
