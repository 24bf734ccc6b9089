"""Channels from stage to stage of a graph network."""

from __future__ import annotations

from collections.abc import Container, Iterator


def stage_channels(
    in_channels: int,
    base_channels: int,
    num_stages: int,
    inflate_stages: Container[int],
    ratio: int = 2,
) -> Iterator[tuple[int, int, int]]:
    """Number, input and output channels of each stage.

    Args:
        in_channels: Of the first stage.
        base_channels: That the first stage puts out.
        num_stages: Number of stages.
        inflate_stages: 1-based stages that multiply the channels; the first
            never does.
        ratio: By what. Defaults to 2.

    Yields:
        The 1-based number of the stage and its channels, in and out.
    """
    width = in_channels
    for stage in range(1, num_stages + 1):
        if stage == 1:
            out = base_channels
        else:
            out = width * (ratio if stage in inflate_stages else 1)
        yield stage, width, out
        width = out
