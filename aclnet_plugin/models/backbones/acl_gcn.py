"""The dynamic-graph GCN of ACLNet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from aclnet_plugin.structures.skeletons import get_layout

from ..layers import DynamicGCN, MultiScaleTCN, random_adjacency
from ..layers.tcn import DEFAULT_BRANCHES


class ACLBlock(nn.Module):
    """Spatial unit, temporal unit and residual (section 2).

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        adjacency: ``(K_s, V, V)`` start value of the learnable graph.
        stride: Temporal stride. Defaults to 1.
        residual: Whether the block adds its input. Defaults to True.
        gcn_ratio: See :class:`DynamicGCN`.
        tcn_branches: See :class:`MultiScaleTCN`.
        num_coeff: See :class:`MultiScaleTCN`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        adjacency: Tensor,
        stride: int = 1,
        residual: bool = True,
        gcn_ratio: float = 0.125,
        tcn_branches: Sequence = DEFAULT_BRANCHES,
        num_coeff: int = 25,
    ) -> None:
        super().__init__()
        self.gcn = DynamicGCN(in_channels, out_channels, adjacency, gcn_ratio)
        self.tcn = MultiScaleTCN(out_channels, stride, tcn_branches, num_coeff)
        self.relu = nn.ReLU()
        self.residual: nn.Module | None
        if not residual:
            self.residual = None
        elif in_channels == out_channels and stride == 1:
            self.residual = nn.Identity()
        else:
            self.residual = nn.Sequential()
            self.residual.add_module(
                'conv',
                nn.Conv2d(in_channels, out_channels, 1, stride=(stride, 1)),
            )
            self.residual.add_module('bn', nn.BatchNorm2d(out_channels))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """``(n, C_in, T, V)`` to features and the block's dynamic graph."""
        out, dynamic = self.gcn(x)
        out = self.tcn(out)
        if self.residual is not None:
            out = out + self.residual(x)
        return self.relu(out), dynamic


@MODELS.register_module()
class ACLGCN(BaseModule):
    """Dynamic-graph GCN with a relation vector as second output.

    Absent persons (all zeros) are treated like any other, as in the release.

    Args:
        graph_cfg: ``layout`` (a name or a layout dict, see
            :func:`~aclnet_plugin.structures.skeletons.get_layout`) and the
            start of the learnable graphs: ``num_filter`` (8), ``init_off``
            (0.04), ``init_std`` (0.02). ``mode`` may be given and must be
            ``'random'``.
        in_channels: Channels per joint. Defaults to 3.
        base_channels: Channels of the first stage. Defaults to 96.
        num_stages: Number of blocks. Defaults to 10.
        inflate_stages: 1-based stages that double the channels. Defaults to
            (5, 8).
        down_stages: 1-based stages that halve the frames. Defaults to
            (5, 8).
        ch_ratio: Factor of the channels at ``inflate_stages``. Defaults
            to 2.
        gcn_ratio: See :class:`~..layers.gcn.DynamicGCN`. Defaults to 0.125.
        tcn_ms_cfg: See :class:`~..layers.tcn.MultiScaleTCN`.
        init_cfg: As in MMEngine; by default PyTorch's own initialisation.

    Raises:
        ValueError: If ``graph_cfg`` has unknown keys, or widths do not work.
    """

    def __init__(
        self,
        graph_cfg: dict,
        in_channels: int = 3,
        base_channels: int = 96,
        num_stages: int = 10,
        inflate_stages: Sequence[int] = (5, 8),
        down_stages: Sequence[int] = (5, 8),
        ch_ratio: int = 2,
        gcn_ratio: float = 0.125,
        tcn_ms_cfg: Sequence = DEFAULT_BRANCHES,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.layout, adjacency = _start_graph(**graph_cfg)
        self.in_channels = in_channels
        joints = self.layout.num_joints
        self.data_bn = nn.BatchNorm1d(in_channels * joints)
        self.gcn = nn.ModuleList()
        width = in_channels
        for stage in range(1, num_stages + 1):
            if stage == 1:
                out = base_channels
            else:
                out = width * (ch_ratio if stage in inflate_stages else 1)
            self.gcn.append(
                ACLBlock(
                    width,
                    out,
                    adjacency,
                    stride=2 if stage in down_stages else 1,
                    residual=stage > 1,
                    gcn_ratio=gcn_ratio,
                    tcn_branches=tcn_ms_cfg,
                    num_coeff=max(25, joints),
                )
            )
            width = out
        self.out_channels = width

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features and relation vector of a batch of clips.

        Args:
            x: ``(N, M, T, V, C)``.

        Returns:
            ``feats`` ``(N, M, C_out, T', V)`` and ``relation``
            ``(N, V * V)``: the last block's dynamic graph averaged over
            persons and channels, source joint before target joint
            (section 2.4). It is exactly zero before the first update.

        Raises:
            ValueError: If joints or channels do not fit the model.
        """
        if x.ndim != 5:
            raise ValueError(
                f'the backbone takes (N, M, T, V, C), got {tuple(x.shape)}; '
                f'does the pipeline end with FormatGCNInput?'
            )
        samples, persons, frames, joints, channels = x.shape
        if (joints, channels) != (self.layout.num_joints, self.in_channels):
            raise ValueError(
                f'the backbone takes {self.layout.num_joints} joints '
                f'(layout {self.layout.name!r}) with {self.in_channels} '
                f'channels, but the input has {joints} with {channels}; '
                f'check graph_cfg.layout and in_channels against the '
                f'annotation file and pipeline'
            )
        # Feature v * C + c of the normalisation is channel c of joint v.
        x = x.permute(0, 1, 3, 4, 2).reshape(
            samples * persons, joints * channels, frames
        )
        x = self.data_bn(x).view(-1, joints, channels, frames)
        x = x.permute(0, 2, 3, 1).contiguous()
        for block in self.gcn:
            x, dynamic = block(x)
        # In float32: half precision would round away most of what tells one
        # sample's graph from another's.
        wide = torch.promote_types(dynamic.dtype, torch.float32)
        relation = dynamic.flatten(1, 2).mean(1, dtype=wide)
        relation = relation.view(samples, persons, joints * joints).mean(1)
        return x.view(samples, persons, *x.shape[1:]), relation


def _start_graph(
    layout: str | dict | None = None,
    mode: str = 'random',
    num_filter: int = 8,
    init_off: float = 0.04,
    init_std: float = 0.02,
    **unknown: Any,
) -> tuple[Any, Tensor]:
    """Layout and start adjacency from ``graph_cfg``."""
    if unknown:
        raise ValueError(
            f'unknown key(s) in graph_cfg: {sorted(unknown)}; known are '
            f'layout, mode, num_filter, init_off, init_std'
        )
    if layout is None:
        raise ValueError("graph_cfg needs a layout, e.g. layout='nturgb+d'")
    if mode != 'random':
        raise ValueError(
            f"ACLGCN learns its graphs from mode='random', got {mode!r}"
        )
    layout = get_layout(layout)
    adjacency = random_adjacency(
        layout.num_joints, num_filter, init_off, init_std
    )
    return layout, adjacency
