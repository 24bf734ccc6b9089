"""Sequences that are in memory already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from ....datasets.checks import check_sample
from ....datasets.completion import complete
from ....datasets.naming import sample_name
from ....datasets.pose_checks import pose_problem
from ..errors import InferenceError
from .options import InputOptions
from .sequence import SkeletonSequence


def from_array(
    array: Any, name: str, options: InputOptions
) -> SkeletonSequence:
    """A sequence from key points.

    Args:
        array: ``(M, T, V, C)``, or ``(T, V, C)`` of one person, NumPy or
            PyTorch; for 2D layouts a third channel is the score.
        name: What it is called.
        options: See :class:`InputOptions`.

    Raises:
        InferenceError: If it is no such array, or does not fit the layout.
    """
    if isinstance(array, torch.Tensor):
        array = array.detach().cpu().numpy()
    array = np.asarray(array)
    if array.ndim not in (3, 4) or not array.size:
        raise InferenceError(
            f'{name}: an array of shape {array.shape}; it must be (persons, '
            'frames, joints, coordinates) or (frames, joints, coordinates), '
            'none of them 0.'
        )
    if array.dtype.kind not in 'iuf':
        raise InferenceError(
            f'{name}: an array of {array.dtype}; it must hold numbers.'
        )
    keypoint = array if array.ndim == 4 else array[None]
    if keypoint.dtype != np.float16:
        keypoint = keypoint.astype(np.float32)
    sample: dict[str, Any] = {'keypoint': keypoint}
    layout = options.layout
    if layout is not None and layout.dims == 2 and keypoint.shape[-1] == 3:
        sample['keypoint'] = keypoint[..., :2]
        sample['keypoint_score'] = keypoint[..., 2]
    return finished(sample, name, options)


def from_annotation(
    sample: Mapping[str, Any],
    origin: str,
    index: int,
    options: InputOptions,
    classes: tuple[str, ...] = (),
) -> SkeletonSequence:
    """A sequence from an annotation, which needs no label.

    Args:
        sample: The annotation.
        origin: Where it is from, for messages.
        index: Its place there.
        options: See :class:`InputOptions`.
        classes: Names of the classes. Defaults to none.

    Raises:
        ValueError: Names origin, sample and fault.
    """
    checked = dict(sample)
    label = checked.pop('label', -1)
    check_sample(checked | {'label': 0}, origin, index, options.layout)
    checked['label'] = label if isinstance(label, (int, np.integer)) else -1
    complete(checked)
    return SkeletonSequence(sample_name(checked), checked, None, classes)


def finished(
    sample: dict[str, Any],
    name: str,
    options: InputOptions,
    fps: float | None = None,
) -> SkeletonSequence:
    """Check key points and add what the transforms rely on.

    Args:
        sample: With ``keypoint`` ``(M, T, V, C)``; changed in place.
        name: What it is called.
        options: See :class:`InputOptions`.
        fps: Frames per second, if known. Defaults to None.

    Raises:
        InferenceError: If the key points do not fit, or the size of the
            images is needed and not known.
    """
    problem = pose_problem(sample, options.layout)
    if problem is not None:
        raise InferenceError(f'{name} {problem}.')
    if options.image_size is not None:
        sample.setdefault('img_shape', tuple(options.image_size))
    if options.needs_image_size and 'img_shape' not in sample:
        raise InferenceError(
            f'{name}: the pipeline of the config scales by the size of the '
            'images, which is not known. Give image_size=(height, width) in '
            'pixels (--image-size HEIGHT WIDTH).'
        )
    if 'img_shape' in sample:
        sample.setdefault('original_shape', sample['img_shape'])
    sample.update(
        frame_dir=name, label=-1, total_frames=sample['keypoint'].shape[1]
    )
    return SkeletonSequence(name, sample, fps)
