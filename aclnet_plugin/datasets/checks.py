"""Checks that turn a bad annotation into a message a person can act on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset
from torch.utils.data import Dataset

from ..structures import SkeletonLayout
from ..utils.shown import shown
from .naming import name_problem, sample_name
from .number_checks import count_problem
from .pose_checks import pose_problem

__all__ = [
    'annotations',
    'check_labels',
    'check_sample',
    'label_problem',
    'sample_name',
    'unwrap',
]

_MAX_LABEL = 2**31 - 1


def label_problem(label: Any, num_classes: int | None = None) -> str | None:
    """Say what is wrong with a label, or ``None``.

    Args:
        label: The label; an integer from 0, or a list of them.
        num_classes: Number of classes, if known.

    Returns:
        The end of a sentence that starts with the sample.
    """
    if isinstance(label, (list, tuple)):
        if not label:
            return 'has an empty list of labels; give it at least one'
        found = (_one_label_problem(one, num_classes) for one in label)
        return next((problem for problem in found if problem), None)
    return _one_label_problem(label, num_classes)


def _one_label_problem(label: Any, num_classes: int | None) -> str | None:
    whole = isinstance(label, (int, np.integer))
    if not whole or isinstance(label, bool):
        return (
            f'has the label {shown(label)} ({type(label).__name__}); labels '
            'are integers from 0'
        )
    if label < 0:
        return f'has the negative label {shown(label)}; labels start at 0'
    if num_classes is not None and label >= num_classes:
        return (
            f'has label {shown(label)}, but there are {num_classes} classes '
            f'(0 to {num_classes - 1})'
        )
    if label > _MAX_LABEL:
        return f'has label {shown(label)}; so many classes are not possible'
    return None


def check_sample(
    sample: Mapping[str, Any],
    origin: str,
    index: int,
    layout: SkeletonLayout | None = None,
    num_classes: int | None = None,
    pose_elsewhere: bool = False,
) -> None:
    """Raise ``ValueError`` unless a sample can be used.

    Args:
        sample: Annotation of one sequence.
        origin: The file it comes from.
        index: Its place in that file.
        layout: Layout to compare the joints with.
        num_classes: Number of classes, if known.
        pose_elsewhere: Whether the key points may be missing here, because
            they are read from another file later (Kinetics).

    Raises:
        ValueError: Names the file, the sample, the fault and what to do.
    """
    problem = _sample_problem(sample, layout, num_classes, pose_elsewhere)
    if problem is not None:
        raise ValueError(
            f'{origin}: sample {shown(sample_name(sample))} (number {index}) '
            f'{problem}.'
        )


def _sample_problem(
    sample: Mapping[str, Any],
    layout: SkeletonLayout | None,
    num_classes: int | None,
    pose_elsewhere: bool,
) -> str | None:
    if 'label' not in sample:
        return 'has no label; every sample needs one'
    problem = (
        name_problem(sample)
        or label_problem(sample['label'], num_classes)
        or _image_problem(sample)
    )
    if problem is not None:
        return problem
    if 'keypoint' in sample:
        return pose_problem(sample, layout)
    if not pose_elsewhere:
        return (
            'has no keypoint; if the skeletons are in files of their own, '
            "name the folder with data_prefix=dict(skeleton='...')"
        )
    if 'total_frames' in sample:
        return count_problem('total_frames', sample['total_frames'])
    return None


def _image_problem(sample: Mapping[str, Any]) -> str | None:
    """What is wrong with the size of the images, if it is given."""
    for key in ('img_shape', 'original_shape'):
        if key not in sample:
            continue
        value = sample[key]
        listed = isinstance(value, (list, tuple))
        if isinstance(value, np.ndarray):
            listed = value.ndim == 1
        if not listed or len(value) != 2:
            return f'has {shown(value)} as {key}; it must be (height, width)'
        for size in value:
            problem = count_problem(key, size)
            if problem is not None:
                return problem
    return None


def check_labels(dataset: Dataset, num_classes: int, show: int = 3) -> int:
    """Check the labels of a dataset before anything is trained on them.

    Works for any action dataset of MMAction2 and looks through wrappers
    such as ``RepeatDataset``, ``ConcatDataset`` and
    ``ClassBalancedDataset``. A label outside the classifier would otherwise
    end as an index error, on a GPU without any hint of the sample.

    Args:
        dataset: The dataset, wrapped or not.
        num_classes: Number of classes of the model.
        show: How many offending samples the message names.

    Returns:
        Number of samples looked at.

    Raises:
        ValueError: Names the file and the first offending samples.
    """
    total = 0
    for part in unwrap(dataset):
        bad = []
        for index, sample in enumerate(annotations(part)):
            total += 1
            problem = label_problem(sample.get('label'), num_classes)
            if problem is not None:
                bad.append((index, sample_name(sample), problem))
        if bad:
            listed = '; '.join(
                f'sample {shown(name)} (number {index}) {problem}'
                for index, name, problem in bad[:show]
            )
            rest = f'; and {len(bad) - show} more' * (len(bad) > show)
            raise ValueError(
                f'{getattr(part, "ann_file", type(part).__name__)}: '
                f'{listed}{rest}. Set num_classes of the head to the number '
                'of classes in the data, or correct the annotation.'
            )
    return total


def unwrap(dataset: Any) -> Iterator[Any]:
    """The datasets under any nesting of wrappers."""
    if hasattr(dataset, 'datasets'):
        for part in dataset.datasets:
            yield from unwrap(part)
    elif hasattr(dataset, 'dataset'):
        yield from unwrap(dataset.dataset)
    else:
        yield dataset


def annotations(dataset: Any) -> Iterator[Mapping[str, Any]]:
    """Annotations as stored, without files, transforms or copies."""
    # Asking the parent class avoids the host's get_data_info, which opens
    # one file per sample where skeletons are stored separately.
    if hasattr(dataset, 'full_init'):
        dataset.full_init()
    if not isinstance(dataset, BaseDataset):
        return
    if not dataset.serialize_data:
        yield from dataset.data_list
        return
    for index in range(len(dataset)):
        yield BaseDataset.get_data_info(dataset, index)
