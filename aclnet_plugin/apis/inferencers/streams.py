"""A trained model with its pipeline."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.runner import CheckpointLoader
from torch import nn

from ...models.deploy import reparameterize as fold
from ...models.loading import first_of, first_reason, weights_of
from .errors import InferenceError
from .recipe import Recipe, make_recipe

_UNUSED = (
    'cls_head.affinity.',
    'cls_head.inter_proj.',
    'cls_head.intra_proj.',
)
"""Of the losses, without a part in a prediction."""


@dataclass(frozen=True)
class Stream:
    """A model and what prepares its inputs.

    Args:
        origin: Name of the config, for messages.
        model: In evaluation mode, on its device.
        recipe: See :class:`Recipe`.
        num_classes: Of its classifier.
        classes: Names that the checkpoint carries; None if it has none.
        checkpoint: Its file; None for random weights.
    """

    origin: str
    model: nn.Module
    recipe: Recipe
    num_classes: int
    classes: tuple[str, ...] | None = None
    checkpoint: str | None = None


def load_stream(
    cfg: Config,
    checkpoint: str | os.PathLike[str] | None,
    device: str | torch.device = 'cpu',
    reparameterize: bool = False,
    origin: str = 'the config',
) -> Stream:
    """Build a model, load its weights as data only, make its pipeline.

    Args:
        cfg: A config with a ``RecognizerGCN``.
        checkpoint: File or address; None for random weights.
        device: Where to. Defaults to ``'cpu'``.
        reparameterize: Whether the model is folded into its faster form for
            evaluation. Defaults to False.
        origin: Name of the config, for messages.

    Raises:
        InferenceError: If anything of this does not fit.
    """
    if cfg.get('model') is None:
        raise InferenceError(f'{origin} has no model.')
    try:
        recipe = make_recipe(cfg, origin)
        model = MODELS.build(cfg.model)
    except InferenceError:
        raise
    except Exception as error:
        # A config may name any class with any arguments.
        raise InferenceError(
            f'{origin}: model or test pipeline cannot be built: '
            f'{type(error).__name__}: {error}'
        ) from error
    number = getattr(getattr(model, 'cls_head', None), 'num_classes', None)
    if not isinstance(number, int):
        raise InferenceError(
            f'{origin} has a {type(model).__name__} without a classifier.'
        )
    classes = path = None
    if checkpoint is not None:
        path = os.fspath(checkpoint)
        classes = _classes_in(_load(model, path, origin), number)
    if reparameterize:
        try:
            model = fold(model)
        except ValueError as error:
            raise InferenceError(
                f'{origin} cannot be re-parameterised: {error}. Leave '
                'reparameterize (--reparameterize) out.'
            ) from error
    model = model.to(device).eval()
    return Stream(origin, model, recipe, number, classes, path)


def _load(model: nn.Module, path: str, origin: str) -> dict[str, Any]:
    """Load weights; returns what else the checkpoint says."""
    if '://' not in path and not os.path.isfile(path):
        raise InferenceError(
            f'there is no file {path!r}. Checkpoints lie in the work folder '
            'of a training, such as work_dirs/NAME/epoch_16.pth.'
        )
    saved = CheckpointLoader.load_checkpoint(path, map_location='cpu')
    saved = saved if isinstance(saved, dict) else {}
    state = {
        key: value
        for key, value in weights_of(saved).items()
        if not key.startswith(_UNUSED)
    }
    reason = 'it holds no weights' if not state else None
    if reason is None:
        try:
            found = model.load_state_dict(state, strict=False)
            reason = _difference(found.missing_keys, found.unexpected_keys)
        except RuntimeError as error:
            reason = first_reason(error)
    if reason is not None:
        raise InferenceError(
            f'{path} does not fit the model of {origin}: {reason}. Take the '
            'config it was trained with.'
        )
    return saved


def _difference(missing: list[str], unexpected: list[str]) -> str | None:
    missing = [
        key
        for key in missing
        if not key.startswith(_UNUSED)
        and not key.endswith('num_batches_tracked')
    ]
    for keys, words in ((missing, 'it has no'), (unexpected, 'it also has')):
        if keys:
            return f'{words} {first_of(keys)}'
    return None


def _classes_in(saved: dict[str, Any], number: int) -> tuple[str, ...] | None:
    """Class names in the ``meta`` of a checkpoint, if they are complete."""
    meta = saved.get('meta')
    meta = meta.get('dataset_meta') if isinstance(meta, dict) else None
    names = meta.get('classes') if isinstance(meta, dict) else None
    if isinstance(names, (list, tuple)) and len(names) == number:
        return tuple(map(str, names))
    return None
