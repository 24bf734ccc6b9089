"""Skeleton annotations, checked and stamped with their stream."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from mmaction.datasets import PoseDataset
from mmaction.registry import DATASETS
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from ..structures import get_layout
from ..utils.safe_pickle import safe_load
from ..utils.shown import shown
from .annotation_file import take_annotations, take_classes
from .checks import check_sample
from .completion import complete, prefix_video
from .filter_checks import filter_problem
from .naming import sample_name
from .skeleton_files import read_skeletons, skeleton_path
from .splits import take_split
from .store import is_store
from .transforms.streams import check_stream


@DATASETS.register_module()
class SkeletonDataset(PoseDataset):
    """MMAction2's ``PoseDataset`` for skeletons from any source.

    It reads the same annotation files and adds three things. The pickle is
    read as data only (nothing inside can run). Every sample is checked once,
    so that a wrong label or a NaN is reported with file and sample name
    instead of surfacing in training; what is left out of a split is counted
    and logged. And each sample carries the name of its ``stream``, which
    :class:`ToStream` reads, so that a config changes the stream with
    ``dataset=dict(stream='b')``.

    The annotation file is a dict with ``annotations`` (list of samples) and
    ``split`` (name to sample ids), or just the list. A sample has
    ``frame_dir``, ``label``, ``keypoint`` ``(M, T, V, C)``, and for 2D
    ``keypoint_score`` ``(M, T, V)`` and ``img_shape``. No two samples may
    have the same ``frame_dir``. Coordinates are numbers up to a million
    (32752 in half precision, so that differences do not overflow); integers
    become float32. An optional list ``classes`` names the classes; it goes
    to ``metainfo``.

    For a store, a folder that is mapped instead of read (``docs/store.md``),
    this class makes a :class:`SkeletonStoreDataset`.

    Args:
        ann_file: Path to the annotation file, or to a store.
        pipeline: Transforms.
        stream: ``'j'`` joints, ``'b'`` bones, ``'k'`` second-order bones, or
            their motion ``'jm'``, ``'bm'``, ``'km'``. Defaults to ``'j'``.
        layout: Skeleton layout (name or dict) that the samples must fit; not
            checked if ``None``. Defaults to ``None``.
        num_classes: Labels must be below it; not checked if ``None``.
            Defaults to ``None``.
        check: Whether samples are checked when they are loaded. It costs
            well under a second for ten thousand sequences. Defaults to
            True.
        **kwargs: Further arguments of ``PoseDataset`` (``split``,
            ``data_prefix``, ``test_mode``, ...).

    Attributes:
        left_out: Sentences about what the split names in vain or twice.

    Raises:
        FileNotFoundError: If there is no annotation file.
        pickle.UnpicklingError: If it is not a pickle of plain data.
        ValueError: If its structure, split or a sample is wrong.

    Examples:
        >>> dict(type='SkeletonDataset', ann_file='data/nw_ucla/nw_ucla.pkl',
        ...      split='xview_train', layout='kinect_v1', stream='bm',
        ...      pipeline=train_pipeline)
    """

    _for_stores: ClassVar[dict[type, type]] = {}

    def __new__(
        cls, ann_file: str = '', *args: Any, **kwargs: Any
    ) -> SkeletonDataset:
        """Choose the class that reads the annotations."""
        for_stores = cls._for_stores.get(cls)
        # Copies and other processes make an object without arguments.
        if for_stores is not None and is_store(
            ann_file, kwargs.get('data_root')
        ):
            cls = for_stores
        return super().__new__(cls)

    def __init_subclass__(
        cls, store_form_of: type | None = None, **kwargs: Any
    ) -> None:
        """Let a class be made in place of another one for a store.

        Args:
            store_form_of: The other class. Defaults to None.
            **kwargs: Of other base classes.
        """
        super().__init_subclass__(**kwargs)
        if store_form_of is not None:
            cls._for_stores[store_form_of] = cls

    def __init__(
        self,
        ann_file: str,
        pipeline: list[dict | Callable],
        stream: str = 'j',
        layout: str | dict | None = None,
        num_classes: int | None = None,
        check: bool = True,
        **kwargs: Any,
    ) -> None:
        self.stream = check_stream(stream)
        self.layout = None if layout is None else get_layout(layout)
        self.check = check
        self.left_out: tuple[str, ...] = ()
        if isinstance(ann_file, os.PathLike):
            ann_file = os.fspath(ann_file)
        super().__init__(
            ann_file, pipeline=pipeline, num_classes=num_classes, **kwargs
        )

    def load_data_list(self) -> list[dict]:
        """Read the annotation file and keep the samples of the split."""
        if is_store(self.ann_file):
            raise ValueError(
                f'{self.ann_file} is a store or folder, which a '
                f'{type(self).__name__} cannot read; derive that class from '
                'SkeletonStoreDataset.'
            )
        try:
            content = safe_load(self.ann_file)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f'{error} Set ann_file of the dataset, or make the file; '
                f'tools/data has converters.'
            ) from None
        samples = take_annotations(content, self.ann_file)
        classes = take_classes(content, self.ann_file)
        if classes:
            self._metainfo.setdefault('classes', classes)
        places = self._places_of_split(content, samples)
        videos = self.data_prefix.get('video')
        for place in places:
            if self.check:
                check_sample(
                    samples[place],
                    self.ann_file,
                    place,
                    self.layout,
                    self.num_classes,
                    pose_elsewhere='skeleton' in self.data_prefix,
                )
            complete(samples[place])
            prefix_video(samples[place], videos)
        return [samples[place] for place in places]

    def filter_data(self) -> list[dict]:
        """Let the host apply ``valid_ratio``, and say what that removes."""
        if not self.valid_ratio:
            return self.data_list
        total = len(self.data_list)
        for index, sample in enumerate(self.data_list):
            self._check_filter(sample, index)
        kept = super().filter_data()
        self._tell_filtered(total, len(kept))
        return kept

    def get_data_info(self, idx: int) -> dict:
        """Annotation of one sample, with ``stream``."""
        info = super(PoseDataset, self).get_data_info(idx)
        if 'skeleton' in self.data_prefix:
            info.update(self._skeleton_file(info, idx))
        info['stream'] = self.stream
        if self.layout is not None:
            # Transforms without a layout of their own use it.
            info['layout'] = self.layout
        return info

    def get_cat_ids(self, idx: int) -> list[int]:
        """Classes of one sample, for MMEngine's ``ClassBalancedDataset``."""
        label = BaseDataset.get_data_info(self, idx)['label']
        return list(label) if isinstance(label, (list, tuple)) else [label]

    def _copy_without_annotation(
        self, memo: dict | None = None
    ) -> SkeletonDataset:
        # MMEngine 0.10.7 keeps one memo for all subsets that are ever made,
        # and takes a new object for an old one that had the same address.
        memo = {} if memo is None else memo
        return super()._copy_without_annotation(memo)

    def _places_of_split(self, content: Any, samples: list[dict]) -> list[int]:
        if self.split is None:
            return list(range(len(samples)))
        chosen = take_split(content, samples, self.split, self.ann_file)
        self.left_out = chosen.warnings
        self._tell_selected(len(chosen.places), len(samples))
        return chosen.places

    def _tell_selected(self, used: int, total: int) -> None:
        for warning in self.left_out:
            _tell(warning, logging.WARNING)
        _tell(
            f'{self.ann_file}: {used} of {total} annotated samples are in '
            f'split {self.split!r}.',
            logging.INFO,
        )

    def _check_filter(self, sample: Mapping[str, Any], index: int) -> None:
        problem = filter_problem(sample, self.box_thr)
        if problem is not None:
            raise ValueError(
                f'{self.ann_file}: sample {shown(sample_name(sample))} '
                f'(number {index} of those used) {problem}.'
            )

    def _tell_filtered(self, total: int, kept: int) -> None:
        how = f'valid_ratio={self.valid_ratio} with box_thr={self.box_thr}'
        if not kept:
            raise ValueError(
                f'{self.ann_file}: {how} leaves none of the {total} samples; '
                'lower one of the two.'
            )
        _tell(
            f'{self.ann_file}: {total - kept} of {total} samples are left '
            f'out by {how}.',
            logging.INFO,
        )

    def _skeleton_file(self, info: Mapping[str, Any], idx: int) -> dict:
        """Read the skeletons of a sample from their own file."""
        name = sample_name(info)
        where = f'sample {shown(name)} (number {idx} of those used)'
        folder = self.data_prefix['skeleton']
        path = skeleton_path(folder, info, where, self.ann_file)
        content = read_skeletons(path, where, self.ann_file)
        if self.check:
            # The label of a multi-class dataset is a vector by now, and was
            # checked before.
            label = content.get('label', 0)
            check_sample(
                dict(info) | content | {'label': label},
                path,
                idx,
                self.layout,
                self.num_classes,
            )
        complete(content)
        return content


def _tell(message: str, level: int) -> None:
    print_log(message, logger='current', level=level)
