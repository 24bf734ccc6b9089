"""Text in pictures that are arrays."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .palette import INK, Colour


@lru_cache(maxsize=32)
def _font(size: int, bold: bool) -> Any:
    """Matplotlib's font, which knows most scripts, or that of Pillow."""
    try:
        import matplotlib

        name = 'DejaVuSans-Bold.ttf' if bold else 'DejaVuSans.ttf'
        path = os.path.join(matplotlib.get_data_path(), 'fonts/ttf', name)
        return ImageFont.truetype(path, size)
    except (ImportError, OSError):
        return ImageFont.load_default(size)


def text_width(text: str, size: int, bold: bool = False) -> int:
    """Width of a text in pixels.

    Args:
        text: The text.
        size: Of the font, pixels.
        bold: Whether it is bold. Defaults to False.
    """
    return round(_font(size, bold).getlength(text))


def fitted(text: str, width: int, size: int, bold: bool = False) -> str:
    """A text, cut so that it is not wider than there is room.

    Args:
        text: The text.
        width: Pixels.
        size: Of the font, pixels.
        bold: Whether it is bold. Defaults to False.
    """
    text = ' '.join(text.split())
    if text_width(text, size, bold) <= width:
        return text
    short, long = 0, len(text)
    while short < long:
        middle = (short + long + 1) // 2
        if text_width(f'{text[:middle]}…', size, bold) <= width:
            short = middle
        else:
            long = middle - 1
    return f'{text[:short].rstrip()}…'


@lru_cache(maxsize=4096)
def _mask(text: str, size: int, bold: bool) -> np.ndarray:
    """How much of each pixel a text covers, ``(H, W)`` from 0 to 1."""
    font = _font(size, bold)
    width = max(round(font.getlength(text)) + 2, 1)
    image = Image.new('L', (width, round(size * 1.4)))
    ImageDraw.Draw(image).text((0, size * 1.05), text, 255, font, 'ls')
    return np.asarray(image, np.float32) / 255


def write(
    image: np.ndarray,
    x: float,
    y: float,
    text: str,
    size: int,
    colour: Colour = INK,
    align: str = 'left',
    bold: bool = False,
) -> None:
    """Write a line of text; what lies outside of the picture is cut off.

    Args:
        image: ``(H, W, 3)`` uint8, changed in place.
        x: Left end, middle or right end of the text.
        y: Upper edge of the text.
        text: The text.
        size: Of the font, pixels.
        colour: Of the text. Defaults to nearly black.
        align: ``'left'``, ``'middle'`` or ``'right'``: what ``x`` is.
        bold: Whether it is bold. Defaults to False.
    """
    mask = _mask(text, size, bold)
    shift = {'left': 0, 'middle': 0.5, 'right': 1}[align] * mask.shape[1]
    left, top = round(x - shift), round(y)
    x0, y0 = max(left, 0), max(top, 0)
    x1 = min(left + mask.shape[1], image.shape[1])
    y1 = min(top + mask.shape[0], image.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    part = image[y0:y1, x0:x1].astype(np.float32)
    share = mask[y0 - top : y1 - top, x0 - left : x1 - left, None]
    part += (np.array(colour, np.float32) - part) * share
    image[y0:y1, x0:x1] = part.round().astype(np.uint8)
