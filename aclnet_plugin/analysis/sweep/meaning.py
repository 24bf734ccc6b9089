"""Whether two configs mean the same training, said or by default."""

from __future__ import annotations

from typing import Any, NamedTuple

from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from ..errors import AnalysisError
from .digest import differing, plain, training_part


class Meaning(NamedTuple):
    """What a config comes to.

    Attributes:
        training: See :func:`training_part`.
        modules: Type and plain attributes of each module of its model.
    """

    training: dict[str, Any]
    modules: dict[str, Any]


def meaning_of(config: Config) -> Meaning:
    """Build the model and look at it.

    A config leaves defaults unsaid, and a behaviour presets some, so that
    only a built model tells whether two settings are the same. Building also
    finds a mistyped argument before hours are spent on other runs.

    Args:
        config: A resolved config.

    Raises:
        AnalysisError: If the model cannot be built.
    """
    init_default_scope(config.get('default_scope') or 'mmaction')
    try:
        model = MODELS.build(config.model)
    except Exception as error:
        # Of any kind: each module has checks of its own.
        raise AnalysisError(
            f'the model cannot be built: {error or type(error).__name__}'
        ) from error
    modules = {}
    for name, module in model.named_modules():
        attributes = {
            key: plain(value)
            for key, value in vars(module).items()
            if not key.startswith('_') and _is_plain(value)
        }
        modules[name] = {'type': type(module).__name__, **attributes}
    return Meaning(training_part(config), modules)


def same_training(one: Meaning, other: Meaning) -> bool:
    """Whether two configs train the same, said or by default.

    Args:
        one: Of one config.
        other: Of the other.
    """
    if one.modules != other.modules:
        return False
    # Where the configs differ, the modules must be able to tell: what leaves
    # no attribute cannot be compared, and counts as different.
    seen = {key for module in one.modules.values() for key in module}
    return all(
        key.startswith('model.') and key.rpartition('.')[2] in seen
        for key, _, _ in differing(one.training, other.training)
    )


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_plain(one) for one in value)
    return value is None or isinstance(value, bool | int | float | str)
