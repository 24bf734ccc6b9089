"""Decides when confusions are counted, families rebuilt and losses active."""

from __future__ import annotations

from typing import Any

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from mmengine.model import is_model_wrapper
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import nn

from aclnet_plugin.models.affinity import AffinityState
from aclnet_plugin.utils.checks import check_whole
from aclnet_plugin.utils.dist import require_even_ranks
from aclnet_plugin.visualization import top_confusions

from ..runner import sampler_of
from .prototype_drift import PrototypeDrift


def named_affinity_states(model: nn.Module) -> dict[str, AffinityState]:
    """All affinity states of a (possibly wrapped) model, by their names."""
    if is_model_wrapper(model):
        model = model.module
    return {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, AffinityState)
    }


def find_affinity_states(model: nn.Module) -> list[AffinityState]:
    """All affinity states of a (possibly wrapped) model."""
    return list(named_affinity_states(model).values())


def take_in_pending(model: nn.Module) -> None:
    """Gather the batches that wait; all ranks must come here together."""
    for state in find_affinity_states(model):
        state.flush()


@HOOKS.register_module()
class ConfusionStatisticsHook(Hook):
    """Leads the affinity state through the phases of a training.

    Epochs are 0-based here, like ``runner.epoch`` and the ``begin`` of
    MMEngine's hooks and schedulers. They are read from the Runner each
    epoch, never counted, so that a resumed training is in the right phase.

    At the first step of each rebuild, after that batch is counted, the
    number and mean size of the families and the largest confusions go to the
    message hub, from where every visualisation backend takes them:
    ``affinity/families``, ``affinity/family_size`` and for rank r
    ``affinity/top<r>_true``, ``affinity/top<r>_pred`` (class indices) and
    ``affinity/top<r>_share`` (of the true class's counted confusions).

    With a head that gathers every n steps, rebuild and report come with the
    first gather of the epoch, and what waits at its end is gathered, so that
    each batch is taken in under the rules of its own epoch.

    At the end of each epoch the backends are also told, in a row of its own,
    how far the prototypes moved in it: ``affinity/prototype_drift``, the mean
    cosine distance of the prototypes to those at its start, over the classes
    that had one then.

    Args:
        count_begin: First epoch that counts confusions. Defaults to None:
            the one before ``begin``.
        begin: First epoch with the inter-class loss. Defaults to None: a
            fifth of the training, which is 30 for the method's 150 epochs.
        interval: Epochs between two rebuilds of the families. Defaults
            to 1.
        num_top: How many of the largest confusions to log. Defaults to 5.

    Raises:
        ValueError: If the epochs are out of order or no whole numbers, or
            if the model has no affinity state.
    """

    priority = 'NORMAL'

    def __init__(
        self,
        count_begin: int | None = None,
        begin: int | None = None,
        interval: int = 1,
        num_top: int = 5,
    ) -> None:
        for name, epoch in (('count_begin', count_begin), ('begin', begin)):
            if epoch is not None:
                check_whole(f'{name}, an epoch,', epoch, 0)
        _check_order(count_begin, begin)
        check_whole('interval', interval, 1)
        check_whole('num_top', num_top, 0)
        self.count_begin = count_begin
        self.begin = begin
        self.interval = interval
        self.num_top = num_top
        self._states: list[AffinityState] = []
        self._report_due = False
        self._drift = PrototypeDrift()

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(count_begin={self.count_begin}, '
            f'begin={self.begin}, interval={self.interval})'
        )

    def before_train(self, runner: Runner) -> None:
        """Find the state and check the schedule.

        Args:
            runner: The runner of the training.
        """
        self._states = find_affinity_states(runner.model)
        if not self._states:
            raise ValueError(
                'ConfusionStatisticsHook found no affinity state in the '
                "model; use cls_head=dict(type='ACLHead', ...) or take the "
                'hook out of custom_hooks'
            )
        if not isinstance(runner.train_loop, EpochBasedTrainLoop):
            raise ValueError(
                f'ConfusionStatisticsHook schedules by epochs and needs an '
                f'EpochBasedTrainLoop, got '
                f'{type(runner.train_loop).__name__}; set '
                f"train_cfg=dict(type='EpochBasedTrainLoop', ...)"
            )
        require_even_ranks(len(sampler_of(runner.train_dataloader)))
        self._settle_epochs(runner.max_epochs)
        if self.begin >= runner.max_epochs:
            runner.logger.warning(
                f'The inter-class loss never starts: it is due in epoch '
                f'{self.begin + 1} of {runner.max_epochs}. Lower count_begin '
                f'and begin of ConfusionStatisticsHook.'
            )

        for state in self._states:
            if state.families.barren:
                runner.logger.warning(
                    f'Next to no class will have a family: the '
                    f'overlap_threshold, {state.families.overlap_threshold}, '
                    f'is not below top_k, {state.families.top_k}. Lower it '
                    f'in cls_head.families; without families the '
                    f'inter-class loss is 0.'
                )

    def _settle_epochs(self, max_epochs: int) -> None:
        """Fill in the epochs that were not given."""
        if self.begin is None:
            self.begin = max(max_epochs // 5, self.count_begin or 0, 1)
        if self.count_begin is None:
            self.count_begin = max(self.begin - 1, 0)

    def before_train_epoch(self, runner: Runner) -> None:
        """Tell the state which phase the epoch belongs to.

        Args:
            runner: The runner of the training.
        """
        epoch = runner.epoch
        scoring = epoch >= self.begin
        rebuild = scoring and (epoch - self.begin) % self.interval == 0
        # A training that was resumed inside the epoch has done it before.
        resumed = bool(getattr(runner.train_loop, 'batches_done', 0))
        rebuild &= not resumed
        for state in self._states:
            state.set_epoch(
                epoch + 1,
                counting=epoch >= self.count_begin,
                scoring=scoring,
                rebuild=rebuild,
            )
        self._report_due = rebuild
        self._drift.begin(self._states, resumed)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Report the families right after they were rebuilt.

        Args:
            runner: The runner of the training.
            batch_idx: Index of the step in the epoch.
            data_batch: Unused.
            outputs: Unused.
        """
        self._report_if_rebuilt(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        """Let no batch wait for another epoch; report the drift.

        Args:
            runner: The runner of the training.
        """
        take_in_pending(runner.model)
        self._report_if_rebuilt(runner)
        self._report_drift(runner)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take up an epoch that the checkpoint was saved in.

        Args:
            runner: The runner of the training.
            checkpoint: The loaded checkpoint.
        """
        if runner._resume:
            self._drift.load(checkpoint)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Warn if batches still wait; only rank 0 comes here.

        Args:
            runner: The runner of the training.
            checkpoint: The checkpoint to be saved.
        """
        self._drift.save(checkpoint)
        waiting = sum(
            len(state.pending) for state in find_affinity_states(runner.model)
        )
        if waiting:
            runner.logger.warning(
                f'This checkpoint misses {waiting} samples of each rank, '
                f'which wait for the next gather: a training that is resumed '
                f'from it is not the uninterrupted one. Save through '
                f'CheckpointHook, or call '
                f'aclnet_plugin.engine.hooks.take_in_pending(runner.model) '
                f'on all ranks before.'
            )

    def _report_drift(self, runner: Runner) -> None:
        """Log how far the prototypes moved in the epoch that ends.

        Straight to the backends: the next step to be logged, if there is
        one, belongs to another epoch.
        """
        row = {
            f'affinity{index or ""}/prototype_drift': drift
            for index, drift in enumerate(self._drift.end(self._states))
            if drift is not None
        }
        if row:
            runner.visualizer.add_scalars(
                row | {'epoch': runner.epoch + 1},
                step=runner.iter,
                file_path=f'{runner.timestamp}.json',
            )

    def _report_if_rebuilt(self, runner: Runner) -> None:
        """Report once in an epoch that rebuilds."""
        if not self._report_due or any(s.rebuild_due for s in self._states):
            return
        self._report_due = False
        names = _class_names(runner.train_dataloader.dataset)
        for index, state in enumerate(self._states):
            prefix = f'affinity{index or ""}'
            self._report(runner, state, prefix, names)

    def _report(
        self,
        runner: Runner,
        state: AffinityState,
        prefix: str,
        names: list[str] | None,
    ) -> None:
        """Log families and confusions; the one place that asks the device."""
        sizes = state.families.sizes.cpu()
        families = int((sizes > 0).sum())
        mean_size = float(sizes.sum()) / max(families, 1)
        top = top_confusions(
            state.confusion.remembered.cpu().numpy(), self.num_top
        )
        hub: MessageHub = runner.message_hub
        hub.update_scalar(f'train/{prefix}/families', families)
        hub.update_scalar(f'train/{prefix}/family_size', mean_size)
        for rank, (true, pred, _, share) in enumerate(top, 1):
            hub.update_scalar(f'train/{prefix}/top{rank}_true', true)
            hub.update_scalar(f'train/{prefix}/top{rank}_pred', pred)
            hub.update_scalar(f'train/{prefix}/top{rank}_share', share)
        hub.update_info(
            f'{prefix}/top_confusions', [list(entry) for entry in top]
        )

        def name(index: int) -> str:
            return names[index] if names else str(index)

        listing = ', '.join(
            f'{name(true)} -> {name(pred)} {share:.0%}'
            for true, pred, _, share in top
        )
        runner.logger.info(
            f'Motion families: {families} of {state.num_classes} classes, '
            f'mean size {mean_size:.1f}; top confusions: {listing or "none"}'
        )


def _check_order(count_begin: int | None, begin: int | None) -> None:
    """Epochs that are given must not be out of order."""
    given = [epoch for epoch in (count_begin, begin) if epoch is not None]
    if given != sorted(given):
        raise ValueError(
            f'ConfusionStatisticsHook needs count_begin <= begin, '
            f'got count_begin={count_begin}, begin={begin}'
        )


def _class_names(dataset: Any) -> list[str] | None:
    """Class names from the dataset's meta information, if it has them."""
    classes = getattr(dataset, 'metainfo', {}).get('classes')
    return list(classes) if classes else None
