"""CTR-GCN, with its learned topology as relation vector."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from ..layers.channel_topology import ChannelTopologyBlock
from ..layers.relations import check_relation
from ..layers.skeleton_graph import read_graph_cfg
from ..layers.skeleton_input import SkeletonInput
from ..layers.stages import stage_channels


@MODELS.register_module()
class CTRGCNet(BaseModule):
    """CTR-GCN, written from `its paper <https://arxiv.org/abs/2107.12213>`_.

    ``CTRGCN`` is the name in a project of MMAction2, which can be imported
    beside this package. Weights of other implementations do not load.

    Args:
        graph_cfg: ``layout`` (any of
            :func:`~aclnet_plugin.structures.get_layout`), ``mode``
            (``'spatial'``, the paper's three subsets itself, inward and
            outward; ``'stgcn_spatial'``; ``'binary_adj'``) and ``max_hop``,
            see MMAction2's ``Graph``. It is the start of the topologies.
        in_channels: Channels per joint. Defaults to 3.
        base_channels: Channels of the first stage. Defaults to 64.
        num_stages: Number of blocks. Defaults to 10.
        inflate_stages: 1-based stages that double the channels. Defaults to
            (5, 8).
        down_stages: 1-based stages that halve the frames. Defaults to
            (5, 8).
        relation: ``'pooled'``: features are the only output, so that any
            head can follow, and :class:`~..heads.ACLHead` takes the pooled
            feature as relation vector. ``'topology'``: what the last block
            finds out about the topology of the sample is the relation
            vector, V * V long (``relation_dim`` of the head). Defaults to
            ``'pooled'``.
        init_cfg: As in MMEngine; by default that of the authors, normal
            distributions scaled by the outputs (Kaiming).

    Raises:
        ValueError: If ``graph_cfg`` or ``relation`` is unknown, or there are
            fewer channels than temporal branches.
    """

    def __init__(
        self,
        graph_cfg: dict,
        in_channels: int = 3,
        base_channels: int = 64,
        num_stages: int = 10,
        inflate_stages: Sequence[int] = (5, 8),
        down_stages: Sequence[int] = (5, 8),
        relation: str = 'pooled',
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.relation = check_relation(relation)
        self.layout, adjacency = read_graph_cfg(
            graph_cfg, ('spatial', 'stgcn_spatial', 'binary_adj'), 'CTRGCNet'
        )
        self.in_channels = in_channels
        self.input = SkeletonInput(self.layout, in_channels)
        self.blocks = nn.ModuleList()
        stages = stage_channels(
            in_channels, base_channels, num_stages, inflate_stages
        )
        for stage, width, out in stages:
            self.blocks.append(
                ChannelTopologyBlock(
                    width,
                    out,
                    torch.from_numpy(adjacency),
                    stride=2 if stage in down_stages else 1,
                    first=stage == 1,
                )
            )
        self.out_channels = out

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Features, and relation vector if wanted, of a batch of clips.

        Args:
            x: ``(N, M, T, V, C)``.

        Returns:
            ``feats`` ``(N, M, C_out, T', V)`` and, for ``'topology'``,
            ``relation`` ``(N, V * V)``: the last block's correlations Q
            averaged over persons, subsets and channels, source joint before
            target joint. As in ACLNet the learned topology that all samples
            share is not part of it. Nor is the factor alpha, which starts at
            zero and grows so slowly that the vector would vanish beside the
            bias of the head's projections.

        Raises:
            ValueError: If joints or channels do not fit the model.
        """
        persons = x.shape[:2]
        x = self.input(x)
        for block in self.blocks:
            x, found = block(x)
        x = x.unflatten(0, persons)
        if self.relation == 'pooled':
            return x
        # In float32: half precision would round away most of what tells one
        # sample's graph from another's.
        wide = torch.promote_types(found.dtype, torch.float32)
        found = found.mean((1, 2), dtype=wide).unflatten(0, persons)
        return x, found.mean(1).flatten(1)
