"""A whole model from config and checkpoint, or the reason why not."""

from __future__ import annotations

import os
import re
from typing import Any

from mmengine.config import Config
from mmengine.runner import CheckpointLoader
from torch import Tensor, nn

from ..loading import build_model, first_of, first_reason, weights_of
from .onnx_errors import OnnxError

_NOT_NEEDED = re.compile(
    r'(?:cls_head\.(?:affinity|loss_\w+|inter_proj|intra_proj)\.|'
    r'data_preprocessor\.)'
)
_LATER = re.compile(r'\.num_batches_tracked$')
"""Counters that evaluation does not use and older files lack."""


def load_trained(
    cfg: Config,
    checkpoint: str | os.PathLike[str],
    embedding: str | None = None,
) -> tuple[nn.Module, dict[str, Any]]:
    """Build the model of a config and load all that evaluation needs.

    Args:
        cfg: The config.
        checkpoint: A local file, read as data only.
        embedding: Kind of embedding, whose projections are needed then.
            Defaults to None.

    Returns:
        The model in evaluation mode on the CPU, and what the checkpoint
        tells about itself.

    Raises:
        OnnxError: If the model cannot be built or the checkpoint is none, or
            that of another model.
        pickle.UnpicklingError: If the checkpoint holds more than data.
    """
    if cfg.get('model') is None:
        raise OnnxError('the config has no model')
    model = build_model(cfg, OnnxError)
    path = os.fspath(checkpoint)
    state, meta = _read(path)
    try:
        result = model.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise OnnxError(
            f'{path} does not fit the model of the config: '
            f'{first_reason(error)}. Take the config it was trained with'
        ) from error
    needed = [name for name in ('inter', 'intra') if embedding == name]
    if embedding == 'concat':
        needed = ['inter', 'intra']
    wanted = tuple(f'cls_head.{name}_proj.' for name in needed)
    missing = [
        key
        for key in result.missing_keys
        if not _LATER.search(key)
        and (not _NOT_NEEDED.match(key) or key.startswith(wanted or ('-',)))
    ]
    unknown = [
        key for key in result.unexpected_keys if not _NOT_NEEDED.match(key)
    ]
    if missing or unknown:
        keys, what = (missing, 'lacks') if missing else (unknown, 'also has')
        raise OnnxError(
            f'{path} does not fit the model of the config: it {what} '
            f'{first_of(keys)}. Take the config it was trained with'
        )
    return model.eval(), meta


def _read(path: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Weights and description."""
    if not os.path.isfile(path):
        raise OnnxError(
            f'there is no file {path}. Checkpoints lie in the work folder of '
            f'a training, such as work_dirs/NAME/epoch_40.pth'
        )
    try:
        saved = CheckpointLoader.load_checkpoint(path, map_location='cpu')
    except (RuntimeError, EOFError, KeyError) as error:
        raise OnnxError(
            f'{path} is not a checkpoint, or is damaged '
            f'({type(error).__name__})'
        ) from error
    tensors = weights_of(saved)
    if not tensors:
        raise OnnxError(f'{path} is not a checkpoint: it has no weights')
    meta = saved.get('meta')
    return tensors, meta if isinstance(meta, dict) else {}
