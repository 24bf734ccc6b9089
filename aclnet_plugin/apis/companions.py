"""The class that a class is most confused with, and an example of it."""

from __future__ import annotations

import os
from difflib import get_close_matches
from typing import NamedTuple

from ..analysis.family_of_class import relatives_of
from ..analysis.family_rules import FamilyRule, affinities, rule_of_checkpoint
from ..analysis.learned_state import pick_state, read_checkpoint
from ..utils.shown import shown
from .inferencers.errors import InferenceError
from .inferencers.inputs import InputOptions, SkeletonSequence, find_sources


class Companion(NamedTuple):
    """A class seen from another.

    Attributes:
        label: The class.
        affinity: Eq. 5.
        member: Whether it belongs to the Motion Family of the other.
    """

    label: int
    affinity: float
    member: bool


class Companions:
    """Confusable classes by the statistics of a checkpoint.

    Args:
        checkpoint: Of a training with an ``ACLHead``; read as data only.

    Raises:
        ValueError: If it holds no such statistics.
    """

    def __init__(self, checkpoint: str | os.PathLike[str]) -> None:
        state, meta = read_checkpoint(checkpoint)
        learned = pick_state(state, meta, checkpoint)
        self.path = os.fspath(checkpoint)
        self.names = learned.names
        self._counts, self._table = learned.counts, learned.member
        rule = rule_of_checkpoint(meta) or FamilyRule()
        self._found = affinities(self._counts, rule)

    def of(self, label: int) -> Companion | None:
        """The closest class of the family, else the closest of all.

        Args:
            label: The class.

        Returns:
            None if the class was never confused with another.

        Raises:
            InferenceError: If there is no such class.
        """
        if not 0 <= label < len(self._counts):
            raise InferenceError(
                f'{self.path} has {len(self._counts)} classes, but no class '
                f'{label}.'
            )
        listed = relatives_of(label, self._found, self._counts, self._table)
        # Those in force in the training come before those of the counts.
        listed.sort(key=lambda one: not one.in_force)
        others = [one for one in listed if one.index != label]
        if not others:
            return None
        best = others[0]
        return Companion(best.index, best.affinity, bool(best.in_force))


class Examples:
    """The sequences of a file, found by name or by class.

    The file is opened once; sequences are read as they are needed.

    Args:
        path: Anything that :func:`find_sources` reads.
        options: How it is read.
    """

    def __init__(self, path: str, options: InputOptions) -> None:
        self.path = path
        self.sources = find_sources(path, options)
        self._labels: list[int | None] = []

    def called(self, name: str | None) -> SkeletonSequence:
        """The sequence of a name, or the only one.

        Args:
            name: The name; None if there is one sequence.

        Raises:
            ValueError: If there is none, or several.
        """
        names = [source.name for source in self.sources]
        if name is None and len(names) == 1:
            return self.sources[0].load()
        if name is None:
            raise InferenceError(
                f'{self.path} has {len(names)} sequences; say which with '
                f'--name, for example one of {", ".join(names[:3])}.'
            )
        if name not in names:
            if len(names) == 1:
                # It may not even be there, which is the better message.
                self.sources[0].load()
            near = get_close_matches(name, names, 3, 0.5) or names[:3]
            raise InferenceError(
                f'{self.path} has no sequence {shown(name)}. Names in it '
                f'are written like {", ".join(near)}.'
            )
        return self.sources[names.index(name)].load()

    def of(self, label: int, not_called: str = '') -> SkeletonSequence:
        """The first sequence of a class.

        Args:
            label: The class.
            not_called: A name to pass over. Defaults to ''.

        Raises:
            ValueError: If there is none.
        """
        for place, source in enumerate(self.sources):
            if place == len(self._labels):
                self._labels.append(source.load().truth)
            if self._labels[place] == label and source.name != not_called:
                return source.load()
        raise InferenceError(
            f'{self.path} has no sequence of class {label} to show beside.'
        )
