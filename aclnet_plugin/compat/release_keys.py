"""Names of the official release's parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

RENAMED = {
    'fc_cls.': 'fc.',
    'inter_loss.cl_fc.': 'inter_proj.',
    'intra_loss.cl_fc.': 'intra_proj.',
}
"""Prefixes of the head's keys, theirs to ours; backbone keys are the same."""

HEAD = 'cls_head.'
STATE = f'{HEAD}affinity.'
"""Where our counts, prototypes and bank are; the release saves none."""

_WRAPPED = 'module.'
_KNOWN = re.compile(
    rf'backbone\.(data_bn|gcn\.\d+\.(gcn|tcn|residual))\..+'
    rf'|{re.escape(HEAD)}({"|".join(map(re.escape, RENAMED.values()))}).+'
)


def accept_release_keys(state: dict[str, Tensor], prefix: str = '') -> None:
    """Rename the release's keys of a head in place.

    Counts, prototypes and bank are not among them; the release saves none.

    Args:
        state: A state dict; keys that are ours already stay.
        prefix: Where the head is, with a dot at the end.
    """
    for theirs, ours in RENAMED.items():
        start = prefix + theirs
        for key in [key for key in state if key.startswith(start)]:
            state[prefix + ours + key.removeprefix(start)] = state.pop(key)


@dataclass(frozen=True)
class Conversion:
    """A state dict under other names.

    Args:
        state: Its tensors, untouched and in the same order.
        renamed: Old names and new.
        left_out: Names of what has no place in the other format.
        unknown: Names, in our spelling, that no ACLNet has; they are kept.
    """

    state: dict[str, Any]
    renamed: dict[str, str]
    left_out: tuple[str, ...]
    unknown: tuple[str, ...]


def from_release(state: Mapping[str, Any]) -> Conversion:
    """Rename the keys of a release checkpoint to ours.

    Args:
        state: Of a whole model, as the release saves it or, with
            ``module.`` in front, as a wrapped model would.

    Raises:
        ValueError: If two keys would become the same.
    """
    return _convert(state, back=False)


def to_release(state: Mapping[str, Any]) -> Conversion:
    """Rename our keys to those of the release.

    Args:
        state: Of a whole model. Counts, prototypes, bank and the other
            buffers of the affinity state are left out.

    Raises:
        ValueError: If two keys would become the same.
    """
    return _convert(state, back=True)


def _convert(state: Mapping[str, Any], back: bool) -> Conversion:
    pairs = [pair[::-1] if back else pair for pair in RENAMED.items()]
    new, renamed, left_out, unknown = {}, {}, [], []
    for key, value in state.items():
        plain = key.removeprefix(_WRAPPED)
        if back and plain.startswith(STATE):
            left_out.append(key)
            continue
        name = plain
        for old, other in pairs:
            if plain.startswith(HEAD + old):
                name = HEAD + other + plain.removeprefix(HEAD + old)
        if name in new:
            raise ValueError(
                f'{key} becomes {name}, which is there already; the state '
                f'has keys of both formats'
            )
        new[name] = value
        if name != key:
            renamed[key] = name
        ours = plain if back else name
        if not _KNOWN.fullmatch(ours) and not ours.startswith(STATE):
            unknown.append(ours)
    return Conversion(new, renamed, tuple(left_out), tuple(unknown))
