"""What an arm takes: parameters, minutes, memory of the GPU."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from ..sweep.outcomes import Outcome
from .arms import Arm
from .plan import Plan


class Cost(NamedTuple):
    """Of one training of an arm.

    Attributes:
        parameters: Of the model with its head, in training.
        minutes: Mean over the trainings that were not interrupted; None if
            there is none.
        memory: The most that a training took on the GPU, in MB; None if no
            log tells.
    """

    parameters: int
    minutes: float | None
    memory: int | None


def cost_of(plan: Plan, arm: Arm, outcomes: Sequence[Outcome]) -> Cost:
    """Look at the runs of an arm.

    Args:
        plan: The comparison.
        arm: Of it.
        outcomes: Of all its runs.
    """
    results = {one.run.folder: one.result for one in outcomes}
    runs = [run for key, run in plan.runs.items() if key[0] == arm.name]
    finished = [run for run in runs if results[run.folder] is not None]
    seconds = [results[run.folder].seconds for run in finished]
    seconds = [one for one in seconds if one is not None]
    memory = [peak_memory(run.folder) for run in finished]
    return Cost(
        count_parameters(runs[0].resolved),
        statistics.fmean(seconds) / 60 if seconds else None,
        max((one for one in memory if one), default=None),
    )


def count_parameters(config: Config) -> int:
    """Parameters of the model of a config.

    Args:
        config: A resolved config.
    """
    init_default_scope(config.get('default_scope') or 'mmaction')
    model = MODELS.build(config.model)
    return sum(parameter.numel() for parameter in model.parameters())


def peak_memory(folder: Path) -> int | None:
    """The most that a training took on the GPU, in MB, as its logs tell.

    Args:
        folder: Its work folder.
    """
    found = []
    for path in folder.glob('*/vis_data/scalars.json'):
        for line in path.read_text(encoding='utf-8').splitlines():
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue  # a line that a killed process did not finish
            if isinstance(row, dict) and row.get('memory'):
                found.append(int(row['memory']))
    return max(found, default=None)
