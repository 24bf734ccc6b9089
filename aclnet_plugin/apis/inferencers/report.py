"""What an inference returns, or raises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .errors import PartlyFailed
from .results import Prediction, to_plain
from .windows import WindowPlan


def report(
    preds: Sequence[Prediction],
    visualization: Sequence[str | None],
    names: Sequence[str],
    plan: WindowPlan,
    as_samples: bool = False,
    top: int = 5,
    full_scores: bool = False,
) -> dict[str, Any]:
    """Predictions in plain Python, or as data samples.

    Args:
        preds: The predictions.
        visualization: Their pictures.
        names: Of all classes.
        plan: How sequences were cut.
        as_samples: Whether data samples are wanted. Defaults to False.
        top: How many classes are told. Defaults to 5.
        full_scores: Whether all scores are told. Defaults to False.
    """
    if as_samples:
        listed = [_samples_of(found, plan) for found in preds]
    else:
        listed = [
            to_plain(found, names, plan, top, full_scores) for found in preds
        ]
    return {'predictions': listed, 'visualization': list(visualization)}


def _samples_of(found: Prediction, plan: WindowPlan) -> Any:
    if found.error is not None:
        return None
    whole = plan.window is None and found.tracks[0].person is None
    return found.samples[0] if whole else found.samples


def raise_if_failed(
    preds: Sequence[Prediction], results: dict[str, Any]
) -> None:
    """Tell what could not be used.

    Args:
        preds: The predictions.
        results: Of :func:`report`.

    Raises:
        PartlyFailed: If an input failed; it carries the results.
    """
    wrong = [found for found in preds if found.error is not None]
    if not wrong:
        return
    listed = '; '.join(_complaint(found) for found in wrong[:3])
    rest = f'; and {len(wrong) - 3} more' * (len(wrong) > 3)
    count = f'{len(wrong)} of {len(preds)} inputs failed: '
    raise PartlyFailed(f'{count * (len(preds) > 1)}{listed}{rest}', results)


def _complaint(found: Prediction) -> str:
    """What is wrong, with the name of the input once."""
    if found.name in found.error:
        return found.error
    return f'{found.name}: {found.error}'
