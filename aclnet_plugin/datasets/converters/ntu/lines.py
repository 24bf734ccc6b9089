"""Line by line through a ``.skeleton`` file of NTU RGB+D."""

from __future__ import annotations

from collections.abc import Sequence

from ....utils.shown import shown
from ..outcomes import BadFile

NUM_JOINTS = 25
BODY_COLUMNS = 10


class LineReader:
    """Walks over the lines and knows where it is.

    All methods raise :class:`.outcomes.BadFile` if the next line is not what
    they look for.

    Args:
        lines: The lines of the file.
        origin: Its name, for messages.
    """

    def __init__(self, lines: Sequence[str], origin: str) -> None:
        self.lines = lines
        self.origin = origin
        self.place = 0

    def line(self, what: str) -> str:
        """The next line.

        Args:
            what: What it should hold, for messages.
        """
        if self.place >= len(self.lines):
            raise BadFile(
                f'{self.origin} ends after line {len(self.lines)}, where '
                f'{what} should follow. The file is cut short or its counts '
                'are wrong; unpack it again.'
            )
        self.place += 1
        return self.lines[self.place - 1]

    def count(self, what: str) -> int:
        """The next line as a number from 0.

        Args:
            what: What it counts, for messages.
        """
        text = self.line(what)
        try:
            number = int(text)
        except ValueError:
            number = -1
        if number < 0:
            raise bad_line(
                self.origin, self.place, f'expected {what}, got {shown(text)}'
            )
        return number

    def track(self) -> int:
        """Pass over the line of a body; the number of its track."""
        values = self.line('a body').split()
        if len(values) != BODY_COLUMNS:
            raise bad_line(
                self.origin,
                self.place,
                f'expected a body ({BODY_COLUMNS} numbers), got '
                f'{len(values)} values',
            )
        try:
            return int(values[0])
        except ValueError:
            raise bad_line(
                self.origin,
                self.place,
                f'expected the number of a body, got {shown(values[0])}',
            ) from None

    def joints(self) -> int:
        """Pass over the joints of a body; the index of the first one."""
        number = self.count('the number of joints')
        if number != NUM_JOINTS:
            raise bad_line(
                self.origin,
                self.place,
                f'a body has {number} joints, expected {NUM_JOINTS}',
            )
        first = self.place
        self.place = min(first + NUM_JOINTS, len(self.lines))
        if self.place < first + NUM_JOINTS:
            self.line('a joint')
        return first

    def finish(self) -> None:
        """Make sure that nothing follows."""
        if self.place < len(self.lines):
            raise bad_line(
                self.origin,
                self.place + 1,
                f'the file should end here, but {shown(self.line("more"))} '
                'follows; the number of frames does not fit',
            )


def bad_line(origin: str, number: int, what: str) -> BadFile:
    """The error for a line.

    Args:
        origin: Name of the file.
        number: Of the line, from 1.
        what: What is wrong with it.
    """
    return BadFile(
        f'{origin}, line {number}: {what}. Unpack the file again, or leave '
        'it out.'
    )
