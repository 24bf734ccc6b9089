"""Refuses data that does not fit the model, before the first step."""

from __future__ import annotations

from dataclasses import replace

from mmaction.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from aclnet_plugin.datasets.inspection import (
    expectation_of_model,
    inspect_data,
)

from .confusion_statistics_hook import find_affinity_states


@HOOKS.register_module()
class CheckDataHook(Hook):
    """Checks training and validation data against the model, at the start.

    Labels in range, joints and channels that the backbone takes, empty
    splits, validation on training data, classes without a sample and more,
    see :func:`~aclnet_plugin.datasets.inspection.inspect_data`. Totals and
    warnings are logged, errors stop the training before its first step.
    ``tools/check_data.py`` prints the same, with tables, without training.

    Trainings with an :class:`~aclnet_plugin.models.ACLHead` get it without
    being asked; for others list it in ``custom_hooks``.

    Every rank looks at the data, and rank 0 alone logs. All come to the same
    verdict and raise together, without a collective that could hang.

    Args:
        allow_overlap: Whether a validation split that is in the training
            data as a whole is a warning instead of an error. Defaults to
            False.
        enabled: Whether anything is checked. Defaults to True.

    Raises:
        ValueError: At the start of a training, if there are errors; one
            message lists them.
    """

    # Before all that could trip over the data, such as a missed validation.
    priority = 'HIGH'

    def __init__(
        self, allow_overlap: bool = False, enabled: bool = True
    ) -> None:
        self.allow_overlap = allow_overlap
        self.enabled = enabled

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(allow_overlap={self.allow_overlap}, '
            f'enabled={self.enabled})'
        )

    def before_train(self, runner: Runner) -> None:
        """Check, log and refuse.

        Args:
            runner: The runner of the training.
        """
        if not self.enabled:
            return
        datasets = {'train': runner.train_dataloader.dataset}
        if runner.val_loop is not None:
            datasets['val'] = runner.val_dataloader.dataset
        expectation = expectation_of_model(runner.model)
        states = find_affinity_states(runner.model)
        if states:
            # A head with affinities need not be where a recognizer has it.
            classes = min(state.num_classes for state in states)
            expectation = replace(expectation, num_classes=classes)
        report = inspect_data(datasets, expectation, self.allow_overlap)
        if is_main_process():
            for line in report.lines():
                runner.logger.info(line)
            for problem in report.of('info'):
                runner.logger.info(f'Data, {problem}')
            for problem in report.of('warning'):
                runner.logger.warning(f'Data, {problem}')
        report.raise_errors()
