"""The dynamic-graph GCN of ACLNet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from aclnet_plugin.structures.skeletons import get_layout

from ..layers import ACLBlock, random_adjacency, without_repetition
from ..layers.norms import countable, norm, unobserved
from ..layers.relations import check_relation
from ..layers.skeleton_input import check_clips
from ..layers.stages import stage_channels
from ..layers.tcn import DEFAULT_BRANCHES

PERSONS_AT_ONCE = 16
"""On a CPU. Feature maps stay below 32 MB, above which glibc fetches fresh
pages from the system for each of them: twice the time."""


@MODELS.register_module()
class ACLGCN(BaseModule):
    """Dynamic-graph GCN with a relation vector as second output.

    Absent persons (all zeros) are treated like any other, as in the release.
    As they all have the same features, these can be computed once.

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
        share_absent: When absent persons share one computation: ``'auto'``,
            in evaluation, and in training on a CPU; ``'always'``, in
            training on a GPU, too, which is waited for once per step; or
            ``'never'``. The results are the same up to rounding: in training
            the shared person counts in the statistics of a batch as often as
            it is absent. Not shared is in a compiled model, in one with
            hooks on its blocks, and in training with ``SyncBatchNorm`` and
            the like. Shared persons have no second derivatives, and cannot
            be recorded by ``make_fx`` or ``vmap``. Defaults to ``'auto'``.
        relation: ``'topology'``: the last block's dynamic graph is the
            relation vector, V * V long. ``'pooled'``: features are the only
            output, so that any head can follow, and
            :class:`~..heads.ACLHead` takes the pooled feature as relation
            vector (its ``relation_dim`` has to be that of the channels).
            Defaults to ``'topology'``, as in the release.
        init_cfg: As in MMEngine; by default PyTorch's own initialisation.

    Raises:
        ValueError: If ``graph_cfg`` has unknown keys, widths do not work, or
            ``share_absent`` or ``relation`` is unknown.
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
        share_absent: str = 'auto',
        relation: str = 'topology',
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if share_absent not in ('always', 'auto', 'never'):
            raise ValueError(
                f"share_absent must be 'always', 'auto' or 'never', got "
                f'{share_absent!r}'
            )
        self.share_absent = share_absent
        self.relation = check_relation(relation)
        self.layout, adjacency = _start_graph(**graph_cfg)
        self.in_channels = in_channels
        joints = self.layout.num_joints
        self.data_bn = nn.BatchNorm1d(in_channels * joints)
        self.gcn = nn.ModuleList()
        stages = stage_channels(
            in_channels, base_channels, num_stages, inflate_stages, ch_ratio
        )
        for stage, width, out in stages:
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
        self.out_channels = out

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Features, and relation vector if wanted, of a batch of clips.

        Args:
            x: ``(N, M, T, V, C)``.

        Returns:
            ``feats`` ``(N, M, C_out, T', V)`` and, for ``'topology'``,
            ``relation`` ``(N, V * V)``: the last block's dynamic graph
            averaged over persons and channels, source joint before target
            joint (section 2.4). It is exactly zero before the first update.

        Raises:
            ValueError: If joints or channels do not fit the model.
        """
        check_clips(x, self.layout, self.in_channels)
        samples, persons, _, joints, _ = x.shape
        x = x.flatten(0, 1)
        # Asked once: it goes through all modules.
        evaluates = self._only_results_count(x)
        unique = counts = None
        if self._may_share(x, evaluates):
            unique = without_repetition(x)
        if unique is not None:
            x, counts = x[unique.kept], unique.counts
        if evaluates and x.device.type == 'cpu':
            x, relation = self._run_in_parts(x)
        else:
            x, relation = self._run(x, counts)
        if unique is not None:
            x = x.index_select(0, unique.place)
            relation = relation.index_select(0, unique.place)
        feats = x.unflatten(0, (samples, persons))
        if self.relation == 'pooled':
            return feats
        relation = relation.view(samples, persons, joints * joints).mean(1)
        return feats, relation

    def _run_in_parts(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What :meth:`_run` returns, a few persons at a time."""
        parts = [self._run(part) for part in x.split(PERSONS_AT_ONCE)]
        feats, relations = zip(*parts, strict=True)
        return torch.cat(feats), torch.cat(relations)

    def _run(
        self, x: Tensor, counts: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """All blocks.

        Args:
            x: ``(n, T, V, C)``, one person each.
            counts: See :func:`~..layers.norms.norm`.

        Returns:
            ``(n, C_out, T', V)`` and ``(n, V, V)``.
        """
        _, frames, joints, channels = x.shape
        # Feature v * C + c of the normalisation is channel c of joint v.
        x = x.permute(0, 2, 3, 1).flatten(1, 2)
        x = norm(self.data_bn, x, counts).view(-1, joints, channels, frames)
        x = x.permute(0, 2, 3, 1).contiguous()
        for block in self.gcn:
            x, dynamic = block(x, counts)
        # In float32: half precision would round away most of what tells one
        # sample's graph from another's.
        wide = torch.promote_types(dynamic.dtype, torch.float32)
        return x, dynamic.flatten(1, 2).mean(1, dtype=wide)

    def _may_share(self, x: Tensor, evaluates: bool) -> bool:
        """Whether absent persons may share one computation.

        A gradient of the input would be that of the shared person.

        Args:
            x: ``(n, T, V, C)``.
            evaluates: See :meth:`_only_results_count`.
        """
        if self.share_absent == 'never':
            return False
        return evaluates or (
            self.training
            and (self.share_absent == 'always' or x.device.type == 'cpu')
            and not x.requires_grad
            and self._as_it_stands(x)
            and all(
                countable(module)
                for module in self.modules()
                if isinstance(module, _BatchNorm)
            )
        )

    def _only_results_count(self, x: Tensor) -> bool:
        """Whether this is evaluation without gradients and statistics."""
        return (
            not torch.is_grad_enabled()
            and not any(module.training for module in self.modules())
            and self._as_it_stands(x)
        )

    def _as_it_stands(self, x: Tensor) -> bool:
        """Whether nobody records the operations or looks into the blocks.

        A compiled or traced model would keep the number of persons of its
        first batch, and a hook would see other persons than there are.
        """
        return not (
            torch.compiler.is_compiling()
            or torch.jit.is_tracing()
            or x.device.type == 'meta'
            or (x.is_cuda and torch.cuda.is_current_stream_capturing())
        ) and all(map(unobserved, (self.data_bn, self.gcn)))


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
