"""Pictures and films as files, complete or not there."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from ...utils.atomic import atomic_writer
from .palette import all_colours
from .panel import RenderError


def write_gif(
    path: Path, frames: Iterable[np.ndarray], seconds: float
) -> None:
    """Write a GIF that plays for ever.

    Args:
        path: The file.
        frames: ``(H, W, 3)`` uint8.
        seconds: From one frame to the next; GIF knows hundredths, and
            players refuse to be faster than two of them.
    """
    # One palette for all frames is faster, smaller, and does not flicker.
    palette = Image.new('P', (1, 1))
    palette.putpalette([part for colour in all_colours() for part in colour])
    images = (
        Image.fromarray(frame).quantize(
            palette=palette, dither=Image.Dither.NONE
        )
        for frame in frames
    )
    first = next(images)
    buffer = io.BytesIO()
    first.save(
        buffer,
        format='GIF',
        save_all=True,
        append_images=images,
        duration=max(round(seconds * 100), 2) * 10,
        loop=0,
    )
    with atomic_writer(path) as file:
        file.write(buffer.getvalue())


def write_mp4(path: Path, frames: Iterable[np.ndarray], fps: float) -> None:
    """Write a film.

    Args:
        path: The file.
        frames: ``(H, W, 3)`` uint8, with even sides.
        fps: Frames per second.

    Raises:
        RenderError: If OpenCV cannot write films here.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        part = os.path.join(folder, 'part.mp4')
        film = None
        try:
            for frame in frames:
                if film is None:
                    code = cv2.VideoWriter_fourcc(*'mp4v')
                    size = frame.shape[1], frame.shape[0]
                    film = cv2.VideoWriter(part, code, fps, size)
                    if not film.isOpened():
                        raise RenderError(
                            f'{path}: this OpenCV cannot write MP4; take a '
                            'name that ends in .gif or .png.'
                        )
                film.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        finally:
            if film is not None:
                film.release()
        os.replace(part, path)


def write_png(path: Path, image: np.ndarray) -> None:
    """Write one picture.

    Args:
        path: The file.
        image: ``(H, W, 3)`` uint8.
    """
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format='PNG', optimize=True)
    with atomic_writer(path) as file:
        file.write(buffer.getvalue())
