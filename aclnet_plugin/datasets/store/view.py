"""Some of the sequences of a store, as a list."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .reader import SkeletonStore


class StoreView(Sequence):
    """Sequences of a store, chosen by place, read when they are asked for.

    Args:
        store: The store.
        split: Name of the split; None for the whole store.
        finish: Called with each sample; returns what is handed out.
        places: Places in the store. Defaults to those of the split.

    Attributes:
        places: ``(n,)`` places, in the order of the view.
    """

    def __init__(
        self,
        store: SkeletonStore,
        split: str | None,
        finish: Callable[[dict], dict],
        places: Sequence[int] | None = None,
    ) -> None:
        self.store = store
        self.split = split
        self.finish = finish
        self._chosen = places
        self.places = store.places(split) if places is None else places

    def __reduce__(self) -> tuple:
        # The places of a split are in the store, and not sent along.
        state = self.store, self.split, self.finish, self._chosen
        return type(self), state

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int | slice) -> Any:
        """One sample, or a view of some of them."""
        if isinstance(index, slice):
            return self._of(self.places[index])
        return self._sample(self.places[operator.index(index)])

    def __iter__(self) -> Iterator[dict]:
        return map(self._sample, self.places)

    def head(self, index: int) -> dict:
        """Name and label of a sample; its arrays are not touched.

        Args:
            index: Index of this view.
        """
        return self.finish(self.store.head(int(self.places[index])))

    def take(self, indices: Sequence[int]) -> StoreView:
        """A view of the sequences at some indices, in their order.

        Args:
            indices: Indices of this view.

        Raises:
            IndexError: If there is no such index.
            TypeError: If they are no integers.
        """
        chosen = np.asarray(indices)
        if chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in 'iu'):
            raise TypeError('indices have to be a list of integers.')
        places = np.asarray(self.places, np.int64)
        return self._of(places[chosen.astype(np.int64)])

    def _of(self, places: Sequence[int]) -> StoreView:
        return type(self)(self.store, self.split, self.finish, places)

    def _sample(self, place: int) -> dict:
        return self.finish(self.store.read(int(place)))
