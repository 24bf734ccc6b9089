"""The made-up movements of the synthetic skeletons: rest pose and classes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..structures import SkeletonLayout

# Offsets in metres from the joint one step closer to the centre, for a
# person who stands upright and faces the camera: x to the side, y up, z away
# from the camera. Joints of the right side get the opposite x.
_REST = {
    'neck': (0, 0.07, 0),
    'head': (0, 0.17, 0),
    'shoulder': (0.18, -0.03, 0),
    'elbow': (0, -0.28, 0),
    'wrist': (0, -0.25, 0),
    'hand': (0, -0.08, 0),
    'hand_tip': (0, -0.08, 0),
    'thumb': (0.03, -0.04, -0.03),
    'spine_middle': (0, -0.25, 0),
    'spine_base': (0, -0.25, 0),
    'spine': (0, -0.40, 0),
    'hip_center': (0, -0.08, 0),
    'hip': (0.10, -0.04, 0),
    'knee': (0, -0.42, 0),
    'ankle': (0, -0.40, 0),
    'foot': (0, -0.06, -0.12),
}


def rest_offsets(layout: SkeletonLayout) -> np.ndarray:
    """Rest pose as offsets along the graph edges, ``(V, 3)`` in metres.

    Args:
        layout: A 3D layout whose joint names are in the table.

    Raises:
        ValueError: If the table does not know the layout's joints.
    """
    offsets = np.zeros((layout.num_joints, 3))
    for joint, name in enumerate(layout.joint_names):
        side, _, rest = name.partition('_')
        key = rest if side in ('left', 'right') else name
        if joint != layout.center and key in _REST:
            offsets[joint] = _REST[key]
            offsets[joint, 0] *= -1 if side == 'right' else 1
    known = offsets.any(axis=1).sum() == layout.num_joints - 1
    if not known or layout.dims != 3:
        raise ValueError(
            f'There is no rest pose for the layout {layout.name!r}; use '
            "'nturgb+d' or 'kinect_v1'."
        )
    return offsets


@dataclass(frozen=True)
class Track:
    """One angle that swings: ``offset + amplitude * sin(cycle + phase)``.

    Args:
        joint: Name of the joint whose limb is turned; ``'root'`` turns the
            whole body.
        axis: 0, 1 or 2 for a turn about x, y or z.
        offset: Mean angle in radians.
        amplitude: Half the range in radians.
        phase: Radians.
    """

    joint: str
    axis: int
    offset: float
    amplitude: float
    phase: float = 0.0


@dataclass(frozen=True)
class Movement:
    """A class: several tracks with a common frequency in Hz."""

    name: str
    frequency: float
    tracks: tuple[Track, ...]


def _both(joint: str, axis: int, *values: float) -> tuple[Track, Track]:
    """The same track for left and right, mirrored for sideways turns."""
    left = Track(f'left_{joint}', axis, *values)
    return left, _mirror(left)


def _mirror(track: Track) -> Track:
    swap = {'left': 'right', 'right': 'left'}
    side, _, rest = track.joint.partition('_')
    if side not in swap:
        return track
    sign = 1 if track.axis == 0 else -1
    return replace(
        track,
        joint=f'{swap[side]}_{rest}',
        offset=sign * track.offset,
        amplitude=sign * track.amplitude,
    )


# The last track of each is the one whose mean the variants shift.
_BASES = (
    Movement('wave', 1.2, (
        Track('right_shoulder', 2, -1.9, 0.15),
        Track('right_elbow', 2, -0.4, 0.6),
    )),
    Movement('raise both arms', 0.6, (
        *_both('shoulder', 0, 0.9, 0.8),
        *_both('elbow', 0, 0.3, 0.2),
    )),
    Movement('kick', 0.8, (
        Track('right_hip', 0, 0.3, 0.6),
        Track('right_knee', 0, -0.5, 0.35, 1.0),
    )),
    Movement('squat', 0.5, (
        *_both('hip', 0, 0.5, 0.5),
        *_both('knee', 0, -0.9, -0.8),
    )),
    Movement('bow', 0.5, (
        Track('root', 0, -0.4, 0.4),
        Track('spine_base', 0, 0.4, -0.4),
        *_both('shoulder', 0, 0.4, 0.2),
    )),
    Movement('walk', 1.0, (
        Track('left_hip', 0, 0.0, 0.5),
        Track('right_hip', 0, 0.0, -0.5),
        Track('left_shoulder', 0, 0.0, -0.4),
        Track('right_shoulder', 0, 0.0, 0.4),
    )),
    Movement('punch', 1.0, (
        Track('right_shoulder', 0, 1.1, 0.35),
        Track('right_elbow', 0, 0.9, -0.9),
    )),
    Movement('clap', 1.4, (
        *_both('shoulder', 0, 1.2, 0.1),
        *_both('elbow', 2, -0.4, 0.35),
    )),
)  # fmt: skip

# What sets the members of a group apart: factor of the amplitude, delay of
# all tracks behind the first (radians), shift of the last track (radians).
_VARIANTS = (
    ('wide', 1.0, 0.0, 0.0),
    ('narrow', 0.6, 0.0, 0.0),
    ('delayed', 1.0, 1.2, 0.0),
    ('bent', 1.0, 0.0, 0.45),
    ('narrow delayed', 0.6, 1.2, 0.0),
    ('narrow bent', 0.6, 0.0, 0.45),
    ('delayed bent', 1.0, 1.2, 0.45),
    ('narrow delayed bent', 0.6, 1.2, 0.45),
)
MAX_GROUP_SIZE = len(_VARIANTS)


def make_movements(num_classes: int, group_size: int) -> list[Movement]:
    """The classes, ``group_size`` variants of each base movement in turn.

    Args:
        num_classes: Number of classes.
        group_size: Members of a group of similar classes, 1 to 8; the last
            group may be smaller.

    Returns:
        One movement per class. After the eight base movements they start
        again, faster and mirrored.
    """
    return [
        _variant(_base(c // group_size), c % group_size)
        for c in range(num_classes)
    ]


def _base(group: int) -> Movement:
    lap, number = divmod(group, len(_BASES))
    base = _BASES[number]
    if not lap:
        return base
    tracks = base.tracks
    if lap % 2:
        tracks = tuple(_mirror(track) for track in tracks)
    factor = 1 + 0.5 * lap
    return Movement(
        f'{base.name} {factor:g} times as fast',
        base.frequency * factor,
        tracks,
    )


def _variant(base: Movement, member: int) -> Movement:
    name, factor, delay, shift = _VARIANTS[member]
    tracks = [
        replace(
            track,
            amplitude=track.amplitude * factor,
            phase=track.phase + delay * (index > 0),
        )
        for index, track in enumerate(base.tracks)
    ]
    sign = np.sign(tracks[-1].offset) or 1.0
    tracks[-1] = replace(
        tracks[-1], offset=tracks[-1].offset + float(sign) * shift
    )
    return Movement(f'{base.name}, {name}', base.frequency, tuple(tracks))
