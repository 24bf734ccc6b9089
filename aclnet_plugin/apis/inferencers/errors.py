"""What goes wrong in an inference and can be put right by its user."""

from __future__ import annotations

import pickle
from typing import Any

from ...datasets.converters.outcomes import BadFile


class InferenceError(ValueError):
    """Something the user can put right; the message says how."""


class PartlyFailed(InferenceError):
    """Some inputs could not be used; the results of the others are here.

    Args:
        message: Names the inputs and their faults.
        results: What the inferencer returns with ``on_error='skip'``.
    """

    def __init__(self, message: str, results: dict[str, Any]) -> None:
        super().__init__(message)
        self.results = results


OF_ONE_INPUT = (
    *(InferenceError, BadFile, ValueError, OSError, ImportError),
    *(KeyError, TypeError, AssertionError, IndexError),
    pickle.UnpicklingError,
)
"""What a wrong input, or a transform that meets one, can raise."""


def told(error: BaseException) -> str:
    """An error in words; of those without a sentence also the kind.

    Args:
        error: The error.
    """
    if isinstance(error, (KeyError, AssertionError, IndexError, TypeError)):
        return f'{type(error).__name__}: {error}'
    return str(error) or type(error).__name__
