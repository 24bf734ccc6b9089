"""Loops registered into MMAction2's registry."""

from .resumable_train_loop import (
    ResumableTrainLoop,
    prefer_resumable_loop,
    sampler_of,
)

prefer_resumable_loop()

__all__ = ['ResumableTrainLoop', 'sampler_of']
