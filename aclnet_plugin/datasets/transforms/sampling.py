"""Frame sampling: clips of a fixed length spread evenly over a sequence."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from .half import widen


def spread_frames(num_frames: int, clip_len: int, rng: Any) -> np.ndarray:
    """Draw one clip: one frame from each of ``clip_len`` equal segments.

    A sequence shorter than the clip is walked through cyclically from a
    random start; one shorter than two clips leaves out single frames at
    random.

    Args:
        num_frames: Frames of the sequence ``T``, at least 1.
        clip_len: Frames of the clip ``L``.
        rng: ``numpy.random`` itself or a ``RandomState``. Which numbers are
            drawn, and in which order, is part of the definition: the same
            seed gives the frames that the official code takes.

    Returns:
        Increasing frame indices (before wrapping for short sequences),
        shape ``(L,)``.
    """
    # The official code draws a crop ratio first, which is 1 in all of its
    # settings. The number is unused, but later ones depend on it.
    rng.rand()
    if num_frames < clip_len:
        return rng.randint(0, num_frames) + np.arange(clip_len)
    if num_frames < 2 * clip_len:
        skipped = rng.choice(
            clip_len + 1, num_frames - clip_len, replace=False
        )
        jump = np.zeros(clip_len + 1, dtype=np.int64)
        jump[skipped] = 1
        return np.arange(clip_len) + jump.cumsum()[:-1]
    bounds = np.arange(clip_len + 1) * num_frames // clip_len
    return bounds[:-1] + rng.randint(np.diff(bounds))


def uniform_clips(
    num_frames: int, clip_len: int, num_clips: int, rng: Any
) -> np.ndarray:
    """Frame indices of several clips, shape ``(num_clips * clip_len,)``.

    Args:
        num_frames: Frames of the sequence, at least 1.
        clip_len: Frames of a clip.
        num_clips: Clips, one after the other.
        rng: See :func:`spread_frames`.

    Raises:
        ValueError: If the sequence has no frame.
    """
    if num_frames < 1:
        raise ValueError('A sequence without frames cannot be sampled.')
    clips = [
        spread_frames(num_frames, clip_len, rng) for _ in range(num_clips)
    ]
    return np.concatenate(clips) % num_frames


@TRANSFORMS.register_module()
class UniformSampleDecode(BaseTransform):
    """Sample clips and take their frames in one step.

    Like MMAction2's ``UniformSampleFrames`` followed by ``PoseDecode``, with
    two differences, both as in the official code: short sequences start at a
    random frame in test mode too, and the random numbers come in another
    order. In test mode every sample is drawn with the same seed from a
    generator of its own, so that the global one is not disturbed.

    Required Keys:

        - keypoint, ``(M, T, V, C)``
        - keypoint_score, ``(M, T, V)`` (optional)

    Modified Keys:

        - keypoint, ``(M, num_clips * clip_len, V, C)``, float32
        - keypoint_score

    Added Keys:

        - frame_inds, clip_len, num_clips, frame_interval

    Args:
        clip_len: Frames of a clip ``L``.
        num_clips: Number of clips. Defaults to 1.
        test_mode: Whether the same frames are drawn each time. Defaults to
            False.
        seed: Seed of test mode. Defaults to 255.
    """

    def __init__(
        self,
        clip_len: int,
        num_clips: int = 1,
        test_mode: bool = False,
        seed: int = 255,
    ) -> None:
        if clip_len < 1 or num_clips < 1:
            raise ValueError(
                'clip_len and num_clips must be positive, got '
                f'{clip_len!r} and {num_clips!r}.'
            )
        self.clip_len = clip_len
        self.num_clips = num_clips
        self.test_mode = test_mode
        self.seed = seed

    def draw(self, num_frames: int) -> np.ndarray:
        """Frame indices, shape ``(num_clips * clip_len,)``."""
        rng = np.random.RandomState(self.seed) if self.test_mode else np.random
        return uniform_clips(num_frames, self.clip_len, self.num_clips, rng)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Replace the sequence by its clips."""
        frames = self.draw(results['keypoint'].shape[1])
        for key in ('keypoint', 'keypoint_score'):
            if key in results:
                taken = results[key].take(frames, axis=1)
                results[key] = widen(taken, np.float32)
        return self._describe(results, frames)

    def _describe(
        self, results: dict[str, Any], frames: np.ndarray
    ) -> dict[str, Any]:
        results['frame_inds'] = frames
        results['clip_len'] = self.clip_len
        results['num_clips'] = self.num_clips
        results['frame_interval'] = None
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(clip_len={self.clip_len}, '
            f'num_clips={self.num_clips}, test_mode={self.test_mode}, '
            f'seed={self.seed})'
        )


@TRANSFORMS.register_module()
class UniformSampleClips(UniformSampleDecode):
    """MMAction2's ``UniformSampleFrames``, drawn as the official code does.

    The rule and the distribution are the same, the frames are not, because
    the official code draws one more random number per clip. Use it where a
    published result of a 2D setting is to be met exactly. ``PoseDecode``
    comes next.

    Required Keys:

        - total_frames, or keypoint ``(M, T, V, C)``

    Added Keys:

        - frame_inds, clip_len, num_clips, frame_interval

    Args:
        clip_len: Frames of a clip ``L``.
        num_clips: Number of clips. Defaults to 1.
        test_mode: Whether the same frames are drawn each time; clips of a
            short sequence then start at evenly spaced frames. Defaults to
            False.
        seed: Seed of test mode. Defaults to 255.
    """

    def draw(self, num_frames: int) -> np.ndarray:
        """Frame indices, shape ``(num_clips * clip_len,)``."""
        if not self.test_mode or not 0 < num_frames < self.clip_len:
            return super().draw(num_frames)
        starts = np.arange(self.num_clips)
        if num_frames >= self.num_clips:
            starts = starts * num_frames // self.num_clips
        frames = starts[:, None] + np.arange(self.clip_len)
        return frames.ravel() % num_frames

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add the frames to take."""
        total = results.get('total_frames')
        if total is None:
            total = results['keypoint'].shape[1]
        frames = self.draw(int(total))
        return self._describe(results, frames)
