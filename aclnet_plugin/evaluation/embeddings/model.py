"""A model with the weights that an embedding needs."""

from __future__ import annotations

import os
import re

import torch
from mmaction.models.heads import GCNHead
from mmaction.models.recognizers import RecognizerGCN
from mmengine.config import Config
from mmengine.runner import CheckpointLoader
from torch import nn

from ...models.heads import EMBEDDINGS
from ...models.loading import build_model, first_of, first_reason, weights_of
from .embeddings import EmbeddingsError

_UNUSED = re.compile(r'cls_head\.(fc|fc_cls|affinity)\.')
_PROJECTIONS = ('cls_head.inter_proj.', 'cls_head.intra_proj.')


def load_model(
    cfg: Config,
    checkpoint: str | os.PathLike[str],
    kind: str = 'pooled',
    device: str | torch.device = 'cpu',
) -> nn.Module:
    """Build a model and load what an embedding needs.

    Classifier and statistics of the losses are not loaded: they have no part
    in an embedding, and may be of another number of classes.

    Args:
        cfg: A config with a ``RecognizerGCN``.
        checkpoint: A local file, read as data only.
        kind: The embedding. Only an :class:`ACLHead` has others than
            ``'pooled'``. Defaults to ``'pooled'``.
        device: Where to. Defaults to ``'cpu'``.

    Returns:
        The model in evaluation mode.

    Raises:
        EmbeddingsError: If the model cannot be built, has no such
            embedding, or the checkpoint is that of another model.
    """
    if cfg.get('model') is None:
        raise EmbeddingsError('the config has no model.')
    model = build_model(cfg, EmbeddingsError)
    _check_kind(model, kind)
    _load(model, os.fspath(checkpoint), kind)
    return model.to(device).eval()


def _check_kind(model: nn.Module, kind: str) -> None:
    if kind not in EMBEDDINGS:
        raise EmbeddingsError(
            f'there is no embedding {kind!r}, only {", ".join(EMBEDDINGS)}.'
        )
    head = getattr(model, 'cls_head', None)
    if not isinstance(model, RecognizerGCN) or not isinstance(head, GCNHead):
        raise EmbeddingsError(
            f'the config has a {type(model).__name__} with a '
            f'{type(head).__name__}; embeddings are of a RecognizerGCN with '
            f'a GCNHead or ACLHead.'
        )
    if kind != 'pooled' and not hasattr(head, 'embed'):
        raise EmbeddingsError(
            f'a {type(head).__name__} has no embedding {kind!r}, which is '
            f"made by the losses of an ACLHead; use 'pooled'."
        )


def _load(model: nn.Module, path: str, kind: str) -> None:
    saved = CheckpointLoader.load_checkpoint(path, map_location='cpu')
    state = weights_of(saved)
    if kind == 'pooled':
        needed, unused = ('backbone.',), re.compile(r'cls_head\.')
    else:
        needed, unused = ('backbone.', *_PROJECTIONS), _UNUSED
    state = {k: value for k, value in state.items() if not unused.match(k)}
    try:
        missing = model.load_state_dict(state, strict=False).missing_keys
    except RuntimeError as error:
        raise EmbeddingsError(
            f'{path} does not fit the model of the config: '
            f'{first_reason(error)}. Take the config it was trained with.'
        ) from error
    missing = [
        key
        for key in missing
        if key.startswith(needed) and not key.endswith('num_batches_tracked')
    ]
    if missing:
        raise EmbeddingsError(
            f'{path} does not fit the model of the config: it has no '
            f'{first_of(missing)}. Take the config it was trained with.'
        )
