"""Colours, as red, green and blue from 0 to 255."""

from __future__ import annotations

from collections.abc import Iterable

Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
INK: Colour = (34, 34, 34)
GREY: Colour = (112, 112, 112)
PALE: Colour = (232, 232, 232)
FIELD: Colour = (248, 248, 248)

PERSONS: tuple[Colour, ...] = (
    (31, 97, 165),
    (205, 84, 34),
    (34, 128, 72),
    (126, 72, 160),
    (160, 120, 20),
    (60, 130, 140),
)
"""Of the persons, far apart also for people who see few colours."""

CLASSES: tuple[Colour, ...] = (
    (86, 148, 206),
    (240, 150, 72),
    (104, 180, 108),
    (196, 110, 170),
    (222, 190, 70),
    (120, 120, 190),
    (120, 190, 190),
    (190, 130, 100),
)
"""Of the classes of segments, in the order in which they appear."""


def mixed(colour: Colour, other: Colour, share: float) -> Colour:
    """A colour between two.

    Args:
        colour: The one.
        other: The other.
        share: How much of the other, from 0 to 1.
    """
    pairs = zip(colour, other, strict=True)
    return tuple(round(a + (b - a) * share) for a, b in pairs)


def shades(person: int) -> dict[str, Colour]:
    """Colours of the sides of a person: left light, right dark.

    Args:
        person: Its place.
    """
    colour = PERSONS[person % len(PERSONS)]
    return {
        'left': mixed(colour, WHITE, 0.42),
        'right': mixed(colour, (0, 0, 0), 0.18),
        'middle': colour,
    }


def class_colours(names: Iterable[str]) -> dict[str, Colour]:
    """A colour for each name, in the order of their appearance.

    Args:
        names: With repetitions.
    """
    return {
        name: CLASSES[place % len(CLASSES)]
        for place, name in enumerate(dict.fromkeys(names))
    }


def all_colours() -> list[Colour]:
    """What pictures are made of, with the steps of soft edges; at most 256.

    Pictures of few colours are the same however many frames they have.
    """
    solid = [INK, GREY, *CLASSES]
    for person in range(len(PERSONS)):
        solid += shades(person).values()
    steps = [0.0, 0.22, 0.45, 0.7, 0.88]
    made = [WHITE, FIELD, PALE]
    made += [
        mixed(colour, FIELD, share) for colour in solid for share in steps
    ]
    return list(dict.fromkeys(made))[:256]
