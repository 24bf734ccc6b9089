"""Skeleton annotations, checked and stamped with their stream."""

from __future__ import annotations

import logging
import os.path as osp
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from mmaction.datasets import PoseDataset
from mmaction.registry import DATASETS
from mmengine.logging import print_log

from ..structures import get_layout
from ..utils.safe_pickle import safe_load
from ..utils.shown import shown
from .annotation_file import take_annotations, take_classes
from .checks import check_sample
from .filter_checks import filter_problem
from .naming import NAME_KEYS, sample_name
from .splits import take_split
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

    Args:
        ann_file: Path to the annotation file.
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
        super().__init__(
            ann_file, pipeline=pipeline, num_classes=num_classes, **kwargs
        )

    def load_data_list(self) -> list[dict]:
        """Read the annotation file and keep the samples of the split."""
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
            _complete(samples[place])
            self._prefix_video(samples[place])
        return [samples[place] for place in places]

    def filter_data(self) -> list[dict]:
        """Let the host apply ``valid_ratio``, and say what that removes."""
        if not self.valid_ratio:
            return self.data_list
        total = len(self.data_list)
        for index, sample in enumerate(self.data_list):
            problem = filter_problem(sample, self.box_thr)
            if problem is not None:
                raise ValueError(
                    f'{self.ann_file}: sample {shown(sample_name(sample))} '
                    f'(number {index} of those used) {problem}.'
                )
        kept = super().filter_data()
        how = f'valid_ratio={self.valid_ratio} with box_thr={self.box_thr}'
        if not kept:
            raise ValueError(
                f'{self.ann_file}: {how} leaves none of the {total} samples; '
                'lower one of the two.'
            )
        _tell(
            f'{self.ann_file}: {total - len(kept)} of {total} samples are '
            f'left out by {how}.',
            logging.INFO,
        )
        return kept

    def get_data_info(self, idx: int) -> dict:
        """Annotation of one sample, with ``stream``."""
        info = super(PoseDataset, self).get_data_info(idx)
        if 'skeleton' in self.data_prefix:
            info.update(self._skeleton_file(info, idx))
        info['stream'] = self.stream
        return info

    def _places_of_split(self, content: Any, samples: list[dict]) -> list[int]:
        if self.split is None:
            return list(range(len(samples)))
        chosen = take_split(content, samples, self.split, self.ann_file)
        self.left_out = chosen.warnings
        for warning in chosen.warnings:
            _tell(warning, logging.WARNING)
        _tell(
            f'{self.ann_file}: {len(chosen.places)} of {len(samples)} '
            f'annotated samples are in split {self.split!r}.',
            logging.INFO,
        )
        return chosen.places

    def _skeleton_file(self, info: Mapping[str, Any], idx: int) -> dict:
        """Read the skeletons of a sample from their own file."""
        name = sample_name(info)
        where = f'sample {shown(name)} (number {idx} of those used)'
        if not any(key in info for key in NAME_KEYS):
            raise ValueError(
                f'{self.ann_file}: {where} has no frame_dir, which would '
                'name the file of its skeletons. Add it.'
            )
        path = osp.join(self.data_prefix['skeleton'], f'{name}.pkl')
        try:
            content = safe_load(path)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f'{error} It should hold the skeletons of {where} of '
                f'{self.ann_file}; correct data_prefix, or make the file.'
            ) from None
        keys = content if isinstance(content, Mapping) else [None]
        if not all(type(key) is str for key in keys):
            raise ValueError(
                f'{path}: {where} of {self.ann_file} has {shown(content)} '
                'there; expected a dict with keypoint and frame_inds.'
            )
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
        content = dict(content)
        _complete(content)
        return content

    def _prefix_video(self, sample: dict) -> None:
        """Join the folder of the videos, as the host does."""
        if 'video' in self.data_prefix:
            folder = self.data_prefix['video']
            for key in NAME_KEYS:
                if key in sample:
                    sample[key] = osp.join(folder, str(sample[key]))


def _complete(sample: dict) -> None:
    """Fill in and convert what the transforms of the host rely on."""
    keypoint = sample.get('keypoint')
    if getattr(keypoint, 'ndim', 0) == 4:
        sample.setdefault('total_frames', keypoint.shape[1])
        if keypoint.dtype.kind in 'iu':
            # Differences of unsigned or short integers wrap around.
            sample['keypoint'] = keypoint.astype(np.float32)
    for key in ('label', 'total_frames'):
        if isinstance(sample.get(key), np.integer):
            # The host takes integers of Python only.
            sample[key] = int(sample[key])


def _tell(message: str, level: int) -> None:
    print_log(message, logger='current', level=level)
