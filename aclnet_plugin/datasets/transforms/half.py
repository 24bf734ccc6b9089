"""Half-precision arithmetic, equal to NumPy's and several times faster.

Public skeleton files hold float16, and NumPy converts such numbers one by
one where PyTorch uses the vector instructions of the processor.
"""

from __future__ import annotations

from functools import reduce

import numpy as np
import torch


def widen(values: np.ndarray, dtype: type[np.floating]) -> np.ndarray:
    """Equal to ``values.astype(dtype)``, a copy.

    Args:
        values: Numbers of any type and shape.
        dtype: ``np.float32`` or ``np.float64``.
    """
    if values.dtype != np.float16:
        return values.astype(dtype)
    wide = torch.float64 if dtype is np.float64 else torch.float32
    # Two steps: there is no vector instruction from half to double.
    return _tensor(values).float().to(wide).numpy()


def difference(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Equal to ``left - right``.

    Args:
        left: Numbers.
        right: Numbers of the same type, of a shape that broadcasts to that
            of ``left``.
    """
    if not left.dtype == right.dtype == np.float16:
        return left - right
    # NumPy, too, subtracts halves in single precision and rounds the result.
    wide = _tensor(left).float().sub_(_tensor(right).float())
    return wide.half().numpy()


def seen_joints(keypoint: np.ndarray) -> np.ndarray:
    """Which joints have a coordinate that is not zero.

    Args:
        keypoint: Shape ``(..., V, C)``.

    Returns:
        Shape ``(..., V)``, bool.
    """
    if keypoint.dtype != np.float16:
        return (keypoint != 0).any(axis=-1)
    # The sign is the first bit; shifted out, minus zero is zero as well.
    bits = keypoint.view(np.uint16) << 1
    if bits.all():
        # So it is for most sequences of one person.
        return np.ones(keypoint.shape[:-1], bool)
    # Few channels: one after the other is faster than any(axis=-1).
    return reduce(np.bitwise_or, np.moveaxis(bits, -1, 0)) != 0


def seen_frames(keypoint: np.ndarray) -> np.ndarray:
    """Which frames have a coordinate that differs from zero by 1e-8.

    The tolerance is that of ``numpy.isclose``, which MMAction2 uses.

    Args:
        keypoint: Shape ``(M, T, V, C)``.

    Returns:
        Shape ``(M, T)``, bool.
    """
    persons, frames, joints, channels = keypoint.shape
    flat = keypoint.reshape(persons, frames, joints * channels)
    if keypoint.dtype == np.float16:
        # The smallest half is larger than the tolerance.
        return (flat.view(np.uint16) << 1).any(axis=-1)
    return (np.abs(flat) > 1e-8).any(axis=-1)


def _tensor(values: np.ndarray) -> torch.Tensor:
    """The same memory as a tensor, where PyTorch can use it."""
    if not values.flags.writeable or min(values.strides, default=0) < 0:
        values = values.copy()
    return torch.from_numpy(values)
