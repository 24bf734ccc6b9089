"""Many faults of one kind, told in few sentences."""

from __future__ import annotations

SHOWN = 10
"""Faults of a file that are told one by one."""


class Told:
    """Keeps the first few sentences and counts the others.

    A file of a million rows may have as many faults.

    Args:
        more: What the others are, such as ``rows of walks.csv``.
    """

    def __init__(self, more: str) -> None:
        self.total = 0
        self._more = more
        self._first: list[str] = []

    def add(self, sentence: str) -> None:
        """Take a fault.

        Args:
            sentence: With file and line.
        """
        self.total += 1
        if len(self._first) < SHOWN:
            self._first.append(sentence)

    def sentences(self) -> list[str]:
        """What there is to say."""
        rest = self.total - len(self._first)
        last = [f'and {rest:,} more {self._more}'] if rest else []
        return self._first + last
