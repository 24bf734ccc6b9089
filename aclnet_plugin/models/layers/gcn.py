"""Spatial unit: graph convolution over a learned and a dynamic graph."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .norms import chain, norm


class DynamicGCN(nn.Module):
    """Graph convolution whose graph depends on the sample (section 2.1).

    The graph of a sample is the sum of a free parameter ``A``, a
    channel-wise graph of pairwise joint differences and a joint-similarity
    graph. Shapes: ``n`` samples times persons, ``K_s`` subsets, ``c``
    channels per subset, ``T`` frames, ``V`` joints.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        adjacency: ``(K_s, V, V)`` start value of ``A``.
        ratio: Channels per subset over output channels. Defaults to 0.125.

    Raises:
        ValueError: If ``ratio`` leaves no channel for a subset.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        adjacency: Tensor,
        ratio: float = 0.125,
    ) -> None:
        super().__init__()
        num_subsets = adjacency.shape[0]
        mid_channels = int(ratio * out_channels)
        width = mid_channels * num_subsets
        if mid_channels < 1:
            raise ValueError(
                f'gcn_ratio {ratio} leaves no channel of {out_channels}; '
                f'use a larger base_channels or gcn_ratio'
            )
        self.num_subsets = num_subsets
        self.mid_channels = mid_channels
        self.A = nn.Parameter(adjacency.clone())
        # One entry per subset, of which the method uses the first; kept so
        # that official checkpoints load.
        self.alpha = nn.Parameter(torch.zeros(num_subsets))
        self.beta = nn.Parameter(torch.zeros(num_subsets))
        self.pre = nn.Sequential(
            nn.Conv2d(in_channels, width, 1),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        )
        self.conv1 = nn.Conv2d(in_channels, width, 1)
        self.conv2 = nn.Conv2d(in_channels, width, 1)
        self.post = nn.Conv2d(width, out_channels, 1)
        self.bn = nn.BatchNorm2d(out_channels)
        if in_channels == out_channels:
            self.down = nn.Identity()
        else:
            self.down = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1),
                nn.BatchNorm2d(out_channels),
            )
        self.relu = nn.ReLU(inplace=True)

    def dynamic_graph(self, x: Tensor) -> Tensor:
        r"""The sample-dependent part of the graph.

        .. math:: D_{kcvw} = \alpha_0 \tanh(Q_{kcv} - R_{kcw})
            + \beta_0 \operatorname{softmax}_v \sum_c Q_{kcv} R_{kcw}

        Q and R are 1x1 convolutions of x averaged over time. Averaging
        first is the same for T times less work.

        Args:
            x: ``(n, C, T, V)``.

        Returns:
            ``(n, K_s, c, V, V)``, source joint before target joint.
        """
        pooled = x.mean(2, keepdim=True)
        shape = (x.shape[0], self.num_subsets, self.mid_channels, x.shape[3])
        query = self.conv1(pooled).view(shape)
        reference = self.conv2(pooled).view(shape)
        return sample_graph(query, reference, self.alpha[0], self.beta[0])

    def forward(
        self, x: Tensor, counts: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Convolve over the graph.

        Args:
            x: ``(n, C_in, T, V)``.
            counts: See :func:`~.norms.norm`.

        Returns:
            Features ``(n, C_out, T, V)`` and the dynamic graph
            ``(n, K_s, c, V, V)``, which does not include ``A``.
        """
        n, _, frames, joints = x.shape
        dynamic = self.dynamic_graph(x)
        graph = dynamic + self.A[:, None]
        values = chain(self.pre, x, counts).view(
            n, self.num_subsets, self.mid_channels, frames, joints
        )
        out = (values @ graph.to(values.dtype)).flatten(1, 2)
        out = norm(self.bn, self.post(out), counts)
        if isinstance(self.down, nn.Identity):
            out += x
        else:
            out += chain(self.down, x, counts)
        return self.relu(out), dynamic


def sample_graph(
    query: Tensor, reference: Tensor, alpha: Tensor, beta: Tensor
) -> Tensor:
    """See :meth:`DynamicGCN.dynamic_graph`.

    Args:
        query: ``(n, K_s, c, V)``.
        reference: ``(n, K_s, c, V)``.
        alpha: Weight of the channel-wise graph.
        beta: Weight of the similarity graph.

    Returns:
        ``(n, K_s, c, V, V)``.
    """
    channelwise = torch.tanh(query[..., None] - reference[..., None, :])
    similarity = (query.transpose(2, 3) @ reference).softmax(2)
    return torch.addcmul(beta * similarity[:, :, None], alpha, channelwise)
