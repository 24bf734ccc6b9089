"""Read the text of a ``.skeleton`` file of NTU RGB+D.

The file starts with the number of frames. A frame is the number of bodies,
then for each body a line of 10 numbers (the first is the number of the
track), a line with the number of joints (25) and a line of 12 numbers per
joint, which start with x, y and z in metres. The others are places in the
images and directions, which are not used and need not be finite.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ....utils.shown import shown
from ...number_checks import MAX_HALF
from ..outcomes import BadFile
from .lines import NUM_JOINTS, LineReader, bad_line

_JOINT_COLUMNS = 12


@dataclass(frozen=True)
class Body:
    """All that was tracked under one number.

    Args:
        start: Its first frame; frames without any body are not counted.
        pose: ``(T, 25, 3)`` float32 in metres, the frames with this body
            one after the other. Where tracking was interrupted there is no
            gap.
    """

    start: int
    pose: np.ndarray

    @property
    def end(self) -> int:
        """The frame after the last one."""
        return self.start + len(self.pose)


def parse_skeleton(content: bytes, origin: str) -> list[Body]:
    """Read the bodies of a file, in order of appearance.

    Args:
        content: The file.
        origin: Its name, for messages.

    Raises:
        BadFile: Names the file, the line, and what is wrong with it.
    """
    lines = content.decode('ascii', 'replace').rstrip().splitlines()
    rows: list[int] = []
    try:
        starts, tracks = _walk(LineReader(lines, origin), rows)
    except BadFile:
        # Where a line is lost or too much, the joints before tell it first.
        _check_joints(lines, rows, origin)
        raise
    poses = _coordinates(lines, rows, origin)
    return [
        Body(starts[track], poses[places]) for track, places in tracks.items()
    ]


def _walk(
    reader: LineReader, rows: list[int]
) -> tuple[dict[int, int], dict[int, list[int]]]:
    """Go through all frames and bodies.

    Args:
        reader: The lines.
        rows: Is filled with the index of the first joint of each body.

    Returns:
        The first frame of each track, and its places in ``rows``.
    """
    starts: dict[int, int] = {}
    tracks: dict[int, list[int]] = {}
    present = 0
    for _ in range(reader.count('the number of frames')):
        bodies = reader.count('the number of bodies')
        for _ in range(bodies):
            track = reader.track()
            starts.setdefault(track, present)
            tracks.setdefault(track, []).append(len(rows))
            rows.append(reader.joints())
        present += bodies > 0
    reader.finish()
    return starts, tracks


def _coordinates(
    lines: Sequence[str], rows: Sequence[int], origin: str
) -> np.ndarray:
    """Read x, y, z of the bodies whose joints start at these lines.

    Returns:
        ``(number of bodies, 25, 3)`` float32.
    """
    shape = (len(rows), NUM_JOINTS, 3)
    if not rows:
        return np.empty(shape, np.float32)
    joints = [line for row in rows for line in lines[row : row + NUM_JOINTS]]
    try:
        # The reader of NumPy skips what it does not need, which is faster
        # than splitting the lines, but does not count it.
        values = np.loadtxt(
            joints, np.float32, comments=None, usecols=(0, 1, 2), ndmin=2
        ).reshape(shape)
    except ValueError:
        values = None
    columns = {line.count(' ') + 1 for line in joints}
    doubtful = values is None or columns != {_JOINT_COLUMNS}
    if doubtful or not (np.abs(values) <= MAX_HALF).all():
        _check_joints(lines, rows, origin)
    if values is None:
        raise BadFile(f'{origin} cannot be read; unpack it again.')
    return values


def _check_joints(
    lines: Sequence[str], rows: Sequence[int], origin: str
) -> None:
    """Raise for the first faulty line of a joint, if there is one."""
    for row in rows:
        for joint in range(NUM_JOINTS):
            what = _joint_problem(lines[row + joint].split())
            if what is not None:
                raise bad_line(
                    origin, row + joint + 1, f'joint {joint} has {what}'
                )


def _joint_problem(values: Sequence[str]) -> str | None:
    if len(values) != _JOINT_COLUMNS:
        return f'{len(values)} values, expected {_JOINT_COLUMNS}'
    for axis, text in zip('xyz', values, strict=False):
        try:
            good = abs(float(text)) <= MAX_HALF
        except ValueError:
            good = False
        if not good:
            return f'{shown(text)} as {axis}, expected metres'
    return None
