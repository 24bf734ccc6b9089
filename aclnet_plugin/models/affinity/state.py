"""Everything ACLNet learns beside its weights."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .confusion import ConfusionStats
from .families import FamilyTable
from .feature_bank import EMPTY, FeatureBank
from .prototypes import ClassPrototypes


class Observation(NamedTuple):
    """What the losses score a batch against.

    Attributes:
        prototypes: ``(K, D)``, see :meth:`ClassPrototypes.update`.
        columns: ``(Q, D)``, see :meth:`FeatureBank.live_columns`.
        slots: ``(B,)``, see :meth:`FeatureBank.push`.
    """

    prototypes: Tensor
    columns: Tensor
    slots: Tensor


class AffinityState(nn.Module):
    """Confusion counts, families, prototypes, bank and phase.

    All history lives in buffers: it is saved, resumed and moved with the
    model. Every rank makes the same update from the same gathered batch, so
    the buffers are identical on all ranks by construction.

    *When* to count, rebuild and score is decided by
    :class:`~aclnet_plugin.engine.hooks.ConfusionStatisticsHook`, which calls
    :meth:`set_epoch`; this module only knows *what* these words mean.

    Args:
        confusion: The confusion counts.
        families: The family table.
        prototypes: The class prototypes.
        bank: The memory bank.

    Attributes:
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
    ) -> None:
        super().__init__()
        self.confusion = confusion
        self.families = families
        self.prototypes = prototypes
        self.bank = bank
        self.register_buffer('epoch', torch.zeros((), dtype=torch.int64))
        self.counting = False
        self.scoring = False
        self._rebuild_due = False

    @property
    def num_classes(self) -> int:
        """K."""
        return self.confusion.num_classes

    def set_epoch(
        self,
        epoch: int,
        counting: bool,
        scoring: bool,
        rebuild: bool = False,
    ) -> None:
        """Enter a training epoch.

        Args:
            epoch: 1-based training epoch.
            counting: Count confusions during it.
            scoring: Let the inter-class loss act during it.
            rebuild: Rebuild the families once, right after the first batch
                of this epoch is counted (the release's order).
        """
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
            self._rebuild_due = False
        slots = self.bank.push(intra_embed, labels)
        columns = self.bank.live_columns(intra_embed, slots)
        return Observation(prototypes, columns, slots)

    def peek(self, labels: Tensor) -> Observation:
        """What a batch is scored against in evaluation; changes nothing.

        Args:
            labels: ``(B,)`` int64.

        Returns:
            The stored prototypes and bank, none of the batch among them.
        """
        slots = torch.full_like(labels, EMPTY)
        return Observation(self.prototypes.mean, self.bank.feats, slots)
