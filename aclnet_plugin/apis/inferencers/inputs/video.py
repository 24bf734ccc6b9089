"""Skeletons of a video, by a pose estimator that is installed besides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InferenceError
from .arrays import finished
from .joints import COCO_NAMES, in_layout
from .options import InputOptions
from .sequence import SkeletonSequence
from .tracking import Frame, link_persons

SUFFIXES = ('.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v', '.mpg', '.mpeg')

_SURE = 0.3
"""Mean score below which a person is none: an empty image gives one too."""


def make_pose_model(mode: str = 'balanced', device: str = 'cpu') -> Any:
    """A detector of persons and their 17 joints, of ``rtmlib``.

    Its weights are downloaded the first time.

    Args:
        mode: ``'lightweight'``, ``'balanced'`` or ``'performance'``.
            Defaults to ``'balanced'``.
        device: ``'cpu'``, ``'cuda'`` or ``'mps'``. Defaults to ``'cpu'``.

    Raises:
        ImportError: If ``rtmlib`` is not installed.
    """
    try:
        from rtmlib import Body
    except ImportError as error:
        raise ImportError(
            'skeletons of a video need rtmlib; install it with '
            '\'pip install "aclnet_plugin[pose]"\', or give key points '
            f'instead of a video ({error})'
        ) from error
    return Body(
        mode=mode,
        to_openpose=False,
        backend='onnxruntime',
        device=str(device).partition(':')[0],
    )


def read_video(
    path: Path, name: str, options: InputOptions
) -> SkeletonSequence:
    """Find and follow the persons of a video.

    Args:
        path: The file.
        name: What the sequence is called.
        options: See :class:`InputOptions`.

    Raises:
        InferenceError: If it cannot be read, or nobody is in it.
        ImportError: If what it needs is not installed.
    """
    if not path.is_file():
        raise InferenceError(f'there is no file {str(path)!r}.')
    if options.layout is not None:
        # Before minutes are spent on what does not fit.
        probe = np.zeros((len(COCO_NAMES), 2), np.float32)
        in_layout(probe, probe[:, 0], COCO_NAMES, options.layout)
    estimate = (options.make_pose_model or make_pose_model)()
    frames, size, fps = [], None, None
    for image, rate in _images(path):
        size, fps = image.shape[:2], rate
        frames.append(_sure_persons(*estimate(image)))
    if size is None:
        raise InferenceError(
            f'{path} is no video that can be read, or has no frame.'
        )
    if not any(len(points) for points, _ in frames):
        raise InferenceError(f'{path}: nobody was found in any frame.')
    keypoint, score = link_persons(frames, options.max_persons)
    keypoint, score = in_layout(keypoint, score, COCO_NAMES, options.layout)
    sample = {
        'keypoint': keypoint,
        'keypoint_score': score,
        'img_shape': tuple(int(length) for length in size),
    }
    return finished(sample, name, options, fps)


def _sure_persons(points: Any, scores: Any) -> Frame:
    points = np.asarray(points, np.float32).reshape(-1, len(COCO_NAMES), 2)
    scores = np.asarray(scores, np.float32).reshape(-1, len(COCO_NAMES))
    # Of SimCC, which may be a little above 1.
    scores = scores.clip(0, 1)
    sure = scores.mean(1) >= _SURE
    return points[sure], scores[sure]


def _images(path: Path) -> Iterator[tuple[np.ndarray, float | None]]:
    """Images ``(H, W, 3)`` in OpenCV's order of colours, and their rate."""
    import cv2

    video = cv2.VideoCapture(str(path))
    try:
        rate = video.get(cv2.CAP_PROP_FPS)
        fps = float(rate) if np.isfinite(rate) and rate > 0 else None
        while True:
            more, image = video.read()
            if not more:
                return
            yield image, fps
    finally:
        video.release()
