"""Which classes gain and lose between two arms."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ..class_accuracy import compare, load_groups
from ..class_names import names_for
from ..sweep.outcomes import Outcome
from .arms import Pair
from .plan import Plan
from .series import predictions_file


def class_changes(
    plan: Plan,
    outcomes: Sequence[Outcome],
    pair: Pair,
    stream: str,
    classes: Any = None,
    level: float = 0.95,
    samples: Collection[str] | None = None,
) -> dict[str, Any] | None:
    """Compare two arms class by class, over the seeds that both have.

    Args:
        plan: The comparison.
        outcomes: Of its runs.
        pair: The two arms.
        stream: Of which stream.
        classes: File of class names. Defaults to None: numbers.
        level: Of the intervals. Defaults to 0.95.
        samples: Names of those that count. Defaults to None: all.

    Returns:
        What becomes JSON, accuracies in percent, the largest gain first; None
        if no seed has finished in both arms.

    Raises:
        ValueError: If a file of predictions cannot be used.
    """
    done = {one.run.folder for one in outcomes if one.result is not None}
    both = [
        [plan.runs[arm.name, stream, seed] for arm in pair]
        for seed in plan.seeds
    ]
    both = [runs for runs in both if all(run.folder in done for run in runs)]
    if not both:
        return None
    before, after = zip(*both, strict=True)
    sides, notes = load_groups(
        [
            (pair.before.name, [predictions_file(run) for run in before]),
            (pair.after.name, [predictions_file(run) for run in after]),
        ],
        samples,
    )
    found = compare(*sides, level=level)
    names = names_for(classes, None, sides[0].num_classes)
    return {
        'stream': stream,
        'seeds': len(both),
        'notes': notes,
        'low': 100 * found.overall.low,
        'high': 100 * found.overall.high,
        'clear': int(found.clear.sum()),
        'by_chance': (1 - level) * len(found.order),
        'classes': [
            {
                'class': int(place),
                'name': names[place],
                'samples': int(found.samples[place]),
                'before': 100 * float(found.before[place]),
                'after': 100 * float(found.after[place]),
                'difference': 100 * float(found.difference[place]),
                'low': 100 * float(found.low[place]),
                'high': 100 * float(found.high[place]),
            }
            for place in found.order
        ],
    }
