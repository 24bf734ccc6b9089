"""The two behaviours of the method, argument by argument.

``paper`` follows the equations of the article, ``release`` the authors' code,
which made the published numbers. :class:`ACLHead` takes every entry as an
argument of its own, too.
"""

from __future__ import annotations

from typing import Any

BEHAVIOURS: dict[str, dict[str, dict[str, Any]]] = {
    'paper': {
        'confusion': {'mutual': False},
        'families': {'fill': False, 'union': False},
        'prototypes': {
            'correct_only': False,
            'random_start': False,
            'attached': False,
        },
        'loss_intra': {'floor': 0.0, 'full_only': False},
    },
    'release': {
        'confusion': {'mutual': True},
        'families': {'fill': True, 'union': True},
        'prototypes': {
            'correct_only': True,
            'random_start': True,
            'attached': True,
        },
        'loss_intra': {'floor': 1e-6, 'full_only': True},
    },
}


def behaviour_of(name: str) -> dict[str, dict[str, Any]]:
    """Look a behaviour up.

    Raises:
        ValueError: If there is no such behaviour.
    """
    if name not in BEHAVIOURS:
        raise ValueError(
            f'behaviour must be one of {sorted(BEHAVIOURS)}, got {name!r}'
        )
    return BEHAVIOURS[name]


def loss_config(
    default: dict[str, Any], given: dict[str, Any]
) -> dict[str, Any]:
    """The config of a loss; a rival of the default one is left as it is.

    Args:
        default: Type and preset arguments.
        given: What replaces some of them, or another loss altogether.
    """
    if given.get('type', default['type']) != default['type']:
        return given
    return default | given
