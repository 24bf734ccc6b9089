"""Start values of the learnable adjacency."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def random_adjacency(
    num_joints: int,
    num_subsets: int = 8,
    offset: float = 0.04,
    std: float = 0.02,
) -> Tensor:
    """A dense random graph; skeleton edges have no part in it.

    Drawn from NumPy's global generator, which the Runner seeds.

    Args:
        num_joints: V.
        num_subsets: K_s, graphs per block.
        offset: Mean of the entries.
        std: Their standard deviation.

    Returns:
        ``(K_s, V, V)`` float32.
    """
    noise = np.random.randn(num_subsets, num_joints, num_joints)
    return torch.tensor(offset + std * noise, dtype=torch.float32)
