"""The made-up way in which a person walks: habits, body and joints.

A walk is described by some twenty numbers. They are drawn for a person, and
drawn again, much closer together, for each walk of that person; a bag or a
coat changes some of them. The joints follow from the numbers by geometry.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

FRAMES_PER_SECOND = 25

# Mean, deviation among persons, deviation among the walks of a person.
# Lengths in metres, angles in radians, tempo in strides per second.
_HABITS = {
    'size': (1.0, 0.06, 0.0),
    'thigh': (0.42, 0.014, 0.0),
    'shin': (0.41, 0.014, 0.0),
    'trunk': (0.52, 0.016, 0.0),
    'arm': (0.55, 0.018, 0.0),
    'shoulders': (0.18, 0.010, 0.004),
    'hips': (0.10, 0.006, 0.0),
    'tempo': (0.95, 0.06, 0.042),
    'stride': (0.42, 0.04, 0.035),
    'knee': (1.00, 0.09, 0.063),
    'knee_phase': (2.2, 0.16, 0.084),
    'stance_knee': (0.10, 0.04, 0.028),
    'swing': (0.40, 0.11, 0.07),
    'swing_phase': (0.0, 0.22, 0.112),
    'swing_offset': (0.0, 0.07, 0.042),
    'elbow': (0.35, 0.13, 0.07),
    'elbow_swing': (0.20, 0.08, 0.056),
    'lean': (0.05, 0.04, 0.021),
    'head': (0.10, 0.06, 0.042),
    'bob': (0.020, 0.006, 0.004),
    'sway': (0.020, 0.008, 0.006),
    'turn': (0.10, 0.04, 0.028),
    'spread': (0.03, 0.02, 0.014),
    'limp': (0.0, 0.06, 0.042),
}
NAMES = tuple(_HABITS)
_MEAN, _AMONG, _WITHIN = np.array(list(_HABITS.values())).T

# What a condition does: factor and summand by number, then how much more
# the walks of a person differ. The bag is on the right arm, see below.
_CONDITIONS: dict[str, tuple[dict[str, tuple[float, float]], float]] = {
    'nm': ({}, 1.0),
    'bg': ({'lean': (1, -0.03), 'sway': (1.3, 0), 'swing': (0.9, 0)}, 1.3),
    'cl': (
        {
            'shoulders': (1, 0.025),
            'hips': (1, 0.02),
            'stride': (0.92, 0.0),
            'knee': (0.92, 0.0),
            'swing': (0.7, 0.0),
            'elbow': (1, 0.1),
            'spread': (1, 0.02),
        },
        1.8,
    ),
}
CONDITIONS = tuple(_CONDITIONS)


def draw_person(rng: np.random.Generator) -> np.ndarray:
    """Habits and body of a person, ``(P,)``.

    Args:
        rng: Draws them.
    """
    return _MEAN + _AMONG * rng.normal(size=len(NAMES))


def draw_walk(
    person: np.ndarray, condition: str, rng: np.random.Generator
) -> np.ndarray:
    """The numbers of one walk, ``(P,)``.

    Args:
        person: Habits and body.
        condition: One of :data:`CONDITIONS`.
        rng: Draws what sets the walk apart from others of the person.
    """
    changes, unrest = _CONDITIONS[condition]
    walk = person + unrest * _WITHIN * rng.normal(size=len(NAMES))
    for name, (factor, summand) in changes.items():
        place = NAMES.index(name)
        walk[place] = factor * walk[place] + summand
    return walk


def walk_joints(
    walk: np.ndarray, frames: int, start: float, carrying: bool
) -> tuple[dict[str, np.ndarray], float]:
    """Joints of a walk on the spot.

    Args:
        walk: The numbers of the walk.
        frames: Number of frames ``T``.
        start: Phase at the first frame, in radians.
        carrying: Whether the right arm holds a bag.

    Returns:
        Positions ``(T, 3)`` by name of the joint, in metres: x to the left
        of the person, y up, z ahead; and the speed in metres per second.
    """
    of = dict(zip(NAMES, walk.tolist(), strict=True))
    phase = start + 2 * np.pi * of['tempo'] * (
        np.arange(frames) / FRAMES_PER_SECOND
    )
    legs = of['thigh'] + of['shin']
    pelvis = np.stack(
        [
            of['sway'] * np.sin(phase),
            0.08 + legs + of['bob'] * np.cos(2 * phase),
            np.zeros(frames),
        ],
        axis=1,
    )
    neck = pelvis + of['trunk'] * _upwards(np.full(frames, of['lean']))
    head = neck + 0.2 * _upwards(np.full(frames, of['lean'] + of['head']))
    twist = of['turn'] * np.cos(phase)
    joints = {'pelvis': pelvis, 'neck': neck, 'head': head}
    for side, sign in (('left', 1), ('right', -1)):
        step = phase if side == 'left' else phase + np.pi
        stride = of['stride'] * (1 + sign * of['limp'])
        hip = pelvis + sign * of['hips'] * _sideways(twist)
        thigh = stride * np.cos(step) + 0.1
        bend = (
            of['stance_knee']
            + of['knee'] * ((1 + np.cos(step + of['knee_phase'])) / 2) ** 2
        )
        out = sign * of['spread']
        knee = hip - of['thigh'] * _upwards(-thigh, out)
        ankle = knee - of['shin'] * _upwards(bend - thigh, out)
        shoulder = neck + sign * of['shoulders'] * _sideways(-twist)
        shoulder[:, 1] -= 0.04
        held = side == 'right' and carrying
        swing = -of['swing'] * (0.2 if held else 1)
        upper = of['swing_offset'] + swing * np.cos(step + of['swing_phase'])
        elbow_bend = of['elbow'] + of['elbow_swing'] * np.cos(step)
        if held:
            elbow_bend = elbow_bend * 0.3 + 0.9
        # The hand is ahead of the elbow, the foot behind the knee.
        elbow = shoulder - 0.52 * of['arm'] * _upwards(-upper, 2 * out)
        wrist = elbow - 0.48 * of['arm'] * _upwards(-upper - elbow_bend, out)
        limbs = dict(hip=hip, knee=knee, ankle=ankle)
        limbs |= dict(shoulder=shoulder, elbow=elbow, wrist=wrist)
        joints |= {f'{side}_{name}': at for name, at in limbs.items()}
    speed = 4 * legs * np.sin(of['stride']) * of['tempo']
    return {k: of['size'] * v for k, v in joints.items()}, of['size'] * speed


def with_face(joints: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Joints with nose, eyes and ears, which sit on the head.

    Args:
        joints: Positions by name, in the frame of the walker.
    """
    places = {
        'nose': (0, 0, 0.10),
        'left_eye': (0.03, 0.03, 0.08),
        'right_eye': (-0.03, 0.03, 0.08),
        'left_ear': (0.07, 0.01, 0.0),
        'right_ear': (-0.07, 0.01, 0.0),
    }
    face = {name: joints['head'] + at for name, at in places.items()}
    return {**joints, **face}


def _upwards(lean: np.ndarray, out: float = 0.0) -> np.ndarray:
    """Unit vectors upright but for a lean ahead and a spread, ``(T, 3)``."""
    level = np.cos(out)
    return np.stack(
        [
            np.full(lean.shape, -np.sin(out)),
            level * np.cos(lean),
            level * np.sin(lean),
        ],
        axis=1,
    )


def _sideways(turn: np.ndarray) -> np.ndarray:
    """Unit vectors to the left, turned about the vertical, ``(T, 3)``."""
    return np.stack([np.cos(turn), np.zeros_like(turn), -np.sin(turn)], axis=1)
