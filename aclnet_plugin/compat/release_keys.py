"""Names of the official release's parameters."""

from __future__ import annotations

from torch import Tensor

RENAMED = {
    'fc_cls.': 'fc.',
    'inter_loss.cl_fc.': 'inter_proj.',
    'intra_loss.cl_fc.': 'intra_proj.',
}
"""Prefixes of the head's keys, theirs to ours; backbone keys are the same."""


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
