"""First step of a graph network: check and normalise clips."""

from __future__ import annotations

from torch import Tensor, nn

from aclnet_plugin.structures import SkeletonLayout


def check_clips(x: Tensor, layout: SkeletonLayout, in_channels: int) -> None:
    """Refuse clips that a graph network was not built for.

    Args:
        x: ``(N, M, T, V, C)``.
        layout: Joints that the network takes.
        in_channels: Channels that it takes.

    Raises:
        ValueError: If joints or channels do not fit the network.
    """
    if x.ndim != 5:
        raise ValueError(
            f'the backbone takes (N, M, T, V, C), got {tuple(x.shape)}; '
            f'does the pipeline end with FormatGCNInput?'
        )
    joints, channels = x.shape[3:]
    if (joints, channels) != (layout.num_joints, in_channels):
        raise ValueError(
            f'the backbone takes {layout.num_joints} joints '
            f'(layout {layout.name!r}) with {in_channels} '
            f'channels, but the input has {joints} with {channels}; '
            f'check graph_cfg.layout and in_channels against the '
            f'annotation file and pipeline'
        )


class SkeletonInput(nn.Module):
    """Batch norm per joint and channel, persons apart.

    Persons share their statistics, so that any number of them fits.

    Args:
        layout: Joints that the network takes.
        in_channels: Channels that it takes.
    """

    def __init__(self, layout: SkeletonLayout, in_channels: int) -> None:
        super().__init__()
        self.layout = layout
        self.in_channels = in_channels
        self.bn = nn.BatchNorm1d(in_channels * layout.num_joints)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise.

        Args:
            x: ``(N, M, T, V, C)``.

        Returns:
            ``(N * M, C, T, V)``.

        Raises:
            ValueError: If joints or channels do not fit the network.
        """
        check_clips(x, self.layout, self.in_channels)
        joints, channels = x.shape[3:]
        x = x.flatten(0, 1)
        # Feature v * C + c of the normalisation is channel c of joint v.
        x = self.bn(x.permute(0, 2, 3, 1).flatten(1, 2))
        x = x.unflatten(1, (joints, channels)).permute(0, 2, 3, 1)
        # Or a convolution keeps the order in memory, which torch.compile does
        # not expect.
        return x.contiguous()
