"""The parts of a panel around the skeleton: words, scores, segments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .palette import GREY, INK, PALE, PERSONS, Colour, class_colours
from .panel import Panel, Span
from .text import fitted, write

PAD = 12
TITLE, NOTE, SCORE = 16, 12, 12
_ROW = 20
BAR = 14
_MOST_SCORES = 5


def head_height(panels: Sequence[Panel]) -> int:
    """Pixels that titles and notes need, the same for all panels.

    Args:
        panels: Side by side.
    """
    height = 26 * any(p.title for p in panels)
    return height + 19 * any(p.note for p in panels) + 8


def foot_height(panels: Sequence[Panel]) -> int:
    """Pixels that scores and segments need, the same for all panels.

    Args:
        panels: Side by side.
    """
    rows = max(len(p.scores[:_MOST_SCORES]) for p in panels)
    return _ROW * rows + 44 * any(p.spans for p in panels) + 8


def draw_head(image: np.ndarray, panel: Panel, x: int, width: int) -> None:
    """Write title and note.

    Args:
        image: Changed in place.
        panel: The panel.
        x: Its left edge.
        width: Its width.
    """
    room = width - 2 * PAD
    y = 8
    if panel.title:
        title = fitted(panel.title, room, TITLE, True)
        write(image, x + PAD, y, title, TITLE, INK, bold=True)
        y += 24
    if panel.note:
        write(image, x + PAD, y, fitted(panel.note, room, NOTE), NOTE, GREY)


def draw_scores(
    image: np.ndarray, panel: Panel, x: int, y: int, width: int
) -> int:
    """Draw the scores as bars, the names at their left.

    Args:
        image: Changed in place.
        panel: The panel.
        x: Its left edge.
        y: Upper edge of the first bar.
        width: Of the panel.

    Returns:
        Lower edge of the last bar.
    """
    if not panel.scores:
        return y
    name_room = round((width - 2 * PAD) * 0.5)
    left = x + PAD + name_room + 6
    room = width - 2 * PAD - name_room - 6 - 48
    for place, (name, score) in enumerate(panel.scores[:_MOST_SCORES]):
        colour = PERSONS[0] if place == 0 else GREY
        text = fitted(name, name_room, SCORE, place == 0)
        write(image, x + PAD, y, text, SCORE, INK, bold=place == 0)
        filled = round(room * float(np.clip(score, 0, 1)))
        image[y + 4 : y + 14, left : left + room] = PALE
        image[y + 4 : y + 14, left : left + filled] = colour
        end = x + width - PAD
        write(image, end, y, f'{100 * score:.1f} %', SCORE, GREY, 'right')
        y += _ROW
    return y


def draw_spans(
    image: np.ndarray, panel: Panel, x: int, y: int, width: int
) -> dict[str, Colour]:
    """Draw the bar of segments.

    Args:
        image: Changed in place.
        panel: The panel.
        x: Left edge of the bar.
        y: Upper edge of the bar.
        width: Of the bar.

    Returns:
        Colours by name.
    """
    colours = class_colours(span.name for span in panel.spans)
    image[y : y + BAR, x : x + width] = PALE
    for span in panel.spans:
        left, right = (
            x + round(width * edge / panel.frames)
            for edge in (span.start, span.end)
        )
        image[y : y + BAR, left : max(right, left + 1)] = colours[span.name]
        # A gap tells neighbours of similar colours apart.
        if right - left > 4:
            image[y : y + BAR, right - 1 : right] = 255
    return colours


def draw_cursor(
    image: np.ndarray, panel: Panel, frame: int, x: int, y: int, width: int
) -> None:
    """Mark the frame in the bar and name its segment below.

    Args:
        image: Changed in place.
        panel: The panel.
        frame: The frame.
        x: Left edge of the bar.
        y: Upper edge of the bar.
        width: Of the bar.
    """
    place = x + round(width * (frame + 0.5) / panel.frames)
    image[y - 3 : y + BAR + 3, max(place - 1, 0) : place + 1] = INK
    span = span_at(panel.spans, frame)
    if span is None:
        return
    text = f'{span.name}  {100 * span.score:.0f} %'
    write(image, x, y + BAR + 5, fitted(text, width, SCORE), SCORE, INK)


def span_at(spans: Sequence[Span], frame: int) -> Span | None:
    """The segment of a frame, None between segments.

    Args:
        spans: The segments.
        frame: The frame.
    """
    return next((s for s in spans if s.start <= frame < s.end), None)
