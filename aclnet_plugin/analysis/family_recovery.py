"""Do Motion Families find groups of classes that are known beforehand?"""

from __future__ import annotations

import math
import os
import re
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .class_names import lines_of_text, list_in_annotations
from .errors import AnalysisError
from .family_rules import FamilyRule, affinities, rule_of_checkpoint
from .learned_state import pick_state, read_checkpoint

_EPOCH = re.compile(r'epoch_(\d+)\.pth')


class Recovery(NamedTuple):
    """How well families agree with groups, over ordered pairs of classes.

    A class in its own family, as the release has it at times, is left out.

    Attributes:
        precision: Share of the found pairs that belong together; NaN if no
            pair was found.
        recall: Share of the pairs that belong together that were found; NaN
            if there are none.
        size: Mean number of members of a family, the class itself not
            counted.
    """

    precision: float
    recall: float
    size: float


class Snapshot(NamedTuple):
    """What a training knew at the end of an epoch.

    Attributes:
        epoch: 1-based.
        counts: ``(K, K)`` int64 confusion counts.
        member: ``(K, K)`` bool, the families that were in force.
        rule: How the training makes families of counts.
    """

    epoch: int
    counts: np.ndarray
    member: np.ndarray
    rule: FamilyRule


def pairs_of(groups: Sequence[Any]) -> np.ndarray:
    """Which classes belong together.

    Args:
        groups: For each of K classes, the name or number of its group.

    Returns:
        ``(K, K)`` bool, without the diagonal.
    """
    names = np.unique([str(one) for one in groups], return_inverse=True)[1]
    together = names[:, None] == names[None, :]
    np.fill_diagonal(together, False)
    return together


def recovery(member: np.ndarray, together: np.ndarray) -> Recovery:
    """Compare families with groups.

    Args:
        member: ``(K, K)`` bool, row i is the family of class i.
        together: ``(K, K)`` bool, see :func:`pairs_of`.
    """
    found = member & ~np.eye(len(member), dtype=bool)
    right, pairs = int((found & together).sum()), int(together.sum())
    total = int(found.sum())
    return Recovery(
        right / total if total else float('nan'),
        right / pairs if pairs else float('nan'),
        total / len(member),
    )


def mean_of(some: Sequence[Recovery], key: str) -> float:
    """Mean over those that have a value; NaN if none has.

    Args:
        some: Of several trainings.
        key: A field of :class:`Recovery`.
    """
    values = [getattr(one, key) for one in some]
    values = [value for value in values if not math.isnan(value)]
    return statistics.fmean(values) if values else float('nan')


def recovery_by_epoch(
    histories: Sequence[Sequence[Snapshot]], together: np.ndarray
) -> dict[int, list[Recovery]]:
    """Follow the families that were in force.

    Args:
        histories: Of trainings that differ in their seed.
        together: See :func:`pairs_of`.

    Returns:
        For each epoch, in order, one entry for each training that kept it.
    """
    found: dict[int, list[Recovery]] = {}
    for history in histories:
        for one in history:
            entry = recovery(one.member, together)
            found.setdefault(one.epoch, []).append(entry)
    return dict(sorted(found.items()))


def recovery_grid(
    snapshot: Snapshot,
    together: np.ndarray,
    top_k: Sequence[int],
    thresholds: Sequence[int],
) -> list[list[Recovery]]:
    """What other numbers would have made of the same counts.

    It is the rule that changes here, not the training: other families would
    have led to other mistakes, which this does not see.

    Args:
        snapshot: With the counts, and the rule that both numbers go into.
        together: See :func:`pairs_of`.
        top_k: Values of K.
        thresholds: Values of n_o.

    Returns:
        A row for each K, in it one entry for each threshold.
    """
    return [
        [
            recovery(
                affinities(
                    snapshot.counts,
                    snapshot.rule.changed(top_k=k, overlap_threshold=n_o),
                ).member,
                together,
            )
            for n_o in thresholds
        ]
        for k in top_k
    ]


def read_history(folder: str | os.PathLike[str]) -> list[Snapshot]:
    """Read the families of all epochs that a training kept.

    Args:
        folder: Its work folder, with ``epoch_<n>.pth``.

    Returns:
        In the order of the epochs.

    Raises:
        AnalysisError: If there is no such checkpoint, or one has no affinity
            state or does not tell the rule.
    """
    folder = Path(folder)
    numbered = sorted(
        (int(match[1]), path)
        for path in folder.glob('epoch_*.pth')
        if (match := _EPOCH.fullmatch(path.name))
    )
    if not numbered:
        raise AnalysisError(
            f'there is no epoch_<n>.pth in {str(folder)!r}; give the work '
            f'folder of a training that kept its checkpoints '
            f'(default_hooks.checkpoint.max_keep_ckpts=-1)'
        )
    return [_snapshot(epoch, path) for epoch, path in numbered]


def _snapshot(epoch: int, path: Path) -> Snapshot:
    state, meta = read_checkpoint(path)
    learned = pick_state(state, meta, path)
    rule = rule_of_checkpoint(meta)
    if rule is None:
        raise AnalysisError(
            f'{str(path)!r} does not tell how families were made; it has to '
            f'be a checkpoint that the Runner wrote'
        )
    return Snapshot(epoch, learned.counts, learned.member, rule)


def read_groups(path: str | os.PathLike[str], total: int) -> list[str]:
    """Read which group each class belongs to.

    Args:
        path: An annotation pickle with a list under ``groups``, as
            ``tools/data/synthetic.py`` writes it, or a text file with the
            group of each class, one a line, in the order of the classes.
        total: How many classes there are.

    Raises:
        AnalysisError: If the file is missing or unreadable, has no groups,
            or another number of them.
    """
    path = Path(path)
    if not path.is_file():
        raise AnalysisError(f'there is no file {str(path)!r} for --groups')
    if path.suffix in ('.pkl', '.pickle'):
        found = list_in_annotations(path, 'groups')
    else:
        found = lines_of_text(path)
    if found is None:
        raise AnalysisError(
            f"{str(path)!r} has no list under 'groups'; give a text file with "
            f'the group of each class, one a line, instead'
        )
    if len(found) != total:
        raise AnalysisError(
            f'{str(path)!r} has the groups of {len(found)} classes, but there '
            f'are {total} classes'
        )
    return found
