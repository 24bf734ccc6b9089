"""Names and published numbers of PKU-MMD, phase 1."""

from __future__ import annotations

import re

CLASSES = (
    'bow',
    'brushing hair',
    'brushing teeth',
    'check time (from watch)',
    'cheer up',
    'clapping',
    'cross hands in front (say stop)',
    'drink water',
    'drop',
    'eat meal/snack',
    'falling',
    'giving something to other person',
    'hand waving',
    'handshaking',
    'hopping (one foot jumping)',
    'hugging other person',
    'jump up',
    'kicking other person',
    'kicking something',
    'make a phone call/answer phone',
    'pat on back of other person',
    'pickup',
    'playing with phone/tablet',
    'point finger at the other person',
    'pointing to something with finger',
    'punching/slapping other person',
    'pushing other person',
    'put on a hat/cap',
    'put something inside pocket',
    'reading',
    'rub two hands together',
    'salute',
    'sitting down',
    'standing up',
    'take off a hat/cap',
    'take off glasses',
    'take off jacket',
    'take out something from pocket',
    'taking a selfie',
    'tear up paper',
    'throw',
    'touch back (backache)',
    'touch chest (stomachache/heart pain)',
    'touch head (headache)',
    'touch neck (neckache)',
    'typing on a keyboard',
    'use a fan (with hand or paper)/feeling warm',
    'wear jacket',
    'wear on glasses',
    'wipe face',
    'writing',
)
"""In the order of the labels; the files count them from 1."""

VIDEOS = 1076
"""Videos of complete data."""

INSTANCES = 21545
"""Rows of all label files of complete data, with those that are unusable."""

UNUSABLE = 'rows of labels that cannot be cut'
"""Reason for leaving something out."""

_NAME = re.compile(r'\d{4}-[LMR]')


def is_video(name: str) -> bool:
    """Whether this is the name of a video, for example ``0002-L``.

    Args:
        name: Number of the recording and view (left, middle, right).
    """
    return _NAME.fullmatch(name) is not None


def video_of(clip: str) -> str:
    """The video that a clip was cut from.

    Args:
        clip: Name of the clip, which starts with the video.
    """
    return clip.partition('_')[0]
