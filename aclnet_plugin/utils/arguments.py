"""Parsers and types for argparse: what they refuse, they explain."""

from __future__ import annotations

import argparse
from collections.abc import Callable


class HelpFormatter(
    argparse.ArgumentDefaultsHelpFormatter,
    argparse.RawDescriptionHelpFormatter,
):
    """Tells defaults and leaves the lines of examples as they are."""


def make_parser(doc: str, defaults: bool = False) -> argparse.ArgumentParser:
    """A parser whose help is the docstring of a tool.

    Args:
        doc: Its first line says what the tool does; the rest, with examples,
            follows the flags.
        defaults: Whether the help also tells the defaults. Defaults to
            False.
    """
    summary, _, rest = doc.partition('\n')
    plain = argparse.RawDescriptionHelpFormatter
    return argparse.ArgumentParser(
        description=summary,
        epilog=rest,
        formatter_class=HelpFormatter if defaults else plain,
    )


def whole_from(smallest: int) -> Callable[[str], int]:
    """Whole numbers from one on.

    Args:
        smallest: The smallest number that is right.
    """

    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < smallest:
            raise argparse.ArgumentTypeError(
                f'{text!r} is no whole number from {smallest} on'
            )
        return int(text)

    return number


def number_above_0(text: str) -> int:
    """Sizes and other counts.

    Args:
        text: What the command line says.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'{text!r} is no number above 0')
    return int(text)
