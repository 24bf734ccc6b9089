"""Skeleton annotations, checked and stamped with their stream."""

from __future__ import annotations

import os.path as osp
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mmaction.datasets import PoseDataset
from mmaction.registry import DATASETS

from ..structures import get_layout
from ..utils.safe_pickle import safe_load
from .checks import check_sample, sample_name
from .transforms.streams import check_stream


@DATASETS.register_module()
class SkeletonDataset(PoseDataset):
    """MMAction2's ``PoseDataset`` for skeletons from any source.

    It reads the same annotation files and adds three things. The pickle is
    read as data only (nothing inside can run). Every sample is checked once,
    so that a wrong label or a NaN is reported with file and sample name
    instead of surfacing in training. And each sample carries the name of its
    ``stream``, which :class:`ToStream` reads, so that a config changes the
    stream with ``dataset=dict(stream='b')``.

    The annotation file is a dict with ``annotations`` (list of samples) and
    ``split`` (name to sample ids), or just the list. A sample has
    ``frame_dir``, ``label``, ``keypoint`` ``(M, T, V, C)``, and for 2D
    ``keypoint_score`` ``(M, T, V)`` and ``img_shape``. An optional list
    ``classes`` names the classes; it goes to ``metainfo``.

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
        samples = self._take_annotations(content)
        if isinstance(content, Mapping) and content.get('classes'):
            self._metainfo.setdefault('classes', list(content['classes']))
        if self.split is not None:
            samples = self._take_split(content, samples)
        if self.check:
            for index, sample in enumerate(samples):
                check_sample(
                    sample,
                    self.ann_file,
                    index,
                    self.layout,
                    self.num_classes,
                    pose_elsewhere='skeleton' in self.data_prefix,
                )
        for sample in samples:
            self._complete(sample)
        return samples

    def get_data_info(self, idx: int) -> dict:
        """Annotation of one sample, with ``stream``."""
        info = super(PoseDataset, self).get_data_info(idx)
        if 'skeleton' in self.data_prefix:
            path = osp.join(
                self.data_prefix['skeleton'], sample_name(info) + '.pkl'
            )
            info.update(safe_load(path))
            if self.check:
                check_sample(info | {'label': 0}, path, idx, self.layout)
        info['stream'] = self.stream
        return info

    def _take_annotations(self, content: Any) -> list[dict]:
        samples = content
        if isinstance(content, Mapping):
            if 'annotations' not in content:
                raise ValueError(
                    f'{self.ann_file} is a dict without the key '
                    f'"annotations" (it has {sorted(map(str, content))}); '
                    'expected {"annotations": [...], "split": {...}}.'
                )
            samples = content['annotations']
        if not isinstance(samples, (list, tuple)):
            raise ValueError(
                f'{self.ann_file} holds a {type(samples).__name__} where a '
                'list of annotations was expected.'
            )
        if not samples:
            raise ValueError(
                f'{self.ann_file} has no annotations; create it again.'
            )
        for index, sample in enumerate(samples):
            if not isinstance(sample, Mapping):
                raise ValueError(
                    f'{self.ann_file}: annotations are dicts, but number '
                    f'{index} is a {type(sample).__name__}.'
                )
        return list(samples)

    def _take_split(self, content: Any, samples: list[dict]) -> list[dict]:
        splits = content.get('split') if isinstance(content, Mapping) else None
        if not isinstance(splits, Mapping) or self.split not in splits:
            known = sorted(splits) if isinstance(splits, Mapping) else 'none'
            raise ValueError(
                f'{self.ann_file} has no split {self.split!r}; available: '
                f'{known}.'
            )
        names: Sequence[str] = splits[self.split]
        wanted = set(map(str, names))
        if not wanted:
            raise ValueError(
                f'{self.ann_file}: the split {self.split!r} is empty.'
            )
        kept = [s for s in samples if sample_name(s) in wanted]
        missing = len(wanted) - len({sample_name(s) for s in kept})
        if not kept:
            raise ValueError(
                f'{self.ann_file}: the split {self.split!r} names '
                f'{len(wanted)} samples, none of which is annotated; check '
                'that its ids equal the frame_dir of the annotations.'
            )
        if missing:
            warnings.warn(
                f'{self.ann_file}: {missing} of the {len(wanted)} samples of '
                f'split {self.split!r} have no annotation and are left out.',
                stacklevel=2,
            )
        return kept

    def _complete(self, sample: dict) -> None:
        """What the host would have filled in or joined."""
        keypoint = sample.get('keypoint')
        if getattr(keypoint, 'ndim', 0) == 4:
            sample.setdefault('total_frames', keypoint.shape[1])
        if 'video' in self.data_prefix:
            folder = self.data_prefix['video']
            for key in ('filename', 'frame_dir'):
                if key in sample:
                    sample[key] = osp.join(folder, sample[key])
