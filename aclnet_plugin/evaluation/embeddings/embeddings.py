"""Embeddings of a data set, with what is known about each sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import numpy as np

from ...utils.shown import shown

MADE_WITH = ('embedding', 'checkpoint_sha256', 'tta')
"""Entries of ``about`` that decide what an embedding means."""


class EmbeddingsError(ValueError):
    """Something the user can put right; the message says how."""


@dataclass(frozen=True)
class Embeddings:
    """One vector per sample, in the order of the data set.

    Args:
        features: ``(N, D)`` float32, rows of unit length.
        names: ``(N,)`` text, ``frame_dir`` of the samples.
        labels: ``(N,)`` int64; -1 where there is none.
        classes: Names of the classes, possibly none.
        meta: Arrays ``(N,)`` by name, such as ``subject`` and ``view``.
        about: Where they are from: ``config``, ``checkpoint``,
            ``checkpoint_sha256``, ``embedding``, ``split``.
        path: The file, for messages. Defaults to ``'the embeddings'``.

    Raises:
        EmbeddingsError: If they do not fit together, or are not finite.
    """

    features: np.ndarray
    names: np.ndarray
    labels: np.ndarray
    classes: Sequence[str] = ()
    meta: Mapping[str, np.ndarray] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    path: str = 'the embeddings'

    def __post_init__(self) -> None:
        features = self.features
        if features.ndim != 2 or features.dtype != np.float32:
            raise EmbeddingsError(
                f'{self.path}: features is {shown(features)}; expected '
                f'(N, D) float32.'
            )
        kinds = {'frame_dir': (self.names, 'U'), 'label': (self.labels, 'i')}
        kinds |= {key: (self.meta[key], 'iufU') for key in self.meta}
        for key, (column, kind) in kinds.items():
            fine = column.shape == features.shape[:1]
            if not fine or column.dtype.kind not in kind:
                raise EmbeddingsError(
                    f'{self.path}: {key} is {shown(column)}; expected one '
                    f'{"text" if kind == "U" else "value"} for each of '
                    f'{len(features)} rows of features.'
                )
        wrong = np.flatnonzero(~np.isfinite(features).all(1))
        if len(wrong):
            raise EmbeddingsError(
                f'{self.path}: {len(wrong)} embeddings are not finite, the '
                f'first is that of {self.names[wrong[0]]}. Check the '
                f'checkpoint, or whether its training has diverged.'
            )

    def __len__(self) -> int:
        return len(self.features)

    def place_of(self, name: str) -> int:
        """Row of a sample.

        Args:
            name: Its ``frame_dir``.

        Raises:
            EmbeddingsError: If there is no such sample, or more than one.
        """
        found = np.flatnonzero(self.names == name)
        if len(found) == 1:
            return int(found[0])
        if len(found):
            raise EmbeddingsError(
                f'{self.path} has {len(found)} samples called {name}; names '
                f'have to differ to be searched for.'
            )
        near = get_close_matches(name, self.names.tolist(), 3, 0.5)
        near = near or self.names[:3].tolist()
        raise EmbeddingsError(
            f'{self.path} has no sample {shown(name)}. Names in it are '
            f'written like {", ".join(near) or "none, it is empty"}.'
        )

    def class_of(self, place: int) -> str:
        """Name of a sample's class; empty if it has none.

        Args:
            place: Its row.
        """
        label = int(self.labels[place])
        return self.classes[label] if 0 <= label < len(self.classes) else ''
