"""Drawing of the persons of one frame."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from ...structures import SkeletonLayout
from ..skeleton_plot import bones_of, side_of
from .geometry import Screen
from .palette import WHITE, shades
from .text import fitted, text_width, write

_SHIFT = 4  # bits of a pixel's fraction that OpenCV takes


def draw_persons(
    image: np.ndarray,
    screen: Screen,
    frame: int,
    layout: SkeletonLayout,
    labels: Mapping[int, str] | None = None,
    corner: tuple[int, int] = (0, 0),
    width: float = 3.0,
) -> None:
    """Draw all persons of a frame.

    Args:
        image: ``(H, W, 3)`` uint8, changed in place.
        screen: The sequence in pixels.
        frame: The frame.
        layout: How the joints hang together.
        labels: Written above the heads, by person. Defaults to None.
        corner: Where the box of ``screen`` is in the image, x and y.
        width: Of the bones, pixels. Defaults to 3.
    """
    bones = bones_of(layout)
    sides = [side_of(joint, layout) for joint in range(layout.num_joints)]
    thick = max(round(width), 1)
    for person in range(len(screen.points)):
        seen = screen.visible[person, frame]
        if not seen.any():
            continue
        colours = shades(person)
        points = screen.points[person, frame] + corner
        fixed = np.round(points * 2**_SHIFT).astype(int)
        for child, parent in bones:
            if seen[child] and seen[parent]:
                cv2.line(
                    image,
                    fixed[child].tolist(),
                    fixed[parent].tolist(),
                    colours[sides[child]],
                    thick,
                    cv2.LINE_AA,
                    _SHIFT,
                )
        for joint in np.flatnonzero(seen):
            for radius, colour in (
                (width * 1.25 + 1, WHITE),
                (width * 1.25, colours[sides[joint]]),
            ):
                cv2.circle(
                    image,
                    fixed[joint].tolist(),
                    round(radius * 2**_SHIFT),
                    colour,
                    -1,
                    cv2.LINE_AA,
                    _SHIFT,
                )
        if labels and person in labels:
            _label(image, points[seen], labels[person], colours['right'])


def _label(
    image: np.ndarray, points: np.ndarray, text: str, colour: tuple
) -> None:
    """Write above a head, inside the picture."""
    size = 13
    text = fitted(text, image.shape[1] - 8, size)
    half = text_width(text, size) / 2 + 4
    x = np.clip(points[:, 0].mean(), half, max(image.shape[1] - half, half))
    y = max(points[:, 1].min() - 26, 2)
    write(image, float(x), float(y), text, size, colour, 'middle')
