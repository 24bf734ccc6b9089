"""A ring of recent embeddings and their labels."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from aclnet_plugin.utils.checks import check_whole

EMPTY = -1
"""Label of a slot that was never written."""


class FeatureBank(nn.Module):
    """First-in, first-out memory of the newest ``size`` samples.

    Any batch size is fine: batches wrap around the end of the ring, and of a
    batch larger than the bank the newest samples stay.

    Args:
        size: Q, number of slots.
        embed_dim: D.

    Attributes:
        feats: Buffer ``(Q, D)`` float32.
        labels: Buffer ``(Q,)`` int64, :data:`EMPTY` where nothing is stored.
        cursor: Buffer ``()`` int64, slot of the next sample.
    """

    feats: Tensor
    labels: Tensor
    cursor: Tensor

    def __init__(self, size: int, embed_dim: int) -> None:
        super().__init__()
        self.size = size = check_whole('bank_size', size, 1)
        self.register_buffer('feats', torch.zeros(size, embed_dim))
        self.register_buffer(
            'labels', torch.full((size,), EMPTY, dtype=torch.int64)
        )
        self.register_buffer('cursor', torch.zeros((), dtype=torch.int64))
        # How many slots are in use, on the host: it decides whether a graph
        # is built, and asking the device would stall every step. None means
        # "look at the labels at the next use".
        self._filled: int | None = 0

    @property
    def filled(self) -> int:
        """Slots in use (known without asking the device)."""
        if self._filled is None:
            self._filled = int((self.labels != EMPTY).sum())
        return self._filled

    @torch.no_grad()
    def push(self, feats: Tensor, labels: Tensor) -> Tensor:
        """Store a batch over the oldest entries.

        A sample with an Inf or NaN takes its slot, but leaves it empty.

        Args:
            feats: ``(B, D)`` embeddings.
            labels: ``(B,)`` int64.

        Returns:
            ``(B,)`` int64 slot of each sample; :data:`EMPTY` for those that
            a batch larger than the bank pushes out again.
        """
        batch = len(labels)
        filled = self.filled
        slots, feats, kept_labels = self._arrivals(feats, labels)
        self.feats.index_copy_(0, slots, feats)
        self.labels.index_copy_(0, slots, kept_labels)
        self.cursor.add_(batch).remainder_(self.size)
        self._filled = min(filled + batch, self.size)
        return _slots_of_all(slots, batch)

    @torch.no_grad()
    def preview(self, feats: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """What :meth:`push` would do, without doing it.

        Args:
            feats: ``(B, D)`` embeddings.
            labels: ``(B,)`` int64.

        Returns:
            ``(B,)`` int64, what :meth:`push` would return, and ``(Q,)``
            int64, the labels as they would be.
        """
        slots, _, kept_labels = self._arrivals(feats, labels)
        column_labels = self.labels.index_copy(0, slots, kept_labels)
        return _slots_of_all(slots, len(labels)), column_labels

    def _arrivals(
        self, feats: Tensor, labels: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Slots, embeddings and labels of the samples that find room."""
        batch = len(labels)
        kept = min(batch, self.size)
        newest = torch.arange(batch - kept, batch, device=labels.device)
        slots = (self.cursor + newest) % self.size
        feats = feats.detach()[-kept:].to(self.feats.dtype)
        broken = ~feats.isfinite().all(1)
        return (
            slots,
            feats.masked_fill(broken[:, None], 0),
            labels[-kept:].masked_fill(broken, EMPTY),
        )

    def live_columns(self, embed: Tensor, slots: Tensor) -> Tensor:
        """The bank with the current batch attached to its graph.

        Args:
            embed: ``(B, D)`` embeddings that :meth:`push` just stored.
            slots: ``(B,)`` what :meth:`push` returned.

        Returns:
            ``(Q, D)``: stored features, with the batch's own rows replaced
            by ``embed`` itself, so that gradients reach the batch as
            comparison partner, too.
        """
        kept = min(embed.shape[0], self.size)
        return self.feats.index_copy(
            0, slots[-kept:], embed[-kept:].to(self.feats.dtype)
        )

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._filled = None


def _slots_of_all(slots: Tensor, batch: int) -> Tensor:
    """``(B,)``, :data:`EMPTY` before those that found room."""
    return nn.functional.pad(slots, (batch - len(slots), 0), value=EMPTY)
