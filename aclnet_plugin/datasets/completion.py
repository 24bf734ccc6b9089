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
        if keypoint.dtype.kind in 'iu':
            # Differences of unsigned or short integers wrap around.
            sample['keypoint'] = keypoint.astype(np.float32)
    for key in ('label', 'total_frames'):
        if isinstance(sample.get(key), np.integer):
            # The host takes integers of Python only.
            sample[key] = int(sample[key])


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
