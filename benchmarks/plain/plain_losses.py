"""The two losses and their state, one sample and one class at a time.

Written down from the equations in two ways: with vector operations for what
concerns one sample, or with each product of two vectors on its own. The
values are those of the package in its ``paper`` behaviour.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


class LoopOverSamples:
    """Prototypes, memory bank and both losses.

    Args:
        num_classes: K.
        embed_dim: D.
        bank_size: Q.
        member: ``(K, K)`` bool families.
    """

    momentum, temperature, margin, weight = 0.9, 0.1, 0.1, 0.1

    def __init__(
        self,
        num_classes: int,
        embed_dim: int,
        bank_size: int,
        member: Tensor,
    ) -> None:
        self.families = [row.nonzero().flatten() for row in member]
        self.prototypes = torch.zeros(num_classes, embed_dim)
        self.seen = [False] * num_classes
        self.bank_size = bank_size
        self.bank_feats = torch.zeros(0, embed_dim)
        self.bank_labels = torch.zeros(0, dtype=torch.int64)

    @staticmethod
    def products(rows: Tensor, vector: Tensor) -> Tensor:
        """Inner product of a sample with all it is compared with."""
        return rows @ vector

    def inter(self, embed: Tensor, labels: Tensor) -> Tensor:
        """Update the prototypes (Eq. 7); the loss of Eq. 8 and 9."""
        self.update_prototypes(embed.detach(), labels)
        losses = []
        for sample, label in zip(embed, labels.tolist(), strict=True):
            family = self.families[label]
            tau = 0.1 if len(family) <= 10 else 0.5
            if len(family) > 20:
                tau = 1.0
            others = [a for a in family.tolist() if self.seen[a]]
            if not others:
                continue
            compared = F.normalize(self.prototypes[[label, *others]])
            cosine = self.products(compared, F.normalize(sample, dim=0)) / tau
            losses.append(torch.logsumexp(cosine, 0) - cosine[0])
        if not losses:
            return embed.new_zeros(())
        return self.weight * torch.stack(losses).mean()

    def update_prototypes(self, embed: Tensor, labels: Tensor) -> None:
        """Move the prototype of each class towards its samples."""
        for label in range(len(self.prototypes)):
            samples = embed[labels == label]
            if not len(samples):
                continue
            mean = samples.mean(0)
            if self.seen[label]:
                mean = (
                    self.momentum * self.prototypes[label]
                    + (1 - self.momentum) * mean
                )
            self.prototypes[label] = mean
            self.seen[label] = True

    def intra(self, embed: Tensor, labels: Tensor) -> Tensor:
        """Put the batch into the bank; the loss of Eq. 15."""
        unit = F.normalize(embed)
        # Of a batch larger than the bank only the newest samples enter.
        first = max(len(labels) - self.bank_size, 0)
        room = self.bank_size - (len(labels) - first)
        oldest = max(len(self.bank_labels) - room, 0)
        memory_feats = self.bank_feats[oldest:]
        memory_labels = self.bank_labels[oldest:]
        # The batch stands behind the memory, with its graph.
        feats = torch.cat([memory_feats, unit[first:]])
        feats_labels = torch.cat([memory_labels, labels[first:]])
        self.bank_feats, self.bank_labels = feats.detach(), feats_labels
        losses = []
        for number, label in enumerate(labels):
            logits = self.products(feats, unit[number]) / self.temperature
            same = feats_labels == label
            negatives = logits[~same].exp().sum()
            if number >= first:
                same[len(memory_labels) + number - first] = False
            positives = logits[same]
            if not len(positives):
                losses.append(embed.new_zeros(()))
                continue
            below = (positives - self.margin).exp() + negatives
            losses.append((below.log() - positives).mean())
        return self.weight * torch.stack(losses).mean()


class LoopOverPairs(LoopOverSamples):
    """The same with the exponents of Eq. 8 and 15 one by one."""

    @staticmethod
    def products(rows: Tensor, vector: Tensor) -> Tensor:
        """Inner product of a sample with each it is compared with."""
        return torch.stack([row @ vector for row in rows])
