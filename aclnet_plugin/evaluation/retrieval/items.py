"""Embeddings, with what is known about each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...utils.shown import shown
from .choices import Choice

VIDEO = ('subject', 'condition', 'seq', 'view')
"""What tells one video from another."""

_UNKNOWN = (-1, 'na')


@dataclass(frozen=True)
class Items:
    """Embeddings and their metadata, in the order of the data set.

    Args:
        features: ``(N, D)`` of finite numbers.
        meta: Arrays ``(N,)`` of whole numbers or text by name; ``subject``,
            the identity, is among them.
        index: ``(N,)`` ascending; place in the data set, which tells whether
            two items are the same sample. Defaults to None: 0 to N - 1.
        names: ``(N,)`` for messages. Defaults to None.

    Raises:
        ValueError: If shapes or values are impossible.
    """

    features: np.ndarray
    meta: Mapping[str, np.ndarray]
    index: np.ndarray | None = None
    names: Sequence[str] | None = None

    def __post_init__(self) -> None:
        features = np.asarray(self.features)
        if features.ndim != 2 or features.dtype.kind not in 'fiu':
            raise ValueError(
                f'features is {shown(features)}; expected numbers of shape '
                f'(N, D), one row per sample.'
            )
        count = len(features)
        index = np.arange(count)
        if self.index is not None:
            index = np.asarray(self.index)
        names = None if self.names is None else np.asarray(self.names)
        meta = {key: _column(key, self.meta[key]) for key in self.meta}
        for key, column in (*meta.items(), ('index', index), ('names', names)):
            if column is not None and len(column) != count:
                raise ValueError(
                    f'{key} has {len(column)} entries for {count} rows of '
                    f'features; expected one each.'
                )
        # Frozen, but stored in one form.
        object.__setattr__(self, 'features', features)
        object.__setattr__(self, 'meta', meta)
        object.__setattr__(self, 'index', index)
        object.__setattr__(self, 'names', names)
        if (np.diff(index) <= 0).any():
            raise ValueError(
                'index is not ascending; bring the items into the order of '
                'the data set, which decides between equal distances.'
            )
        if 'subject' not in meta:
            raise ValueError('There is no metadata `subject`, the identity.')
        # The sum of squares is what distances are made of.
        with np.errstate(over='ignore', invalid='ignore'):
            sums = np.square(features, dtype=np.float64).sum(1)
        wrong = np.flatnonzero(~np.isfinite(sums))
        if len(wrong):
            more = f' ({len(wrong)} in all)' if len(wrong) > 1 else ''
            raise ValueError(
                f'The embedding of {self.name_of(wrong[0])} is not '
                f'finite{more}. Check the checkpoint it is from.'
            )

    def __len__(self) -> int:
        return len(self.features)

    @property
    def subject(self) -> np.ndarray:
        """``(N,)``, the identities."""
        return self.meta['subject']

    def name_of(self, place: int) -> str:
        """An item in words."""
        name = '' if self.names is None else f' ({shown(self.names[place])})'
        return f'sample {self.index[place]}{name}'

    def take(self, places: np.ndarray) -> Items:
        """Some of the items.

        Args:
            places: A mask, or ascending indices.
        """
        return Items(
            self.features[places],
            {key: column[places] for key, column in self.meta.items()},
            self.index[places],
            None if self.names is None else self.names[places],
        )

    def chosen(self, choice: Choice) -> np.ndarray:
        """Which items have all the values wanted.

        Args:
            choice: Allowed values by name of the metadata.

        Returns:
            ``(N,)`` bool.

        Raises:
            ValueError: If there is no such metadata, or it is of another
                kind.
        """
        mask = np.ones(len(self), bool)
        for key, allowed in choice.items():
            if key not in self.meta:
                raise ValueError(
                    f'There is no metadata {key!r}; known are '
                    f'{", ".join(sorted(self.meta))}.'
                )
            column = self.meta[key]
            text = column.dtype.kind == 'U'
            if len(self) and any(isinstance(v, str) != text for v in allowed):
                raise ValueError(
                    f'{key} is {"text" if text else "a whole number"} in the '
                    f'data, such as {column[0].item()!r}, but is compared '
                    f'with {allowed}.'
                )
            mask &= np.isin(column, np.array(allowed))
        return mask

    def videos(self, purpose: str) -> np.ndarray:
        """A number for the video that each item is from.

        Args:
            purpose: What needs it, for the message.

        Returns:
            ``(N,)`` int64.

        Raises:
            ValueError: If videos cannot be told apart.
        """
        for key in VIDEO:
            column = self.meta.get(key)
            if column is None:
                raise ValueError(f'{purpose} needs the metadata {key!r}.')
            unknown = np.flatnonzero(np.isin(column, _of_kind(column)))
            if len(unknown):
                raise ValueError(
                    f'{purpose} needs to know the video of each sample, but '
                    f'{key} of {self.name_of(unknown[0])} is unknown '
                    f'({len(unknown)} of {len(self)} samples). Use data that '
                    f'tell it, or leave {purpose} away.'
                )
        codes = [
            np.unique(self.meta[k], return_inverse=True)[1] for k in VIDEO
        ]
        return np.unique(
            np.stack(codes, 1).reshape(-1, len(VIDEO)),
            axis=0,
            return_inverse=True,
        )[1].reshape(-1)

    def averaged_by_video(self, purpose: str) -> Items:
        """One item per video: the mean of its embeddings.

        It stands at the place of the video's first item, and has its
        metadata. The mean is not brought to unit length.

        Args:
            purpose: What needs it, for the message.
        """
        _, first, which, counts = np.unique(
            self.videos(purpose),
            return_index=True,
            return_inverse=True,
            return_counts=True,
        )
        sums = np.zeros((len(first), self.features.shape[1]))
        np.add.at(sums, which.reshape(-1), self.features)
        order = first.argsort()
        kept = self.take(first[order])
        means = (sums / counts[:, None])[order]
        return Items(means, kept.meta, kept.index, kept.names)


def _column(key: str, values: Any) -> np.ndarray:
    kinds = set()
    if not isinstance(values, np.ndarray):
        values = list(values)
        # numpy would turn numbers beside text into text.
        kinds = {isinstance(value, str) for value in values}
    column = np.asarray(values)
    if not len(column):
        return column.astype(np.int64)
    if column.ndim != 1 or column.dtype.kind not in 'iuU' or len(kinds) > 1:
        raise ValueError(
            f'{key} is {shown(column)}; expected one whole number each, or '
            f'one text each.'
        )
    return column


def _of_kind(column: np.ndarray) -> list:
    text = column.dtype.kind == 'U'
    return [value for value in _UNKNOWN if isinstance(value, str) == text]
