"""The Motion Family of each class."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aclnet_plugin.utils.checks import check_whole

from .functional import build_families


class FamilyTable(nn.Module):
    """Families in force, rebuilt from confusion counts on request.

    Args:
        num_classes: K.
        top_k: Neighbour set size. Defaults to 10.
        overlap_threshold: n_o. Defaults to 4. Without ``union`` it should
            be below ``top_k``: from there on there is hardly any family.
        fill: Fill sparse neighbour lists with zero-count classes; see
            :func:`~.functional.nearest_confusions`. Paper: False (default).
            Release: True.
        union: A family is the union of neighbours and overlapping classes
            instead of those above the affinity threshold; see
            :func:`~.functional.build_families`. Paper: False (default).
            Release: True.

    Raises:
        ValueError: If a number is not whole, or too small.

    Attributes:
        member: Buffer ``(K, K)`` bool; row i marks the members of W(i).
    """

    member: Tensor

    def __init__(
        self,
        num_classes: int,
        top_k: int = 10,
        overlap_threshold: int = 4,
        fill: bool = False,
        union: bool = False,
    ) -> None:
        super().__init__()
        self.top_k = check_whole('top_k', top_k, 1)
        self.overlap_threshold = check_whole(
            'overlap_threshold', overlap_threshold, 0
        )
        self.fill = fill
        self.union = union
        self.register_buffer(
            'member', torch.zeros(num_classes, num_classes, dtype=torch.bool)
        )

    @torch.no_grad()
    def rebuild(self, counts: Tensor) -> None:
        """Derive the families from confusion counts ``(K, K)``."""
        build_families(
            counts,
            self.top_k,
            self.overlap_threshold,
            self.fill,
            self.union,
            out=self.member,
        )

    @property
    def barren(self) -> bool:
        """Whether K and threshold leave next to no class in any family.

        Neighbours count by half, so that a clique of classes which are all
        confused with each other can still become one.
        """
        return not self.union and self.overlap_threshold >= self.top_k

    @property
    def sizes(self) -> Tensor:
        """``(K,)`` int64 number of members of each family."""
        return self.member.sum(1)
