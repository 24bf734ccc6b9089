"""What may come out of a file besides samples."""

from __future__ import annotations


class BadFile(ValueError):
    """A file that cannot be converted.

    Args:
        message: Names the file, where possible the line, what is wrong and
            what to do.
    """


class LeftOut(Exception):
    """A file that is left out on purpose, as published.

    Args:
        reason: The same words for every file with the same reason; they are
            counted in the summary.
    """
