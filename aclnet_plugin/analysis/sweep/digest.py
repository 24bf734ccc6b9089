"""What decides about a training, as plain objects with a short name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

from .resolve import TESTING, TRAINING, VOLATILE

_VOLATILE_HOOKS = ('checkpoint', 'logger', 'timer', 'runtime_info')
_VOLATILE_LOADER = (
    *('num_workers', 'persistent_workers', 'pin_memory', 'prefetch_factor'),
)


def training_part(config: Config) -> dict[str, Any]:
    """What decides about a training, but for the seed, as plain objects.

    Logging, checkpoints, workers of loaders and the like are left out, so
    that runs which differ in them count as the same.

    Args:
        config: A resolved config.
    """
    content = config.to_dict()
    if content.get('runner_type'):
        # A Runner of one's own may read anything.
        left_out = {*TESTING, *VOLATILE}
        content = {k: v for k, v in content.items() if k not in left_out}
    else:
        content = {k: content[k] for k in TRAINING if k in content}
    content['default_hooks'] = _without(
        content.get('default_hooks'), _VOLATILE_HOOKS
    )
    content['randomness'] = _without(content.get('randomness'), ('seed',))
    for name in ('train_dataloader', 'val_dataloader'):
        content[name] = _without(content.get(name), _VOLATILE_LOADER)
    return plain({k: v for k, v in content.items() if v not in (None, {})})


def evaluation_part(config: Config) -> dict[str, Any]:
    """What decides about a test, beside the training.

    Args:
        config: A resolved config.
    """
    content = {k: config.to_dict().get(k) for k in TESTING}
    content['test_dataloader'] = _without(
        content['test_dataloader'], _VOLATILE_LOADER
    )
    return plain(content)


def _without(content: Any, keys: tuple[str, ...]) -> Any:
    if not isinstance(content, Mapping):
        return content
    return {key: value for key, value in content.items() if key not in keys}


def plain(value: Any) -> Any:
    """Objects of JSON's types, equal for values that mean the same.

    Args:
        value: Of a config.
    """
    if isinstance(value, Mapping):
        items = ((str(k), plain(v)) for k, v in value.items())
        # Where a type is looked up is nothing that a training would learn.
        return {k: v for k, v in items if k != '_scope_'}
    if isinstance(value, list | tuple | set):
        return [plain(one) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    # Classes and functions of Python-style configs: not by their address.
    name = getattr(value, '__qualname__', None)
    return f'{value.__module__}.{name}' if name else repr(value)


def digest_of(content: Any) -> str:
    """A short name for plain objects.

    Args:
        content: Of JSON's types.
    """
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def differences(one: Any, other: Any) -> list[str]:
    """Where two plain objects differ, as ``key: value -> value``.

    Args:
        one: Of JSON's types.
        other: The same.
    """
    return [
        f'{key}: {_brief(first)} -> {_brief(second)}'
        for key, first, second in differing(one, other)
    ]


def differing(one: Any, other: Any) -> list[tuple[str, Any, Any]]:
    """Where two plain objects differ: key, and both values.

    Args:
        one: Of JSON's types.
        other: The same.
    """
    first, second = _flat(one), _flat(other)
    keys = dict.fromkeys([*first, *second])
    rows = ((key, first.get(key), second.get(key)) for key in keys)
    return [row for row in rows if row[1] != row[2]]


def _flat(value: Any, where: str = '') -> dict[str, Any]:
    """Values by dotted key; a list of mere values stays one value."""
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list) and any(
        isinstance(one, dict | list) for one in value
    ):
        items = enumerate(value)
    else:
        return {where: value}
    return {
        key: leaf
        for name, one in items
        for key, leaf in _flat(one, f'{where}.{name}'.lstrip('.')).items()
    }


def _brief(value: Any) -> str:
    text = 'nothing' if value is None else json.dumps(value)
    return text if len(text) <= 60 else f'{text[:57]}...'
