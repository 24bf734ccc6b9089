"""Which sizes of the input an exported model leaves open."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import product
from typing import NamedTuple

from torch import nn

from .onnx_errors import OnnxError

AXES = ('batch', 'persons', 'frames')
"""Names of the first three axes of the input ``(N, M, T, V, C)``."""


class ClipSizes(NamedTuple):
    """Sizes of the input; those that are open are typical values.

    Attributes:
        batch: N, clips.
        persons: M, persons of a clip.
        frames: T, frames of a clip.
        joints: V, always fixed: graphs are V x V.
        channels: C, always fixed: those of the first convolution.
    """

    batch: int
    persons: int
    frames: int
    joints: int
    channels: int


def fixed_by_model(backbone: nn.Module) -> dict[str, str]:
    """Sizes that a backbone has built in.

    Args:
        backbone: Any GCN.

    Returns:
        Reasons by axis.
    """
    if getattr(backbone, 'data_bn_type', None) != 'MVC':
        return {}
    name = type(backbone).__name__
    return {
        'persons': f'{name} with data_bn_type={"MVC"!r} normalises each '
        f'channel of each joint of each person by itself, so its first batch '
        f'norm has the number of persons built in'
    }


def persons_of(backbone: nn.Module, joints: int, channels: int) -> int | None:
    """How many persons a backbone is built for, None if for any number.

    Args:
        backbone: Any GCN.
        joints: V.
        channels: C.
    """
    if 'persons' not in fixed_by_model(backbone):
        return None
    return backbone.data_bn.num_features // (joints * channels)


def input_of(backbone: nn.Module) -> tuple[int, int]:
    """Joints and channels that a backbone takes.

    Args:
        backbone: Any GCN.

    Raises:
        OnnxError: If it does not tell.
    """
    layout = getattr(backbone, 'layout', None)
    graph = getattr(backbone, 'graph', None)
    joints = getattr(layout, 'num_joints', getattr(graph, 'num_node', None))
    channels = getattr(backbone, 'in_channels', None)
    if joints is None or channels is None:
        raise OnnxError(
            f'a {type(backbone).__name__} does not tell how many joints and '
            f'channels it takes; ACLGCN, STGCN and AAGCN do'
        )
    return joints, channels


def example_sizes(sizes: ClipSizes, fixed: Collection[str]) -> ClipSizes:
    """Sizes to export with: torch takes an open size of 1 for a fixed one.

    Args:
        sizes: Typical sizes.
        fixed: Axes that are fixed.
    """
    wider = {
        axis: max(2, getattr(sizes, axis))
        for axis in AXES
        if axis not in fixed
    }
    return sizes._replace(**wider)


def other_sizes(
    sizes: ClipSizes, fixed: Collection[str]
) -> Iterator[ClipSizes]:
    """Sizes to check a file with: smaller and larger in each open axis.

    Args:
        sizes: Typical sizes.
        fixed: Axes that are fixed.
    """
    # An odd number of frames takes the other branch of each halving.
    frames = sizes.frames
    tried: Mapping[str, tuple[int, ...]] = {
        'batch': (1, 3),
        'persons': (1, 3),
        'frames': (frames, frames + 7 - frames % 2, max(1, frames // 3)),
    }
    yield sizes
    open_axes = [axis for axis in AXES if axis not in fixed]
    for axis in open_axes:
        for size in tried[axis]:
            yield sizes._replace(**{axis: size})
    # All at once, without the many combinations.
    for values in product(*(tried[axis][-1:] for axis in open_axes)):
        yield sizes._replace(**dict(zip(open_axes, values, strict=True)))
