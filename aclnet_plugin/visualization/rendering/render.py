"""From panels to a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .frames import moving, strip
from .panel import Panel, RenderError
from .writers import write_gif, write_mp4, write_png

FORMATS = ('gif', 'mp4', 'png')

_MOST_GIF_FRAMES = 300


@dataclass(frozen=True)
class RenderStyle:
    """How panels are drawn.

    Args:
        fps: Frames per second of the sequences. Defaults to 30.
        size: Width and height of the box of a skeleton, pixels. Defaults to
            360.
        azimuth: Degrees by which a 3D skeleton is turned about its vertical
            axis. Defaults to 0: along the depth.
        elevation: Degrees by which the eye is raised. Defaults to 0.
        up: The axis that points up, ``'y'``, ``'-y'``, ``'z'`` or ``'-z'``.
            Defaults to None: what is known of the layout.
        step: Every which frame is drawn; the speed stays. Defaults to None:
            all, of a GIF at most 300.
        columns: Frames of a strip (PNG). Defaults to 8.

    Raises:
        RenderError: If a number is out of range.
    """

    fps: float = 30.0
    size: int = 360
    azimuth: float = 0.0
    elevation: float = 0.0
    up: str | None = None
    step: int | None = None
    columns: int = 8

    def __post_init__(self) -> None:
        limits = {
            'fps': (0.1, 1000),
            'size': (80, 4096),
            'columns': (1, 64),
            'step': (1, 1_000_000),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise RenderError(
                    f'{name} must be from {low} to {high}, got {value}.'
                )


def render(
    panels: Panel | Sequence[Panel],
    path: str | os.PathLike[str],
    style: RenderStyle | None = None,
) -> Path:
    """Draw panels side by side (a strip: one below the other).

    Args:
        panels: One or more.
        path: File to write, ``.gif``, ``.mp4`` or ``.png``; an existing one
            is replaced.
        style: See :class:`RenderStyle`. Defaults to None: its defaults.

    Returns:
        The file.

    Raises:
        RenderError: If it has another suffix, or cannot be drawn.
    """
    path, style = Path(path), style or RenderStyle()
    panels = [panels] if isinstance(panels, Panel) else list(panels)
    if not panels:
        raise RenderError('there is no panel to draw.')
    suffix = path.suffix.lower().removeprefix('.')
    view = {
        'azimuth': style.azimuth,
        'elevation': style.elevation,
        'up': style.up,
    }
    if suffix == 'png':
        cell = max(style.size * 2 // 5, 60)
        write_png(path, strip(panels, cell, view, style.columns))
        return path
    if suffix not in FORMATS:
        raise RenderError(
            f'{path} must end in .gif, .mp4 or .png (a strip of frames).'
        )
    total = max(panel.frames for panel in panels)
    step = style.step
    if step is None:
        step = -(-total // _MOST_GIF_FRAMES) if suffix == 'gif' else 1
    frames = moving(panels, style.size, view, step)
    if suffix == 'gif':
        write_gif(path, frames, step / style.fps)
    else:
        write_mp4(path, frames, style.fps / step)
    return path
