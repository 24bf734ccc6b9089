"""Pictures of predictions."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...structures import SkeletonLayout
from ...visualization.rendering import FORMATS, Panel, RenderStyle, render
from ...visualization.rendering.geometry import up_of
from ...visualization.rendering.panel import Span
from .errors import InferenceError
from .results import Prediction, top_classes
from .windows import WindowPlan

_UNKNOWN = tuple(
    f'.{name}' for name in 'jpg jpeg bmp webp svg pdf avi mov mkv webm'.split()
)

Beside = Callable[[int, str], Panel | None]
"""Makes the panel beside the prediction of a label, not of that sequence."""


@dataclass(frozen=True)
class PictureStyle:
    """How predictions are drawn.

    Args:
        vis_format: ``'gif'``, ``'mp4'`` or ``'png'`` (a strip), for the
            files of a folder. Defaults to ``'gif'``.
        vis_fps: Frames per second. Defaults to None: of the input if known,
            else 30.
        vis_step: Every which frame is drawn. Defaults to None: all, of a
            GIF at most 300.
        azimuth: See :class:`RenderStyle`. Defaults to 0.
        elevation: See :class:`RenderStyle`. Defaults to 0.
        up: See :class:`RenderStyle`. Defaults to None.
    """

    vis_format: str = 'gif'
    vis_fps: float | None = None
    vis_step: int | None = None
    azimuth: float = 0.0
    elevation: float = 0.0
    up: str | None = None


def check_drawing(
    out: Path, count: int, layout: SkeletonLayout | None, style: PictureStyle
) -> None:
    """Refuse what cannot be drawn, before anything is computed.

    Args:
        out: File or folder.
        count: How many sequences there are.
        layout: Of the skeletons.
        style: How to draw.

    Raises:
        ValueError: If it cannot be drawn.
    """
    if layout is None:
        raise InferenceError(
            'the config does not say the layout of the skeletons, which '
            'pictures need; set layout of its test dataset.'
        )
    up_of(layout, style.up)
    if style.vis_format not in FORMATS:
        raise InferenceError(
            f'vis_format must be one of {", ".join(FORMATS)}, got '
            f'{style.vis_format!r}.'
        )
    if out.suffix.lower() in _UNKNOWN and not out.is_dir():
        raise InferenceError(
            f'{out} must end in .gif, .mp4 or .png, or be a folder.'
        )
    if _is_file(out) and count > 1:
        raise InferenceError(
            f'{out} is one file, but there are {count} sequences; give a '
            'folder.'
        )


def _is_file(out: Path) -> bool:
    return out.suffix.lower().removeprefix('.') in FORMATS and not out.is_dir()


def draw_predictions(
    preds: Sequence[Prediction],
    out: Path,
    layout: SkeletonLayout,
    names: Sequence[str],
    plan: WindowPlan,
    style: PictureStyle,
    beside: Beside | None = None,
) -> list[str | None]:
    """Draw each sequence with what was found in it.

    Args:
        preds: The predictions; those without a sequence are passed over.
        out: A file for one, a folder for several.
        layout: Of the skeletons.
        names: Of all classes.
        plan: How sequences were cut.
        style: How to draw.
        beside: See :data:`Beside`. Defaults to None: nothing.

    Returns:
        The file of each, None where there is none.
    """
    drawn: list[str | None] = []
    taken: set[Path] = set()
    for found in preds:
        if found.sequence is None or found.error is not None:
            drawn.append(None)
            continue
        path = out
        if not _is_file(out):
            path = _free_name(out, found.name, style.vis_format, taken)
        taken.add(path)
        panels = [panel_of(found, layout, names, plan)]
        extra = beside and beside(found.tracks[0].label, found.name)
        if extra is not None:
            panels.append(extra)
        drawing = RenderStyle(
            fps=style.vis_fps or found.fps or 30.0,
            azimuth=style.azimuth,
            elevation=style.elevation,
            up=style.up,
            step=style.vis_step,
        )
        drawn.append(str(render(panels, path, drawing)))
    return drawn


def _free_name(folder: Path, name: str, suffix: str, taken: set[Path]) -> Path:
    """A file name that no other sequence has, without odd characters."""
    stem = re.sub(r'[^\w.-]+', '_', name).strip('._')[-100:] or 'sequence'
    path, number = folder / f'{stem}.{suffix}', 2
    while path in taken:
        path = folder / f'{stem}_{number}.{suffix}'
        number += 1
    return path


def panel_of(
    found: Prediction,
    layout: SkeletonLayout,
    names: Sequence[str],
    plan: WindowPlan,
) -> Panel:
    """The panel of a prediction.

    Args:
        found: With its sequence.
        layout: Of the skeletons.
        names: Of all classes.
        plan: How it was cut.
    """
    track = found.tracks[0]
    alone = track.person is None
    note = found.name
    if found.truth is not None and found.truth < len(names):
        note = f'{note}, annotated as {names[found.truth]}'
    spans = []
    if plan.window is not None and len(found.tracks) == 1:
        spans = [
            Span(one.start, one.end, names[one.label], one.score)
            for one in track.segments(plan)
        ]
    top = top_classes(track.mean, names, 3) if alone else []
    return Panel(
        found.sequence['keypoint'],
        layout,
        names[track.label] if alone else 'One class for each person',
        note,
        [(one['name'], one['score']) for one in top],
        spans,
        {}
        if alone
        else {one.person: names[one.label] for one in found.tracks},
    )
