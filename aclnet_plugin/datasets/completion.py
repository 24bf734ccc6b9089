"""What a sample still lacks when it comes out of its file."""

from __future__ import annotations

import os.path as osp

import numpy as np

from .naming import NAME_KEYS


def complete(sample: dict) -> None:
    """Fill in and convert what the transforms of the host rely on.

    Args:
        sample: Annotation of one sequence, changed in place.
    """
    keypoint = sample.get('keypoint')
    if getattr(keypoint, 'ndim', 0) == 4:
        sample.setdefault('total_frames', keypoint.shape[1])
        dtype = completed_dtype(keypoint)
        sample['keypoint'] = keypoint.astype(dtype, copy=False)
    for key in ('label', 'total_frames'):
        if isinstance(sample.get(key), np.integer):
            # The host takes integers of Python only.
            sample[key] = int(sample[key])


def completed_dtype(keypoint: np.ndarray) -> np.dtype:
    """The dtype that key points have after :func:`complete`.

    Args:
        keypoint: Key points ``(M, T, V, C)`` or ``(n, V, C)``.
    """
    if keypoint.ndim == 4 and keypoint.dtype.kind in 'iu':
        # Differences of unsigned or short integers wrap around.
        return np.dtype(np.float32)
    return keypoint.dtype


def prefix_video(sample: dict, folder: str | None) -> None:
    """Join the folder of the videos, if there is one, as the host does.

    Args:
        sample: Annotation of one sequence, changed in place.
        folder: The folder.
    """
    if folder is None:
        return
    for key in NAME_KEYS:
        if key in sample:
            sample[key] = osp.join(folder, str(sample[key]))
