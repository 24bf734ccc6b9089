"""Batch norm of neighbouring channels, and of persons that count twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm


def norm(module: nn.Module, x: Tensor, counts: Tensor | None = None) -> Tensor:
    """Call a norm on persons that stand for several equal ones.

    Args:
        module: A batch norm; with ``counts``, one that is
            :func:`countable`. Anything else treats each person by itself
            and is called as it is.
        x: ``(n, C, ...)``.
        counts: ``(n,)``, how often each person counts in the statistics of
            the batch. Defaults to None: once.

    Returns:
        ``(n, C, ...)``.
    """
    if counts is None or not (
        isinstance(module, _BatchNorm) and module.training
    ):
        return module(x)
    return _together(x, [module], counts)


def chain(
    modules: nn.Sequential, x: Tensor, counts: Tensor | None = None
) -> Tensor:
    """Call modules one after the other, see :func:`norm`."""
    if counts is None:
        return modules(x)
    for module in modules:
        x = norm(module, x, counts)
    return x


def norms(
    x: Tensor, modules: Sequence[nn.Module], counts: Tensor | None = None
) -> Tensor:
    """Call the batch norms of neighbouring channels together.

    If one is of another kind (``SyncBatchNorm``), or has settings of its own
    (a frozen one among others), each is called by itself.

    Args:
        x: ``(n, C, ...)``, C the channels of all norms.
        modules: In the order of the channels.
        counts: See :func:`norm`.

    Returns:
        ``(n, C, ...)``.
    """
    if all(_alike(modules[0], module) for module in modules):
        return _together(x, modules, counts)
    widths = [module.num_features for module in modules]
    parts = zip(modules, x.split(widths, 1), strict=True)
    return torch.cat([norm(m, part, counts) for m, part in parts], 1)


def _together(
    x: Tensor, modules: Sequence[nn.Module], counts: Tensor | None
) -> Tensor:
    """What :func:`norms` does with norms that are alike."""
    first = modules[0]
    widths = [module.num_features for module in modules]
    mean, var, weight, bias = (
        torch.cat([getattr(module, name) for module in modules])
        for name in ('running_mean', 'running_var', 'weight', 'bias')
    )
    settings = first.training, first.momentum, first.eps
    if counts is None or not first.training:
        x = F.batch_norm(x, mean, var, weight, bias, *settings)
    else:
        x, *batch = _CountedNorm.apply(x, weight, bias, counts, first.eps)
        mean.lerp_(batch[0], first.momentum)
        size = counts.to(var).sum() * x[0, 0].numel()
        var.lerp_(batch[1] * (size / (size - 1)), first.momentum)
    if first.training:
        with torch.no_grad():
            parts = zip(mean.split(widths), var.split(widths), strict=True)
            for module, (own_mean, own_var) in zip(
                modules, parts, strict=True
            ):
                module.running_mean.copy_(own_mean)
                module.running_var.copy_(own_var)
                module.num_batches_tracked.add_(1)
    return x


def unobserved(module: nn.Module) -> bool:
    """Whether nobody hooked on to a module or its parts.

    A hook would not be called, or see other persons than there are, if its
    module were skipped or shared. Pruning and the older weight norms work by
    hooks, too.
    """
    return not any(
        part._forward_hooks
        or part._forward_pre_hooks
        or part._backward_hooks
        or part._backward_pre_hooks
        for part in module.modules()
    )


def countable(module: nn.Module) -> bool:
    """Whether :func:`norms` knows how to do what a batch norm does."""
    return (
        type(module) in (nn.BatchNorm1d, nn.BatchNorm2d)
        and module.affine
        and module.track_running_stats
        and module.momentum is not None
    )


def _alike(first: nn.Module, other: nn.Module) -> bool:
    """Whether two norms differ in nothing but their tensors."""
    return (
        countable(other)
        and type(first) is type(other)
        and (first.training, first.momentum, first.eps)
        == (other.training, other.momentum, other.eps)
    )


class _CountedNorm(Function):
    """Batch norm as if each row were there ``counts`` times.

    The gradient of a row has to be the sum over its repetitions, which is
    what the gradient of an index operation is. There is no second derivative.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        counts: Tensor,
        eps: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        wide = x.to(torch.promote_types(x.dtype, weight.dtype))
        column = (-1, *[1] * (x.ndim - 2))  # channels beside (n, C, ...)
        share = counts.to(wide) / counts.sum()
        # Sums, since autocast would round the operands of a product. A norm
        # in a second pass: a tenth of the time of torch.var_mean on a CPU.
        total = (share[:, None] * wide.flatten(2).mean(2)).sum(0)
        out = wide - total.view(column)
        spread = torch.linalg.vector_norm(out.flatten(2), dim=2).square_()
        var = (share[:, None] * spread).sum(0) / x[0, 0].numel()
        slope = weight * (var + eps).rsqrt()
        out = out.mul_(slope.view(column)).add_(bias.view(column)).to(x.dtype)
        ctx.save_for_backward(x, weight, total, var, share)
        ctx.eps = eps
        ctx.mark_non_differentiable(total, var)
        return out, total, var

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, *_: None) -> tuple:
        x, weight, mean, var, share = ctx.saved_tensors
        # As if the statistics were constants, then what they contribute.
        grad_x, grad_weight, grad_bias = (
            torch.ops.aten.native_batch_norm_backward(
                grad.contiguous(),
                x,
                weight,
                mean,
                var,
                None,
                None,
                False,
                ctx.eps,
                (True, True, True),
            )
        )
        inverse = (var + ctx.eps).rsqrt()
        slope = weight * inverse.square() * grad_weight
        offset = weight * inverse * grad_bias - mean * slope
        rows = share / x[0, 0].numel()
        shape = (len(x), x.shape[1], *[1] * (x.ndim - 2))
        grad_x -= torch.outer(rows, offset).view(shape)
        grad_x.addcmul_(
            x, torch.outer(rows, slope).view(shape).to(x.dtype), value=-1
        )
        return grad_x, grad_weight, grad_bias, None, None
