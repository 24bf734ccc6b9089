"""Inter-class affinity loss: towards the prototype, away from its family."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from aclnet_plugin.utils.checks import check_number

from ..affinity.functional import family_temperature, unit_rows


def cosine_similarity(x: Tensor, y: Tensor, eps: float = 1e-12) -> Tensor:
    """Cosine of every row of ``x`` with every row of ``y``.

    Args:
        x: ``(B, D)``.
        y: ``(K, D)``.
        eps: See :func:`~..affinity.functional.unit_rows`; the cosine of an
            all-zero row is 0.

    Returns:
        ``(B, K)``.
    """
    return unit_rows(x, eps) @ unit_rows(y, eps).T


def inter_affinity_loss(
    similarity: Tensor,
    labels: Tensor,
    negatives: Tensor,
    temperature: Tensor,
) -> Tensor:
    r"""Cross entropy of the own prototype against those of the family.

    .. math:: -\log \frac{e^{f \cdot m_i / \tau_w}}
        {e^{f \cdot m_i / \tau_w} +
        \sum_{a \in W(i)} e^{f \cdot m_a / \tau_w}}

    (Eq. 8). If i itself is marked in its row of ``negatives``, its prototype
    stands in the sum twice, as in the release.

    Args:
        similarity: ``(B, K)`` cosine of samples and prototypes.
        labels: ``(B,)`` int64.
        negatives: ``(B, K)`` bool, family of each sample's class.
        temperature: ``(B,)`` :math:`\tau_w` of each sample's class.

    Returns:
        Scalar: mean over the samples that have a negative; 0 without any.
    """
    scaled = similarity / temperature[:, None]
    positive = scaled.gather(1, labels[:, None])
    contrast = scaled.masked_fill(~negatives, float('-inf'))
    per_sample = torch.cat([positive, contrast], 1).logsumexp(1)
    per_sample = per_sample - positive.squeeze(1)
    scored = negatives.any(1)
    # A sample without negatives has loss log(1) = 0 and gradient 0 already;
    # it must only be kept out of the mean.
    return per_sample.sum() / scored.sum().clamp(min=1)


@MODELS.register_module()
class InterClassAffinityLoss(nn.Module):
    r"""Inter-class affinity contrastive loss (Eq. 8 and 9).

    Holds hyper-parameters only; families and prototypes are handed in.

    Args:
        loss_weight: :math:`\lambda_1`. Defaults to 0.1.
        temperatures: :math:`\tau_w` for small, medium and large families.
            Defaults to (0.1, 0.5, 1.0).
        bounds: Largest small and largest medium family, K and 2K in the
            paper; the head fills in its ``top_k`` unless they are given.
            Defaults to (10, 20).
        eps: Added to norms. Defaults to 1e-12.

    Raises:
        ValueError: If ``temperatures`` and ``bounds`` do not fit together,
            one of the former is not positive, or the weight negative.
    """

    def __init__(
        self,
        loss_weight: float = 0.1,
        temperatures: Sequence[float] = (0.1, 0.5, 1.0),
        bounds: Sequence[int] = (10, 20),
        eps: float = 1e-12,
    ) -> None:
        super().__init__()
        if len(temperatures) != len(bounds) + 1:
            raise ValueError(
                f'{len(bounds)} bounds separate {len(bounds) + 1} family '
                f'sizes, but there are {len(temperatures)} temperatures'
            )
        if list(bounds) != sorted(bounds):
            raise ValueError(f'bounds must ascend, got {tuple(bounds)}')
        for one in temperatures:
            check_number('each of temperatures', one, positive=True)
        self.loss_weight = check_number('loss_weight', loss_weight)
        self.temperatures = tuple(temperatures)
        self.bounds = tuple(bounds)
        self.eps = eps

    def forward(
        self,
        embed: Tensor,
        labels: Tensor,
        prototypes: Tensor,
        member: Tensor,
        usable: Tensor,
    ) -> Tensor:
        """Weighted loss of a batch, in float32 whatever autocast says.

        Args:
            embed: ``(B, D)`` projected features, of any length.
            labels: ``(B,)`` int64.
            prototypes: ``(K, D)``.
            member: ``(K, K)`` bool families.
            usable: ``(K,)`` bool, prototypes that may serve as negatives.

        Returns:
            Scalar.
        """
        with torch.autocast(embed.device.type, enabled=False):
            similarity = cosine_similarity(
                embed.float(), prototypes.float(), self.eps
            )
            family = member[labels]
            temperature = family_temperature(
                family.sum(1), self.bounds, self.temperatures
            )
            return self.loss_weight * inter_affinity_loss(
                similarity, labels, family & usable, temperature
            )
