"""A tiny ACLNet that trains through MMEngine's Runner in seconds."""

import copy
import os
import signal
from uuid import uuid4

from mmaction.registry import HOOKS
from mmengine.config import Config
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from torch.nn.modules.batchnorm import _BatchNorm

import aclnet_plugin  # noqa: F401  (registers everything)


def tiny_config(ann_file, work_dir, **options):
    """Config of two small blocks on the `tiny_skeletons` file.

    Confusions count from the second epoch, the inter loss acts from the
    third; dotted options override single entries.
    """
    pipeline = [
        dict(type='PreNormalize3D', align_spine=False, align_shoulder=False),
        dict(type='ToStream', layout='nturgb+d', stream='j'),
        # Test mode: the same frames each time, whatever was drawn before.
        dict(type='UniformSampleDecode', clip_len=8, test_mode=True),
        dict(type='FormatGCNInput', num_person=2),
        dict(type='PackActionInputs'),
    ]

    def loader(split, shuffle):
        return dict(
            batch_size=6,
            num_workers=0,
            sampler=dict(type='DefaultSampler', shuffle=shuffle),
            dataset=dict(
                type='SkeletonDataset',
                ann_file=str(ann_file),
                split=split,
                pipeline=copy.deepcopy(pipeline),
            ),
        )

    config = Config(
        dict(
            default_scope='mmaction',
            custom_imports=dict(imports=['aclnet_plugin']),
            model=dict(
                type='RecognizerGCN',
                backbone=dict(
                    type='ACLGCN',
                    graph_cfg=dict(layout='nturgb+d'),
                    base_channels=8,
                    num_stages=2,
                    inflate_stages=(),
                    down_stages=(2,),
                ),
                cls_head=dict(
                    type='ACLHead',
                    num_classes=3,
                    in_channels=8,
                    relation_dim=625,
                    embed_dim=8,
                    bank_size=12,
                ),
            ),
            train_dataloader=loader('xsub_train', True),
            val_dataloader=loader('xsub_val', False),
            test_dataloader=loader('xsub_val', False),
            val_evaluator=[dict(type='AccMetric')],
            test_evaluator=[dict(type='AccMetric')],
            train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=4),
            val_cfg=dict(type='ValLoop'),
            test_cfg=dict(type='TestLoop'),
            optim_wrapper=dict(
                optimizer=dict(
                    type='SGD', lr=0.05, momentum=0.9, weight_decay=5e-4
                )
            ),
            default_hooks=dict(
                logger=dict(type='LoggerHook', interval=1),
                checkpoint=dict(type='CheckpointHook', interval=1),
                sync_buffers=dict(type='SyncBuffersHook'),
            ),
            custom_hooks=[
                dict(type='ConfusionStatisticsHook', count_begin=1, begin=2)
            ],
            visualizer=dict(
                type='ActionVisualizer',
                vis_backends=[dict(type='LocalVisBackend')],
            ),
            randomness=dict(seed=3, deterministic=True),
            work_dir=str(work_dir),
            log_level='WARNING',
            find_unused_parameters=True,
        )
    )
    config.merge_from_dict(options)
    return config


def build_runner(config, name):
    """A Runner with a name of its own, so that several fit one process."""
    init_default_scope('mmaction')
    config = copy.deepcopy(config)
    # A name finds the logger and the message hub of a Runner before.
    config.experiment_name = f'{name}_{uuid4().hex}'
    return Runner.from_cfg(config)


class Recorder(Hook):
    """Keeps what every training step put out."""

    priority = 'LOWEST'

    def __init__(self, look=None):
        self.losses = []
        self.looks = []
        self.look = look

    def after_train_iter(self, runner, batch_idx, data_batch, outputs):
        self.losses.append({k: v.item() for k, v in outputs.items()})
        if self.look:
            self.looks.append(self.look(runner))


@HOOKS.register_module()
class FreezeNorm(Hook):
    """Keeps batch norm at its stored statistics, so that ranks compare."""

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        for module in runner.model.modules():
            if isinstance(module, _BatchNorm):
                module.eval()


@HOOKS.register_module()
class DieOnRank(Hook):
    """One rank is killed, or fails, in the middle of a training."""

    def __init__(self, rank, step, fail=False):
        self.rank, self.step, self.fail = rank, step, fail

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if (get_rank(), runner.iter) != (self.rank, self.step):
            return
        if self.fail:
            raise ValueError('this rank has had enough')
        os.kill(os.getpid(), signal.SIGKILL)
