"""Loops registered into MMAction2's registry."""

from .resumable_train_loop import ResumableTrainLoop

__all__ = ['ResumableTrainLoop']
