"""Batches of a few sequences from each of several identities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from mmaction.registry import DATA_SAMPLERS
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Dataset, Sampler

from ...utils.shown import shown


@DATA_SAMPLERS.register_module()
class RandomIdentitySampler(Sampler):
    """Orders samples so that each batch holds P identities, K samples each.

    Contrastive losses need positives in the batch, which a plain shuffle
    among many identities seldom gives. Identities take turns in random
    order, whatever the number of their samples: in an epoch none gets more
    than one turn more than another. The samples of an identity take turns
    in the same way. An identity with fewer than K samples gives all of them,
    and the rest is drawn from them with replacement.

    Everything depends on seed and epoch alone, as for MMEngine's
    ``DefaultSampler``: batches are made for all processes together and dealt
    out whole, and an interrupted epoch can be continued, with another number
    of processes as well.

    Args:
        dataset: The dataset; ``get_cat_ids(idx)`` tells the identity. The
            Runner gives it.
        batch_size: Samples of a batch in one process, ``P * K``; has to be
            the ``batch_size`` of the data loader, too.
        num_instances: Samples per identity, ``K``. Defaults to 4.
        seed: Equal in all processes. The Runner gives it. Defaults to
            ``None``: drawn, and agreed on by the processes.

    Attributes:
        num_batches: Batches of an epoch in one process, ``floor(N / (P *
            K))`` shared out among the processes and rounded down.

    Raises:
        ValueError: If such batches cannot be made.
        TypeError: If the dataset does not tell identities.

    Examples:
        >>> train_dataloader = dict(
        ...     batch_size=64,
        ...     sampler=dict(
        ...         type='RandomIdentitySampler',
        ...         batch_size=64,
        ...         num_instances=4),
        ...     ...)
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        num_instances: int = 4,
        seed: int | None = None,
    ) -> None:
        self.num_identities = _split_batch(batch_size, num_instances)
        self.batch_size = batch_size
        self.num_instances = num_instances
        self.dataset = dataset
        self.rank, self.world_size = get_dist_info()
        self.seed = sync_random_seed() if seed is None else seed
        self.epoch = 0
        self._samples = list(_samples_by_identity(dataset).values())
        total = sum(map(len, self._samples))
        self.num_batches = total // batch_size // self.world_size
        if len(self._samples) < self.num_identities:
            raise ValueError(
                f'RandomIdentitySampler: batch_size={batch_size} with '
                f'num_instances={num_instances} asks for '
                f'{self.num_identities} identities per batch, but the '
                f'dataset has {len(self._samples)}; lower batch_size or '
                'raise num_instances.'
            )
        if not self.num_batches:
            raise ValueError(
                f'RandomIdentitySampler: {total} samples do not fill a '
                f'batch of {batch_size} in each of {self.world_size} '
                'processes; lower batch_size.'
            )

    def __iter__(self) -> Iterator[int]:
        """The indices of this process, batch after batch."""
        rng = np.random.default_rng(self.seed + self.epoch)
        turns = _Deck(range(len(self._samples)), rng)
        decks = [_Deck(samples, rng) for samples in self._samples]
        # A list: who has the first batches must not depend on who asks.
        batches = [
            [
                index
                for identity in turns.draw(self.num_identities)
                for index in decks[identity].draw(self.num_instances)
            ]
            for _ in range(self.num_batches * self.world_size)
        ]
        for batch in batches[self.rank :: self.world_size]:
            yield from batch

    def __len__(self) -> int:
        """Number of samples in this process."""
        return self.num_batches * self.batch_size

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of an epoch.

        Args:
            epoch: Number of the epoch.
        """
        self.epoch = epoch


class _Deck:
    """Deals items in random order, all of them before any comes again.

    Args:
        items: The items, all different.
        rng: Shuffles them.
    """

    def __init__(self, items: Sequence[int], rng: np.random.Generator) -> None:
        self.items = np.asarray(items)
        self.rng = rng
        self.left: list[int] = []

    def draw(self, count: int) -> list[int]:
        """Deal items that differ, as far as there are so many."""
        short = count - len(self.items)
        if short > 0:
            again = self.rng.choice(self.items, short).tolist()
            return self.rng.permutation(self.items).tolist() + again
        hand, self.left = self.left[:count], self.left[count:]
        missing = count - len(hand)
        if missing:
            shuffled = self.rng.permutation(self.items).tolist()
            # What was the last of the old round is the last of the new one.
            fresh = [item for item in shuffled if item not in hand]
            seen = [item for item in shuffled if item in hand]
            self.left = fresh[missing:] + seen
            hand += fresh[:missing]
        return hand


def _split_batch(batch_size: Any, num_instances: Any) -> int:
    """Identities per batch."""
    sizes = dict(batch_size=batch_size, num_instances=num_instances)
    for name, size in sizes.items():
        whole = isinstance(size, int) and not isinstance(size, bool)
        if not whole or size < 1:
            raise ValueError(
                f'RandomIdentitySampler: {name} is {shown(size)}; it must '
                'be an integer from 1.'
            )
    identities, rest = divmod(batch_size, num_instances)
    if rest:
        raise ValueError(
            f'RandomIdentitySampler: batch_size={batch_size} is not a '
            f'multiple of num_instances={num_instances}.'
        )
    return identities


def _samples_by_identity(dataset: Any) -> dict[Any, list[int]]:
    """Indices of the samples of each identity, in the dataset's order."""
    if not hasattr(dataset, 'get_cat_ids'):
        raise TypeError(
            f'RandomIdentitySampler: a {type(dataset).__name__} does not '
            'tell the identity of a sample (get_cat_ids). Give the dataset '
            'itself, such as a GaitPoseDataset, without ConcatDataset or '
            'RepeatDataset: joined datasets number their identities each '
            'from 0, and a repeated one has the same batches.'
        )
    if hasattr(dataset, 'full_init'):
        dataset.full_init()
    found: dict[Any, list[int]] = {}
    for index in range(len(dataset)):
        identities = dataset.get_cat_ids(index)
        if len(identities) != 1:
            raise ValueError(
                f'RandomIdentitySampler: sample {index} has '
                f'{len(identities)} labels; it must have one, its identity.'
            )
        found.setdefault(identities[0], []).append(index)
    return found
