"""Everything ACLNet learns beside its weights."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from aclnet_plugin.utils.dist import GatheredBatch

from .confusion import ConfusionStats
from .families import FamilyTable
from .feature_bank import EMPTY, FeatureBank
from .pending import PendingBatches
from .prototypes import ClassPrototypes


class Observation(NamedTuple):
    """What the losses score a batch against.

    Attributes:
        prototypes: ``(K, D)``, see :meth:`ClassPrototypes.update`.
        columns: ``(Q, D)``, see :meth:`FeatureBank.live_columns`.
        slots: ``(B,)``, see :meth:`FeatureBank.push`.
        column_labels: ``(Q,)``, classes of the columns.
    """

    prototypes: Tensor
    columns: Tensor
    slots: Tensor
    column_labels: Tensor


class AffinityState(nn.Module):
    """Confusion counts, families, prototypes, bank and phase.

    All history lives in buffers: it is saved, resumed and moved with the
    model. Every rank makes the same update from the same gathered batch, so
    the buffers are identical on all ranks by construction.

    A head that gathers every n steps scores a batch with :meth:`preview` and
    hands it to :meth:`postpone`. After each gather the state is what
    :meth:`observe` had made of the same batches step by step. What waits
    differs between ranks and is no part of the state dict: :meth:`flush`
    comes before a checkpoint and at the end of an epoch. A checkpoint that
    is written without it misses those samples, nothing else.

    *When* to count, rebuild and score is decided by
    :class:`~aclnet_plugin.engine.hooks.ConfusionStatisticsHook`, which calls
    :meth:`set_epoch`; this module only knows *what* these words mean.

    Args:
        confusion: The confusion counts.
        families: The family table.
        prototypes: The class prototypes.
        bank: The memory bank.
        gather_interval: Steps from one gather to the next, see
            :class:`~aclnet_plugin.models.ACLHead`. Defaults to 1.

    Attributes:
        pending: Batches of this rank that wait for the next gather.
        epoch: Buffer ``()`` int64, training epoch (1-based) in progress or
            finished last; 0 before the first.
        counting: Whether confusions are counted in this epoch.
        scoring: Whether the inter-class loss is active in this epoch.
    """

    conditionally_trained = True
    """Tells the DDP wrapper that a phase can leave parameters unused."""

    epoch: Tensor

    def __init__(
        self,
        confusion: ConfusionStats,
        families: FamilyTable,
        prototypes: ClassPrototypes,
        bank: FeatureBank,
        gather_interval: int = 1,
    ) -> None:
        super().__init__()
        self.confusion = confusion
        self.families = families
        self.prototypes = prototypes
        self.bank = bank
        self.pending = PendingBatches(gather_interval)
        self.register_buffer('epoch', torch.zeros((), dtype=torch.int64))
        self.counting = False
        self.scoring = False
        self._rebuild_due = False

    @property
    def num_classes(self) -> int:
        """K."""
        return self.confusion.num_classes

    @property
    def rebuild_due(self) -> bool:
        """Whether the families of this epoch are still to be rebuilt."""
        return self._rebuild_due

    def set_epoch(
        self,
        epoch: int,
        counting: bool,
        scoring: bool,
        rebuild: bool = False,
    ) -> None:
        """Enter a training epoch; what waits belongs to the one before.

        Args:
            epoch: 1-based training epoch.
            counting: Count confusions during it.
            scoring: Let the inter-class loss act during it.
            rebuild: Rebuild the families once, right after the first batch
                of this epoch is counted (the release's order).
        """
        self.flush()
        self.epoch.fill_(epoch)
        self.counting = counting
        self.scoring = scoring
        self._rebuild_due = rebuild

    def observe(
        self,
        inter_embed: Tensor,
        intra_embed: Tensor,
        labels: Tensor,
        preds: Tensor,
    ) -> Observation:
        """Take in one (gathered) training batch, before it is scored.

        Args:
            inter_embed: ``(B, D)`` embeddings for the prototypes.
            intra_embed: ``(B, D)`` unit embeddings for the bank.
            labels: ``(B,)`` int64.
            preds: ``(B,)`` int64 predicted classes.

        Returns:
            What the losses score the batch against.
        """
        if self.counting:
            self.confusion.update(labels, preds)
        prototypes = self.prototypes.update(inter_embed, labels, preds)
        if self._rebuild_due:
            self.families.rebuild(self.confusion.counts)
            self.confusion.forget()
            self._rebuild_due = False
        slots = self.bank.push(intra_embed, labels)
        columns = self.bank.live_columns(intra_embed, slots)
        return Observation(prototypes, columns, slots, self.bank.labels)

    def preview(self, intra_embed: Tensor, labels: Tensor) -> Observation:
        """What a rank's own batch is scored against before it is gathered.

        The bank reads as if this batch alone had been pushed, its rows live;
        the prototypes are the stored ones. Changes nothing.

        Args:
            intra_embed: ``(B, D)`` unit embeddings.
            labels: ``(B,)`` int64.

        Returns:
            What the losses score the batch against.
        """
        slots, column_labels = self.bank.preview(intra_embed, labels)
        columns = self.bank.live_columns(intra_embed, slots)
        return Observation(self.prototypes.mean, columns, slots, column_labels)

    def postpone(self, batch: GatheredBatch) -> None:
        """Let a rank's own batch wait; all that wait go in when n are here.

        Args:
            batch: This rank's batch of one step.
        """
        self.pending.add(batch)
        if self.pending.complete:
            self.flush()

    def flush(self) -> None:
        """Gather what waits and take it in, step by step.

        One collective if anything waits, none otherwise; all ranks must
        come here together.
        """
        for batch in self.pending.gather():
            self.observe(*batch)

    def peek(self, labels: Tensor) -> Observation:
        """What a batch is scored against in evaluation; changes nothing.

        Args:
            labels: ``(B,)`` int64.

        Returns:
            The stored prototypes and bank, none of the batch among them.
        """
        slots = torch.full_like(labels, EMPTY)
        return Observation(
            self.prototypes.mean, self.bank.feats, slots, self.bank.labels
        )

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        # What waits belongs to the history that is replaced here.
        self.pending.clear()
        super()._load_from_state_dict(*args, **kwargs)
