"""What a user names: configs, devices, classes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.config import Config, ConfigDict
from mmengine.device import get_device

from ...analysis.class_names import load_names
from ...utils.shown import shown
from .errors import InferenceError
from .streams import Stream


def config_of(model: Any) -> tuple[Config, str]:
    """A config, and what it is called in messages.

    Args:
        model: The config, or its file.

    Raises:
        InferenceError: If there is none, or it cannot be read.
    """
    if isinstance(model, Config):
        return model, str(model.filename or 'the config')
    if isinstance(model, (dict, ConfigDict)):
        return Config(dict(model)), 'the config'
    if not isinstance(model, (str, os.PathLike)):
        raise InferenceError(
            f'model is {shown(model)}; it must be a config or its file. The '
            'text of a config inside a checkpoint is not run, because it is '
            'a program.'
        )
    path = os.fspath(model)
    if not os.path.isfile(path):
        raise InferenceError(f'there is no config file {path!r}.')
    try:
        return Config.fromfile(path), path
    except Exception as error:
        # A config is a program: anything can go wrong in it.
        raise InferenceError(
            f'{path} cannot be read: {type(error).__name__}: {error}'
        ) from error


def device_of(name: Any) -> torch.device:
    """A device that is there.

    Args:
        name: As torch names it; None or ``'auto'`` for the best.

    Raises:
        InferenceError: If there is none of this name.
    """
    if name in (None, 'auto'):
        name = get_device()
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (
        *(RuntimeError, AssertionError, NotImplementedError, TypeError),
    ) as error:
        reason = str(error).partition('\n')[0]
        raise InferenceError(
            f'the device {name} cannot be used here ({reason}); leave it '
            'out, or take cpu.'
        ) from error
    return device


def class_names(given: Any, streams: Sequence[Stream]) -> tuple[str, ...]:
    """Names of all classes.

    Args:
        given: A list of names, a file, or None.
        streams: Models, whose checkpoints may carry names.

    Returns:
        The given ones, those of a checkpoint, or ``class 0``, ``class 1``.

    Raises:
        InferenceError: If they cannot be used.
    """
    number = streams[0].num_classes
    if given is None:
        own = (s.classes for s in streams if s.classes is not None)
        numbered = tuple(f'class {i}' for i in range(number))
        return next(own, numbered)
    if isinstance(given, (str, os.PathLike)):
        try:
            return tuple(load_names(given, number))
        except ValueError as error:
            raise InferenceError(str(error)) from error
    names = tuple(map(str, given))
    if len(names) != number:
        raise InferenceError(
            f'{len(names)} class names were given, but the model has '
            f'{number} classes.'
        )
    return names
