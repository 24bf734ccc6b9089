"""How far the class prototypes move in an epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from aclnet_plugin.models.affinity import AffinityState

_KEY = 'prototypes_at_epoch_start'


def mean_cosine_distance(
    before: Tensor, now: Tensor, known: Tensor
) -> float | None:
    """Mean of ``1 - cos`` between old and new prototypes.

    Args:
        before: ``(K, D)``.
        now: ``(K, D)``.
        known: ``(K,)`` bool, classes that have both.

    Returns:
        A number from 0 to 2; None if no class has both. This is where a
        device is waited for.
    """
    cosine = torch.cosine_similarity(before.double(), now.double(), dim=1)
    # One transfer for both numbers.
    total, count = torch.stack(
        [((1 - cosine) * known).sum(), known.sum().double()]
    ).tolist()
    # Rounding can put a prototype that stands still just below 0.
    return max(total / count, 0.0) if count else None


class PrototypeDrift:
    """Compares prototypes at the end of an epoch with those at its start.

    The start of an epoch is the end of the one before, so that no state has
    to be kept between epochs. Only a checkpoint that is written inside one
    carries the copy; the state dict is the same in either case.
    """

    def __init__(self) -> None:
        self._before: list[tuple[Tensor, Tensor]] | None = None

    def begin(self, states: list[AffinityState], resumed: bool) -> None:
        """Remember the prototypes at the start of an epoch.

        Args:
            states: The affinity states.
            resumed: Whether a part of the epoch is over. Then only the
                checkpoint can tell them; an old one cannot, and the epoch
                goes without.
        """
        if not resumed:
            self._before = [
                (state.prototypes.mean.clone(), state.prototypes.seen.clone())
                for state in states
            ]

    def end(self, states: list[AffinityState]) -> list[float | None]:
        """Distances at the end of an epoch; forgets its start.

        Args:
            states: The affinity states.

        Returns:
            For each state the mean cosine distance, None if unknown.
        """
        before, self._before = self._before, None
        if before is None or len(before) != len(states):
            return [None] * len(states)
        drifts = []
        for state, (mean, seen) in zip(states, before, strict=True):
            now = state.prototypes
            if mean.shape != now.mean.shape:
                drifts.append(None)
                continue
            mean, seen = mean.to(now.mean.device), seen.to(now.mean.device)
            known = seen & now.seen
            drifts.append(mean_cosine_distance(mean, now.mean, known))
        return drifts

    def save(self, checkpoint: dict[str, Any]) -> None:
        """Add the copy to a checkpoint that is written inside an epoch.

        Args:
            checkpoint: The checkpoint to be saved.
        """
        if self._before:
            checkpoint[_KEY] = [
                (mean.cpu(), seen.cpu()) for mean, seen in self._before
            ]

    def load(self, checkpoint: Mapping[str, Any]) -> None:
        """Take the copy out of a checkpoint that is resumed.

        Args:
            checkpoint: The loaded checkpoint.
        """
        self._before = checkpoint.get(_KEY)
