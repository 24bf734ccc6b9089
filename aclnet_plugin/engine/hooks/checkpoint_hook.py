"""A checkpoint hook that never gives up a good file for a promised one."""

from __future__ import annotations

import os.path as osp
from typing import Any

from mmaction.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from aclnet_plugin.utils.atomic import atomic_writer

from .confusion_statistics_hook import take_in_pending
from .sync_buffers_hook import average_buffers

_OUTDATED = 'outdated_ckpts'
"""Where a checkpoint names the files that go once it is complete."""


@HOOKS.register_module(name=['SafeCheckpointHook', 'CheckpointHook'])
class SafeCheckpointHook(CheckpointHook):
    """MMEngine's ``CheckpointHook``, safe against a kill at any moment.

    MMEngine removes outdated and former best checkpoints before it writes
    the new ones, and empties ``last_checkpoint`` before it fills it: a kill
    in between, or a full disk, can leave nothing to resume from. Here the
    new file is written first, in one piece
    (:func:`~aclnet_plugin.compat.checkpoint_files.save_checkpoint`), then
    ``last_checkpoint`` is replaced, then the old files go. For a moment the
    disk holds one checkpoint more than ``max_keep_ckpts``.

    A training that was killed before they went removes them when it is
    resumed, in the folder that it is resumed in.

    It answers to the host's name as well, so that a stock config gets it.
    """

    def before_train(self, runner: Runner) -> None:
        """Find the folder and finish what a killed training has begun.

        Args:
            runner: The runner of the training.
        """
        super().before_train(runner)
        self._former_best: dict[str, str | None] = {}
        known = runner.message_hub.runtime_info
        last = self._here(known.get('last_ckpt'))
        if last is None:
            # A new training, or one that goes on in another folder.
            return
        self.last_ckpt = last
        self._remove(known.get(_OUTDATED, []))
        if self.save_best:
            self._best_paths = {
                key: self._here(path) or path
                for key, path in self._best_paths.items()
            }

    def _save_checkpoint(self, runner: Runner) -> None:
        """Save what all ranks have, though rank 0 alone writes.

        Batches that wait for a gather go into the affinity state first, in a
        training that is never interrupted, too. Inside an epoch, batch
        norm's statistics are averaged; at the end of an epoch
        SyncBuffersHook has done it already.
        """
        take_in_pending(runner.model)
        if not self.by_epoch:
            average_buffers(runner.model)
        super()._save_checkpoint(runner)

    def _save_checkpoint_with_step(
        self, runner: Runner, step: int, meta: dict[str, Any]
    ) -> None:
        """Save, then point to the file, then remove outdated ones."""
        outdated = self._outdated_by(step) + self._superseded()
        runner.message_hub.update_info(_OUTDATED, outdated)
        if self.max_keep_ckpts > 0:
            runner.message_hub.update_info(
                'keep_ckpt_ids', list(self.keep_ckpt_ids)
            )
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self._path_of(name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        if not is_main_process():
            return
        with atomic_writer(osp.join(runner.work_dir, 'last_checkpoint')) as f:
            f.write(self.last_ckpt.encode())
        self._remove(outdated)

    def _outdated_by(self, step: int) -> list[str]:
        """Note a checkpoint as kept; names of those that it pushes out."""
        if self.max_keep_ckpts <= 0 or step in self.keep_ckpt_ids:
            return []
        outdated = []
        if len(self.keep_ckpt_ids) == self.max_keep_ckpts:
            oldest = self.keep_ckpt_ids.popleft()
            outdated.append(self.filename_tmpl.format(oldest))
        self.keep_ckpt_ids.append(step)
        return outdated

    def _save_best_checkpoint(
        self, runner: Runner, metrics: dict[str, float]
    ) -> None:
        """Save a new best checkpoint before the former one goes."""
        if not self.save_best:
            return
        former = self._former_best = self._best_paths
        # The parent removes what it is told to have been best so far.
        self._best_paths = dict.fromkeys(former)
        try:
            super()._save_best_checkpoint(runner, metrics)
            self._remove(self._superseded())
        finally:
            self._former_best = {}
            self._best_paths = {
                key: path or former.get(key)
                for key, path in self._best_paths.items()
            }

    def _superseded(self) -> list[str]:
        """Names of former best checkpoints that have a successor."""
        return [
            osp.basename(old)
            for key, old in self._former_best.items()
            if old and self._best_paths[key] not in (None, old)
        ]

    @property
    def _best_paths(self) -> dict[str, str | None]:
        """Best checkpoint by indicator; the parent keeps one or a dict."""
        if len(self.key_indicators) == 1:
            return {'': self.best_ckpt_path}
        return dict(self.best_ckpt_path_dict)

    @_best_paths.setter
    def _best_paths(self, paths: dict[str, str | None]) -> None:
        if len(self.key_indicators) == 1:
            self.best_ckpt_path = paths['']
        else:
            self.best_ckpt_path_dict = paths

    def _here(self, path: str | None) -> str | None:
        """The file of that name in our folder, which may have been moved."""
        here = path and self._path_of(osp.basename(path))
        return here if here and self.file_backend.exists(here) else None

    def _path_of(self, name: str) -> str:
        return self.file_backend.join_path(self.out_dir, name)

    def _remove(self, names: list[str]) -> None:
        """Remove checkpoints of this training; DeepSpeed's are folders."""
        if not is_main_process():
            return
        for path in map(self._path_of, names):
            if self.file_backend.isfile(path):
                self.file_backend.remove(path)
            elif self.file_backend.isdir(path):
                self.file_backend.rmtree(path)
