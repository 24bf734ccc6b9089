"""What a pickle works on while it is read: stack, marks and memo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .values import Budget, Maker, Pending


class Machine:
    """State of a run.

    Args:
        data: The whole file.
        makers: What it may have built, by module and name.
    """

    __slots__ = (
        'budget', 'data', 'makers', 'marks', 'memo', 'place', 'stack',
    )  # fmt: skip

    def __init__(
        self, data: bytes, makers: Mapping[tuple[str, str], Maker]
    ) -> None:
        self.data = data
        self.makers = makers
        self.place = 0
        self.stack: list[Any] = []
        self.marks: list[int] = []  # heights of the stack
        self.memo: dict[int, Any] = {}
        self.budget = Budget(len(data))

    def take(self, size: int) -> bytes:
        """The next bytes."""
        start = self.place
        end = start + size
        if not 0 <= size or end > len(self.data):
            raise EOFError(f'{size} bytes are announced at byte {start}')
        self.place = end
        return self.data[start:end]

    def number(self, size: int) -> int:
        """The next unsigned integer."""
        return int.from_bytes(self.take(size), 'little')

    def line(self, limit: int | None = None) -> bytes:
        """The bytes up to the next end of line."""
        end = self.data.find(b'\n', self.place)
        if end < 0:
            raise EOFError(f'a line has no end at byte {self.place}')
        line = self.take(end - self.place)
        self.place += 1
        if limit is not None and len(line) > limit:
            raise ValueError(f'a number is {len(line)} digits long')
        return line

    def keep(self, place: int) -> None:
        """Put the top of the stack down in the memo."""
        top = self.memo[place] = self.stack[-1]
        if type(top) is Pending:
            top.places.append(place)

    def above_mark(self) -> list[Any]:
        """What has been pushed since the last mark."""
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return items
