"""Skeletons of a store, with everything else as for an annotation file."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from mmaction.registry import DATASETS
from mmengine.logging import print_log

from ..utils.shown import shown
from .checks import check_sample
from .completion import complete, prefix_video
from .skeleton_dataset import SkeletonDataset
from .store import SkeletonStore
from .store.view import StoreView


@DATASETS.register_module()
class SkeletonStoreDataset(SkeletonDataset, store_form_of=SkeletonDataset):
    """:class:`SkeletonDataset` for a store, which is mapped, not read.

    It gives the very samples that the pickle of the store would give, and
    takes the same arguments. Opening takes the same time for any number of
    sequences: samples were checked when the store was built, and what can be
    compared with ``layout`` and ``num_classes`` is compared by one sample of
    each kind. Workers and ranks share the pages of the files. Started by
    ``spawn``, a worker is sent the path of the store.

    There is no need to name this class:
    ``SkeletonDataset(ann_file='ntu60_3d.store')`` makes one.

    Args:
        ann_file: Path to the store.
        *args: As for ``SkeletonDataset``.
        **kwargs: As for ``SkeletonDataset``; ``serialize_data`` has no
            meaning here, and ``data_prefix=dict(skeleton=...)`` neither: a
            store holds the skeletons themselves.

    Raises:
        FileNotFoundError: If there is no store.
        ValueError: If it is none, of another version or cut short, or if
            split, layout or classes do not fit.
    """

    def __init__(self, ann_file: str, *args: Any, **kwargs: Any) -> None:
        # The host serialises a list of samples; here there is none.
        kwargs['serialize_data'] = False
        super().__init__(ann_file, *args, **kwargs)

    def load_data_list(self) -> StoreView:
        """Open the store and select the split."""
        store = SkeletonStore(self.ann_file)
        places = store.places(self.split)
        if store.classes:
            self._metainfo.setdefault('classes', list(store.classes))
        self.left_out = store.warnings(self.split)
        if self.split is not None:
            self._tell_selected(len(places), len(store))
        if self.check:
            self._check(store, places)
        if self.data_prefix.pop('skeleton', None) is not None:
            print_log(
                f'{self.ann_file} holds the skeletons themselves; '
                'data_prefix=dict(skeleton=...) is not used. Remove it.',
                logger='current',
                level=logging.WARNING,
            )
        finish = partial(_finish, videos=self.data_prefix.get('video'))
        return StoreView(store, self.split, finish)

    def filter_data(self) -> StoreView:
        """Apply ``valid_ratio`` as the host does."""
        if not self.valid_ratio:
            return self.data_list
        total, kept = len(self.data_list), []
        for index, sample in enumerate(self.data_list):
            self._check_filter(sample, index)
            ratio = sample['valid'][self.box_thr] / sample['total_frames']
            if not self._filters() or ratio >= self.valid_ratio:
                kept.append(index)
        self._tell_filtered(total, len(kept))
        return self.data_list.take(kept)

    def get_data_info(self, idx: int) -> dict:
        """Annotation of one sample, with ``stream``; its arrays are copies."""
        info = super().get_data_info(idx)
        if self._filters():
            info['anno_inds'] = info['box_score'] >= self.box_thr
        return info

    def prepare_data(self, idx: int) -> Any:
        """A sample after the pipeline.

        Args:
            idx: Index of the sample.

        Raises:
            ValueError: If a transform failed because the sample is wrong.
        """
        try:
            return super().prepare_data(idx)
        except Exception:
            # Only now: to check a sample takes longer than to read it.
            view = self.data_list
            if self.check and -len(view) <= idx < len(view):
                self._check_one(view.store, view.places[idx])
            raise

    def get_cat_ids(self, idx: int) -> list[int]:
        """Classes of one sample, for MMEngine's ``ClassBalancedDataset``."""
        self.full_init()
        label = self.data_list.head(idx)['label']
        return list(label) if isinstance(label, (list, tuple)) else [label]

    def _filters(self) -> bool:
        # The host ignores any other type.
        return isinstance(self.valid_ratio, float) and self.valid_ratio > 0

    def _get_unserialized_subset(
        self, indices: int | Sequence[int]
    ) -> StoreView:
        if isinstance(indices, int):
            chosen = slice(indices) if indices >= 0 else slice(indices, None)
            return self.data_list[chosen]
        listed = isinstance(indices, (Sequence, np.ndarray))
        if isinstance(indices, str) or not listed:
            raise TypeError(
                f'indices are {shown(indices)}; they have to be an integer '
                'or a list of integers.'
            )
        return self.data_list.take(indices)

    def _check(self, store: SkeletonStore, places: Sequence[int]) -> None:
        """Compare with layout and classes."""
        try:
            for place in store.probes_of(self.split):
                self._check_one(store, place)
        except ValueError:
            # The first one at fault is named, as for a pickle.
            for place in places:
                self._check_one(store, place)
            raise

    def _check_one(self, store: SkeletonStore, place: int) -> None:
        place = int(place)
        check_sample(
            store.read(place),
            self.ann_file,
            place,
            self.layout,
            self.num_classes,
        )


def _finish(sample: dict, videos: str | None) -> dict:
    """What a sample of a pickle goes through when it is loaded."""
    complete(sample)
    prefix_video(sample, videos)
    return sample
