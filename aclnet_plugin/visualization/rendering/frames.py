"""Whole pictures: several panels side by side, frame after frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from .figures import draw_persons
from .geometry import to_screen
from .layers import (
    BAR,
    PAD,
    SCORE,
    draw_cursor,
    draw_head,
    draw_scores,
    draw_spans,
    foot_height,
    head_height,
)
from .palette import FIELD, GREY
from .panel import Panel
from .text import fitted, text_width, write

_GAP = 8  # between panels


def moving(
    panels: Sequence[Panel], size: int, view: dict, step: int = 1
) -> Iterator[np.ndarray]:
    """Pictures of all frames; shorter panels begin again.

    Args:
        panels: Side by side.
        size: Width and height of the box of a skeleton, pixels.
        view: Arguments of :func:`to_screen`.
        step: Every which frame is drawn. Defaults to 1.

    Yields:
        ``(H, W, 3)`` uint8; both sides are even, as videos need them.
    """
    head, foot = head_height(panels), foot_height(panels)
    width = size * len(panels) + _GAP * (len(panels) - 1)
    height = head + size + foot
    still = np.full((height + height % 2, width + width % 2, 3), 255, np.uint8)
    screens = [to_screen(p, size - 4, size - 4, **view) for p in panels]
    bars = []
    for place, panel in enumerate(panels):
        x = place * (size + _GAP)
        still[head : head + size, x + 2 : x + size - 2] = FIELD
        draw_head(still, panel, x, size)
        y = draw_scores(still, panel, x, head + size + 8, size)
        bars.append((x + PAD, y + 6, size - 2 * PAD))
        if panel.spans:
            draw_spans(still, panel, *bars[-1])
    for frame in range(0, max(panel.frames for panel in panels), step):
        image = still.copy()
        for place, panel in enumerate(panels):
            own = frame % panel.frames
            x = place * (size + _GAP)
            box = image[head : head + size, x + 2 : x + size - 2]
            draw_persons(
                box, screens[place], own, panel.layout, panel.labels, (0, 2)
            )
            counter = f'{own + 1} / {panel.frames}'
            write(box, size - 12, size - 20, counter, 11, GREY, 'right')
            if panel.spans:
                draw_cursor(image, panel, own, *bars[place])
        yield image


def strip(
    panels: Sequence[Panel], cell: int, view: dict, columns: int = 8
) -> np.ndarray:
    """One picture with some frames of each panel, a row for each.

    Args:
        panels: One below the other.
        cell: Width of the box of a skeleton, pixels.
        view: Arguments of :func:`to_screen`.
        columns: Frames of each panel. Defaults to 8.

    Returns:
        ``(H, W, 3)`` uint8.
    """
    rows = [_row(panel, cell, view, columns) for panel in panels]
    width = max(row.shape[1] for row in rows)
    padded = [
        np.pad(
            row,
            ((0, 0), (0, width - row.shape[1]), (0, 0)),
            constant_values=255,
        )
        for row in rows
    ]
    return np.concatenate(padded)


def _row(panel: Panel, cell: int, view: dict, columns: int) -> np.ndarray:
    tall = round(cell * 1.25)
    chosen = np.linspace(0, panel.frames - 1, min(columns, panel.frames))
    chosen = np.unique(chosen.round().astype(int))
    # Titles and scores need room, however few the frames are.
    width = max(cell * len(chosen), 360)
    head, foot = head_height([panel]), foot_height([panel])
    image = np.full((head + tall + 18 + foot, width, 3), 255, np.uint8)
    draw_head(image, panel, 0, width)
    screen = to_screen(panel, cell - 6, tall - 4, follow=True, **view)
    for place, frame in enumerate(chosen):
        x = place * cell
        box = image[head : head + tall, x + 3 : x + cell - 3]
        box[:] = FIELD
        labels = panel.labels if place == 0 else {}
        draw_persons(
            box, screen, int(frame), panel.layout, labels, (0, 2), 2.2
        )
        middle = x + cell / 2
        write(
            image, middle, head + tall + 2, f'{frame + 1}', 11, GREY, 'middle'
        )
    y = head + tall + 24
    if panel.spans:
        y = _legend(image, panel, y, cell * len(chosen))
    draw_scores(image, panel, 0, y, min(width, 480))
    return image


def _legend(image: np.ndarray, panel: Panel, y: int, width: int) -> int:
    """The bar of segments with the names of its classes below."""
    bar = (3, y, width - 6)
    colours = draw_spans(image, panel, *bar)
    x = 3
    for name, colour in colours.items():
        room = image.shape[1] - x - 18
        if room < 40:
            break
        text = fitted(name, room, SCORE)
        image[y + BAR + 9 : y + BAR + 19, x : x + 10] = colour
        write(image, x + 14, y + BAR + 5, text, SCORE)
        x += 14 + text_width(text, SCORE) + 16
    return y + 44
