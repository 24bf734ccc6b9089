"""Evaluation-only forms of the units in ``models/layers``."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..layers.block import ACLBlock
from ..layers.gcn import DynamicGCN, sample_graph
from ..layers.tcn import MultiScaleTCN
from .folding import affine_of, fold, scaled, stack


class FoldedGCN(nn.Module):
    """:class:`DynamicGCN` without norms.

    Values and residual come from one convolution, query and reference from
    another.

    Args:
        unit: In evaluation mode.
    """

    def __init__(self, unit: DynamicGCN) -> None:
        super().__init__()
        self.num_subsets = unit.num_subsets
        self.mid_channels = unit.mid_channels
        self.relate = stack([unit.conv1, unit.conv2])
        values = fold(unit.pre[0], unit.pre[1])
        self.widths = [values.out_channels]
        if isinstance(unit.down, nn.Identity):
            self.enter = values
        else:
            down = fold(unit.down[0], unit.down[1])
            self.widths.append(down.out_channels)
            self.enter = stack([values, down])
        self.post = fold(unit.post, unit.bn)
        self.register_buffer('A', unit.A.detach().clone())
        self.register_buffer('alpha', unit.alpha.detach()[0].clone())
        self.register_buffer('beta', unit.beta.detach()[0].clone())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """As :meth:`DynamicGCN.forward`."""
        n, _, frames, joints = x.shape
        shape = (self.num_subsets, self.mid_channels)
        related = self.relate(x.mean(2, keepdim=True))
        query, reference = related.view(n, 2, *shape, joints).unbind(1)
        dynamic = sample_graph(query, reference, self.alpha, self.beta)
        graph = dynamic + self.A[:, None]
        # The residual is x itself, unless the convolution made one.
        values, residual, *_ = *self.enter(x).split(self.widths, 1), x
        values = values.relu().view(n, *shape, frames, joints)
        out = self.post((values @ graph.to(values.dtype)).flatten(1, 2))
        out += residual
        return out.relu_(), dynamic


class FoldedTCN(nn.Module):
    """:class:`MultiScaleTCN` with one convolution for all branch inputs.

    The mean over the joints is taken behind that convolution, which is the
    same and less work. The norm behind the branches becomes part of the last
    convolution of each. Max-pooling has none, and a negative scale must not
    come before it: it stays as one multiplication.

    Args:
        unit: In evaluation mode.
    """

    def __init__(self, unit: MultiScaleTCN) -> None:
        super().__init__()
        scale, shift = affine_of(unit.transform[0])
        heads: list[nn.Conv2d] = []
        self.tails = nn.ModuleList()
        start = 0
        for branch in unit.branches:
            staged = isinstance(branch, nn.Sequential)
            first = branch[0] if staged else branch
            part = slice(start, start + first.out_channels)
            start = part.stop
            affine = scale[part], shift[part]
            if not staged:
                heads.append(scaled(branch, *affine))
                self.tails.append(EveryFrame(branch.stride[0]))
                continue
            heads.append(fold(branch[0], branch[1]))
            last = branch[3]
            if isinstance(last, nn.MaxPool2d):
                tail: nn.Module = ScaledPool(last, *affine, first.weight.dtype)
            else:
                tail = scaled(last.conv, *affine)
            self.tails.append(nn.Sequential(nn.ReLU(), tail))
        self.widths = [head.out_channels for head in heads]
        self.heads = stack(heads)
        self.register_buffer('add_coeff', unit.add_coeff.detach().clone())
        self.register_buffer(
            'shift', shift.to(self.add_coeff.dtype)[:, None, None]
        )
        self.transform = fold(unit.transform[2], unit.bn)

    def forward(self, x: Tensor) -> Tensor:
        """As :meth:`MultiScaleTCN.forward`."""
        joints = x.shape[3]
        x = self.heads(x)
        x = torch.cat([x, x.mean(3, keepdim=True)], 3)
        parts = zip(self.tails, x.split(self.widths, 1), strict=True)
        x = torch.cat([tail(part) for tail, part in parts], 1)
        local, whole = x.split([joints, 1], 3)
        # The shift counts once, not once more with the mean column.
        whole = whole - self.shift
        x = torch.addcmul(local, whole, self.add_coeff[:joints])
        return self.transform(x.relu_())


class EveryFrame(nn.Module):
    """Every ``stride``-th frame."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """``(n, C, T, V)`` to ``(n, C, ceil(T / stride), V)``."""
        return x[:, :, :: self.stride]


class ScaledPool(nn.Module):
    """Max-pooling, then a scale and a shift for each channel."""

    def __init__(
        self,
        pool: nn.MaxPool2d,
        scale: Tensor,
        shift: Tensor,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.pool = pool
        self.register_buffer('scale', scale.to(dtype)[:, None, None])
        self.register_buffer('shift', shift.to(dtype)[:, None, None])

    def forward(self, x: Tensor) -> Tensor:
        """``(n, C, T, V)`` to ``(n, C, ceil(T / stride), V)``."""
        return torch.addcmul(self.shift, self.pool(x), self.scale)


class FoldedBlock(nn.Module):
    """:class:`ACLBlock` for evaluation.

    Args:
        block: In evaluation mode.
    """

    def __init__(self, block: ACLBlock) -> None:
        super().__init__()
        self.gcn = FoldedGCN(block.gcn)
        self.tcn = FoldedTCN(block.tcn)
        self.residual = block.residual
        if isinstance(block.residual, nn.Sequential):
            self.residual = fold(block.residual.conv, block.residual.bn)

    def forward(
        self, x: Tensor, counts: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """As :meth:`ACLBlock.forward`; there are no statistics to count."""
        out, dynamic = self.gcn(x)
        out = self.tcn(out)
        if self.residual is not None:
            out += self.residual(x)
        return out.relu_(), dynamic

    def train(self, mode: bool = True) -> FoldedBlock:
        """Refuse to train: statistics and parameters are merged.

        Raises:
            RuntimeError: If ``mode`` is True.
        """
        if mode:
            raise RuntimeError(
                'a re-parameterised model can only evaluate; train the model '
                'that it was made from'
            )
        return super().train(mode)
