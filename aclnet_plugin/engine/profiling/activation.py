"""Brings a fresh model to the phase in which a step costs most."""

from __future__ import annotations

import torch
from torch import nn

from ..hooks.confusion_statistics_hook import find_affinity_states


@torch.no_grad()
def activate_losses(model: nn.Module) -> int:
    """Make both contrastive losses act from the next step on.

    The state counts, scores and rebuilds its families in the next step; the
    bank is filled with made-up features, because with the release's
    behaviour its loss waits for a full bank. Equal on all ranks.

    Args:
        model: A model, possibly wrapped.

    Returns:
        How many affinity states there are; 0 for stock heads.
    """
    generator = torch.Generator().manual_seed(0)
    states = find_affinity_states(model)
    for state in states:
        state.set_epoch(1, counting=True, scoring=True, rebuild=True)
        bank = state.bank
        feats = torch.randn(bank.feats.shape, generator=generator)
        labels = torch.arange(bank.size) % state.num_classes
        bank.push(
            nn.functional.normalize(feats, dim=1).to(bank.feats.device),
            labels.to(bank.labels.device),
        )
    return len(states)
