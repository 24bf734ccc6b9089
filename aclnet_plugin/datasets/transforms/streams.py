"""The six input streams, computed from joint coordinates."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from ...structures import SkeletonLayout
from .half import difference, widen
from .layout_transform import LayoutTransform

STREAMS = ('j', 'b', 'k', 'jm', 'bm', 'km')


def check_stream(stream: str) -> str:
    """Return the stream name, or raise ``ValueError`` with the valid ones."""
    if stream not in STREAMS:
        raise ValueError(
            f'Unknown stream {stream!r}; choose one of {", ".join(STREAMS)} '
            '(joint, bone, second-order bone, and their motion).'
        )
    return stream


def difference_to(
    keypoint: np.ndarray, ends: tuple[int, ...], mean_score: bool = False
) -> np.ndarray:
    """Vectors from the joints ``ends`` to every joint.

    The subtraction runs in the dtype of the input, as the published results
    have it (float16 annotations!), and the result is float32.

    Args:
        keypoint: Shape ``(M, T, V, C)``.
        ends: ``V`` joints; a joint that names itself gives a zero vector.
        mean_score: Whether channel 2 is a confidence, which becomes the mean
            of both joints.

    Returns:
        Shape ``(M, T, V, C)``, float32.
    """
    far = np.take(keypoint, ends, axis=-2)
    out = widen(difference(keypoint, far), np.float32)
    if mean_score:
        out[..., 2] = (keypoint[..., 2] + far[..., 2]) / 2
    return out


def motion_of(data: np.ndarray, mean_score: bool = False) -> np.ndarray:
    """Difference to the next frame; zero in the last one.

    Args:
        data: Shape ``(M, T, V, C)``.
        mean_score: Whether channel 2 is a confidence, which becomes the mean
            of both frames.

    Returns:
        Same shape and dtype.
    """
    out = np.zeros_like(data)
    out[:, :-1] = difference(data[:, 1:], data[:, :-1])
    if mean_score:
        out[:, :-1, :, 2] = (data[:, 1:, :, 2] + data[:, :-1, :, 2]) / 2
    return out


@TRANSFORMS.register_module()
class ToStream(LayoutTransform):
    r"""Turn joint coordinates into one of the six streams.

    =======  ======================================  ==================
    stream   value of joint :math:`v`                dtype
    =======  ======================================  ==================
    ``j``    :math:`x_v`                             that of the input
    ``b``    :math:`x_v - x_{p(v)}`, the bone        float32
    ``k``    :math:`x_v - x_{p(p(v))}`               float32
    ``jm``   :math:`j(t + 1) - j(t)`, 0 at the end   that of the input
    ``bm``   the same of ``b``                       float32
    ``km``   the same of ``k``                       float32
    =======  ======================================  ==================

    :math:`p(v)` is the layout's parent. ``k`` is 0 for the root and the
    joints next to it.

    Two-dimensional layouts carry a confidence as third channel
    (``keypoint_score`` is appended if present).

    Required Keys:

        - keypoint, ``(M, T, V, C)``
        - keypoint_score, ``(M, T, V)`` (optional, 2D only)
        - stream (unless given to the constructor)

    Modified Keys:

        - keypoint

    Args:
        layout: Skeleton layout, a name or a dict; ``None`` means that of
            the dataset, or ``'nturgb+d'``. Defaults to ``None``.
        stream: The stream. If ``None`` it is read from ``results['stream']``,
            where :class:`SkeletonDataset` puts it. Defaults to ``None``.
        confidence: What becomes of the confidence of 2D skeletons.
            ``'mean'``: always the mean of what is combined, two joints or
            two frames, as in MMAction2. ``'mixed'``: the mean for ``b``, a
            plain difference for ``k`` and all motions; the official ACLNet
            code does this for ``coco_new``, and its results depend on it.
            ``None`` means what the layout says: ``'mixed'`` for
            ``coco_new``, ``'mean'`` for the others. Defaults to ``None``.
    """

    def __init__(
        self,
        layout: str | dict | None = None,
        stream: str | None = None,
        confidence: str | None = None,
    ) -> None:
        super().__init__(layout)
        self.stream = None if stream is None else check_stream(stream)
        if confidence not in (None, 'mean', 'mixed'):
            raise ValueError(
                "confidence must be 'mean', 'mixed' or None, got "
                f'{confidence!r}.'
            )
        self.confidence = confidence

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Replace ``keypoint`` by the stream."""
        stream = self.stream or results.get('stream')
        if stream is None:
            raise ValueError(
                'ToStream does not know which stream to compute: load the '
                "data with SkeletonDataset(stream='j'), or give "
                "ToStream(stream='j')."
            )
        check_stream(stream)
        layout = self.layout_of(results)
        keypoint = self._with_score(results, layout)
        scored = layout.dims == 2 and keypoint.shape[-1] == 3
        confidence = self.confidence or layout.confidence
        average = scored and confidence == 'mean'
        if stream[0] == 'b':
            ends = layout.parents
            data = difference_to(keypoint, ends, scored)
        elif stream[0] == 'k':
            ends = layout.second_order_parents
            data = difference_to(keypoint, ends, average)
        else:
            data = keypoint
        if stream.endswith('m'):
            data = motion_of(data, average)
        results['keypoint'] = data
        return results

    @staticmethod
    def _with_score(
        results: dict[str, Any], layout: SkeletonLayout
    ) -> np.ndarray:
        keypoint = results['keypoint']
        if keypoint.shape[-2] != layout.num_joints:
            hint = ''
            if keypoint.shape[-2] == layout.num_source_joints:
                hint = ' Put AddVirtualJoints before ToStream.'
            raise ValueError(
                f'ToStream: the sample has {keypoint.shape[-2]} joints, the '
                f'layout {layout.name!r} has {layout.num_joints}.{hint}'
            )
        if 'keypoint_score' not in results:
            return keypoint
        if layout.dims == 3 or keypoint.shape[-1] != 2:
            raise ValueError(
                'ToStream: keypoint_score goes with two coordinates of a 2D '
                f'layout, but the layout is {layout.name!r} and the sample '
                f'has {keypoint.shape[-1]} channels.'
            )
        score = results.pop('keypoint_score')
        return np.concatenate([keypoint, score[..., None]], axis=-1)

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(layout={self.layout_name!r}, '
            f'stream={self.stream!r}, confidence={self.confidence!r})'
        )
