"""Whether an ONNX file says what the trained model says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from .onnx_errors import OnnxError
from .onnx_model import clip_model

TOLERANCE = 1e-4


class Comparison(NamedTuple):
    """How far a file is from its model.

    Attributes:
        error: Largest difference, as a share of the largest value where that
            is above 1.
        inputs: How many inputs were compared.
    """

    error: float
    inputs: int


def open_session(content: bytes, threads: int = 1) -> Any:
    """A session of ONNX Runtime on the CPU.

    Args:
        content: A model.
        threads: For one operation. Defaults to 1.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        content, options, providers=['CPUExecutionProvider']
    )


def random_clips(sizes: tuple[int, ...], seed: int = 0) -> Tensor:
    """Random skeletons, of which the last person of the last is absent.

    Args:
        sizes: ``(N, M, T, V, C)``.
        seed: For the coordinates. Defaults to 0.
    """
    generator = torch.Generator().manual_seed(seed)
    clips = torch.randn(sizes, generator=generator)
    if sizes[1] > 1:
        clips[-1, -1] = 0
    return clips


@torch.no_grad()
def compare(
    session: Any,
    model: nn.Module,
    clips: Iterable[Tensor],
    embedding: str | None = None,
    tolerance: float = TOLERANCE,
) -> Comparison:
    """Compare a file with the model as it was trained.

    Args:
        session: Of the file, see :func:`open_session`.
        model: The recogniser, not re-parameterised.
        clips: Inputs ``(N, M, T, V, C)``.
        embedding: The second output. Defaults to None.
        tolerance: Largest difference, see :class:`Comparison`. Defaults to
            1e-4.

    Raises:
        OnnxError: If a difference is larger, or the file refuses an input.
    """
    reference = clip_model(model, embedding, fast=False)
    names = [output.name for output in session.get_outputs()]
    worst, count = 0.0, 0
    for batch in clips:
        shape = tuple(batch.shape)
        wanted = reference(batch)
        try:
            found = session.run(names, {'keypoint': batch.numpy()})
        except Exception as error:
            # ONNX Runtime has exceptions of its own without a common base.
            reason = str(error).partition('\n')[0]
            raise OnnxError(
                f'the exported model fails for an input of shape {shape}: '
                f'{reason}'
            ) from error
        for name, ours, theirs in zip(names, wanted, found, strict=True):
            error = _distance(ours.numpy(), theirs)
            if not error <= tolerance:
                raise OnnxError(
                    f'{name} of the exported model differ from those of the '
                    f'trained one by {error:.1e}, more than {tolerance:.0e}, '
                    f'for an input of shape {shape}; no file was written'
                )
            worst = max(worst, error)
        count += 1
    return Comparison(worst, count)


def _distance(ours: np.ndarray, theirs: np.ndarray) -> float:
    """See :class:`Comparison`; infinite if the shapes differ."""
    if ours.shape != theirs.shape:
        return float('inf')
    return float(abs(ours - theirs).max() / max(1.0, abs(ours).max()))
