"""The family of one class: who belongs to it, and why."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .family_rules import Affinities


class Relative(NamedTuple):
    """One class, seen from another.

    Attributes:
        index: The class.
        affinity: Eq. 5.
        direct: Its first part: 0.5 if the class is among the top K
            confusions, else 0.
        indirect: Its second part: the share of common top K confusions.
        shared: These common confusions, most frequent of the owner first.
        mistaken: How often the owner was taken for it.
        mistaken_for: How often it was taken for the owner.
        member: Whether it belongs to the family.
        in_force: Whether it does so in the family table of the checkpoint;
            None if there is no table.
    """

    index: int
    affinity: float
    direct: float
    indirect: float
    shared: list[int]
    mistaken: int
    mistaken_for: int
    member: bool
    in_force: bool | None


def relatives_of(
    owner: int,
    found: Affinities,
    counts: np.ndarray,
    table: np.ndarray | None = None,
) -> list[Relative]:
    """All classes with an affinity to one, members first, closest first.

    Args:
        owner: The class whose family it is.
        found: Affinities of all classes.
        counts: ``(K, K)`` confusion counts, rows are true classes.
        table: ``(K, K)`` bool, the families of the checkpoint. Defaults to
            None.

    Returns:
        Classes with an affinity above 0, and those in a family of either
        kind. The owner itself is among them only if the rule (that of the
        release) makes it a member.
    """
    members = found.member[owner]
    listed = members | (found.affinity[owner] > 0)
    if table is not None:
        listed = listed | table[owner]
    others = [
        other
        for other in np.flatnonzero(listed).tolist()
        if other != owner or members[owner]
    ]
    both = counts[owner] + counts[:, owner]

    def closeness(other: int) -> tuple:
        affinity = -float(found.affinity[owner, other])
        return (not members[other], affinity, -int(both[other]), other)

    return [
        _relative(owner, other, found, counts, table)
        for other in sorted(others, key=closeness)
    ]


def _relative(
    owner: int,
    other: int,
    found: Affinities,
    counts: np.ndarray,
    table: np.ndarray | None,
) -> Relative:
    affinity = float(found.affinity[owner, other])
    direct = 0.5 * bool(found.direct[owner, other])
    theirs = set(found.neighbours[other])
    return Relative(
        other,
        affinity,
        direct,
        affinity - direct,
        [p for p in found.neighbours[owner] if p in theirs],
        int(counts[owner, other]) if other != owner else 0,
        int(counts[other, owner]) if other != owner else 0,
        bool(found.member[owner, other]),
        None if table is None else bool(table[owner, other]),
    )
