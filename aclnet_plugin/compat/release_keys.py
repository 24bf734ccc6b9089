"""Names of the official release's parameters."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

RENAMED = {
    'cls_head.fc_cls.': 'cls_head.fc.',
    'cls_head.inter_loss.cl_fc.': 'cls_head.inter_proj.',
    'cls_head.intra_loss.cl_fc.': 'cls_head.intra_proj.',
}
"""Key prefixes of the release and ours; backbone keys are the same."""


def rename_release_keys(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the keys of a released state dict to ours.

    Args:
        state: Parameters and buffers under the release's names.

    Returns:
        The same tensors under our names. Counts, prototypes and bank are not
        among them; the release does not save any.
    """
    renamed = {}
    for key, value in state.items():
        for theirs, ours in RENAMED.items():
            if key.startswith(theirs):
                key = ours + key.removeprefix(theirs)
        renamed[key] = value
    return renamed
