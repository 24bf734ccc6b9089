"""MS-G3D."""

from __future__ import annotations

from collections.abc import Sequence

from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from ..layers.skeleton_graph import read_graph_cfg
from ..layers.skeleton_input import SkeletonInput
from ..layers.space_time_block import SpaceTimeBlock
from ..layers.stages import stage_channels


@MODELS.register_module()
class MSG3DNet(BaseModule):
    """MS-G3D, written from `its paper <https://arxiv.org/abs/2003.14111>`_.

    ``MSG3D`` is the name in a project of MMAction2, which can be imported
    beside this package. Weights of other implementations do not load.

    Its graphs are learned, but the same for all samples. So there is no
    topology that could be a relation vector: :class:`~..heads.ACLHead` takes
    the pooled feature.

    Args:
        graph_cfg: ``layout``, any of
            :func:`~aclnet_plugin.structures.get_layout`; ``mode`` may be
            given and must be ``'binary_adj'``.
        in_channels: Channels per joint. Defaults to 3.
        base_channels: Channels of the first stage. Defaults to 96.
        num_stages: Number of blocks. Defaults to 3.
        inflate_stages: 1-based stages that double the channels. Defaults to
            (2, 3).
        down_stages: 1-based stages that halve the frames. Defaults to
            (2, 3).
        gcn_scales: Distances 0, 1, ... between joints of a frame that have
            weights of their own. Defaults to 13.
        g3d_scales: The same in a window. Defaults to 6.
        windows: Frames of each window, odd numbers; one pathway each.
            Defaults to (3, 5).
        relation: Must be ``'pooled'``. Defaults to ``'pooled'``.
        init_cfg: As in MMEngine; by default PyTorch's own initialisation.

    Raises:
        ValueError: If ``graph_cfg`` or ``relation`` is unknown, a window is
            even, or there are fewer channels than temporal branches.
    """

    def __init__(
        self,
        graph_cfg: dict,
        in_channels: int = 3,
        base_channels: int = 96,
        num_stages: int = 3,
        inflate_stages: Sequence[int] = (2, 3),
        down_stages: Sequence[int] = (2, 3),
        gcn_scales: int = 13,
        g3d_scales: int = 6,
        windows: Sequence[int] = (3, 5),
        relation: str = 'pooled',
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if relation != 'pooled':
            raise ValueError(
                f"MSG3DNet has relation='pooled' only, got {relation!r}: its "
                f'learned graphs are the same for all samples'
            )
        self.layout, adjacency = read_graph_cfg(
            graph_cfg, ('binary_adj',), 'MSG3DNet'
        )
        self.in_channels = in_channels
        self.input = SkeletonInput(self.layout, in_channels)
        self.blocks = nn.Sequential()
        stages = stage_channels(
            in_channels, base_channels, num_stages, inflate_stages
        )
        for stage, width, out in stages:
            self.blocks.append(
                SpaceTimeBlock(
                    width,
                    out,
                    adjacency[0],
                    stride=2 if stage in down_stages else 1,
                    first=stage == 1,
                    gcn_scales=gcn_scales,
                    g3d_scales=g3d_scales,
                    windows=windows,
                )
            )
        self.out_channels = out

    def forward(self, x: Tensor) -> Tensor:
        """Features of a batch of clips.

        Args:
            x: ``(N, M, T, V, C)``.

        Returns:
            ``(N, M, C_out, T', V)``.

        Raises:
            ValueError: If joints or channels do not fit the model.
        """
        persons = x.shape[:2]
        return self.blocks(self.input(x)).unflatten(0, persons)
