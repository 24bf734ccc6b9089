"""What a sample of the evaluation loop holds, checked."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...utils.shown import shown


def name_of(sample: Mapping[str, Any]) -> str:
    """A sample in words.

    Args:
        sample: The sample, with or without ``frame_dir``.
    """
    name = sample.get('frame_dir')
    index = sample.get('sample_idx')
    if name is None:
        return 'a sample' if index is None else f'sample {index}'
    return f'sample {shown(str(name))}'


def vector_of(feature: Any, who: str) -> np.ndarray:
    """The embedding of a sample, on its own memory.

    Args:
        feature: A vector; a tensor of any device and precision.
        who: The sample in words.

    Raises:
        ValueError: If it is no vector of finite numbers.
    """
    if isinstance(feature, Tensor):
        # A row keeps its whole batch alive, and numpy has no bfloat16.
        feature = feature.detach().cpu()
        if feature.dtype in (torch.bfloat16, torch.float16):
            feature = feature.float()
        feature = feature.numpy()
    vector = np.array(feature)
    if vector.ndim != 1 or vector.dtype.kind != 'f' or not vector.size:
        raise ValueError(
            f'pred_feature of {who} is {shown(vector)}; expected a vector '
            f'of floating-point numbers.'
        )
    if not np.isfinite(vector).all():
        raise ValueError(
            f'pred_feature of {who} is not finite. Check the checkpoint, or '
            f'whether the training has diverged.'
        )
    return vector


def plain_value(value: Any, key: str, who: str) -> int | str:
    """A value of the metadata as Python's own.

    Args:
        value: A whole number or text, maybe as tensor or array.
        key: Its name.
        who: The sample in words.

    Raises:
        ValueError: If it is none.
    """
    if isinstance(value, (Tensor, np.ndarray, np.generic)):
        # Those of more than one number are refused below.
        with suppress(ValueError, RuntimeError):
            value = value.item()
    if not isinstance(value, (int, str)):
        raise ValueError(
            f'{key} of {who} is {shown(value)}; expected a whole number or '
            f'text.'
        )
    return value
