"""Class prototypes: moving averages of embeddings."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aclnet_plugin.utils.checks import check_number

from .functional import update_prototypes


class ClassPrototypes(nn.Module):
    """One prototype per class (Eq. 7).

    Args:
        num_classes: K.
        embed_dim: D.
        momentum: Share of the old value, in [0, 1). Defaults to 0.9.
        correct_only: Average only samples that the classifier got right.
            Paper: False (default). Release: True.
        random_start: Start from standard normal vectors that are mixed with
            the first samples. Paper: False (default), the first samples of a
            class are its start. Release: True.
        attached: Let gradients flow through the batch's share of the
            prototypes. Paper: False (default). Release: True.
        seed: Of the generator for ``random_start``; the same on all ranks,
            whatever their global random state. Defaults to 0.

    Attributes:
        mean: Buffer ``(K, D)`` float32.
        seen: Buffer ``(K,)`` bool, classes that had a sample.
    """

    mean: Tensor
    seen: Tensor

    def __init__(
        self,
        num_classes: int,
        embed_dim: int,
        momentum: float = 0.9,
        correct_only: bool = False,
        random_start: bool = False,
        attached: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.momentum = check_number('momentum', momentum, below=1)
        self.correct_only = correct_only
        self.random_start = random_start
        self.attached = attached
        if random_start:
            mean = torch.randn(
                num_classes,
                embed_dim,
                generator=torch.Generator().manual_seed(seed),
            )
        else:
            mean = torch.zeros(num_classes, embed_dim)
        self.register_buffer('mean', mean)
        self.register_buffer(
            'seen', torch.zeros(num_classes, dtype=torch.bool)
        )

    def update(self, embed: Tensor, labels: Tensor, preds: Tensor) -> Tensor:
        """Take one batch in.

        A sample with an Inf or NaN, or too long for its length to be
        computed, is passed over: averaged in, an Inf would stay in its
        prototype for the rest of the training.

        Args:
            embed: ``(B, D)`` float32 embeddings.
            labels: ``(B,)`` int64.
            preds: ``(B,)`` int64.

        Returns:
            ``(K, D)`` prototypes to score this batch against. They carry
            gradients only if ``attached``; the buffer never does.
        """
        # The length, not the entries: sums of finite ones can overflow.
        weight = embed.detach().norm(dim=1).isfinite()
        embed = embed.masked_fill(~weight[:, None], 0)
        if self.correct_only:
            weight = weight & (labels == preds)
        updated, seen = update_prototypes(
            self.mean,
            self.seen.clone(),  # the graph may keep it; ours changes below
            embed if self.attached else embed.detach(),
            labels,
            weight,
            self.momentum,
            warm_start=not self.random_start,
        )
        with torch.no_grad():
            self.mean.copy_(updated)
            self.seen.copy_(seen)
        return updated

    @property
    def usable(self) -> Tensor:
        """``(K,)`` bool, prototypes that may enter a loss.

        A random start vector is one in the release and never in the paper.
        """
        return torch.ones_like(self.seen) if self.random_start else self.seen
