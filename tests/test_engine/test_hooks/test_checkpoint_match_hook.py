"""Weights of another model are refused, or warned about."""

import copy
import logging

import pytest
import torch
from torch import nn

from aclnet_plugin.engine.hooks.checkpoint_match_hook import (
    CheckpointMismatch,
    mismatch,
)
from aclnet_plugin.models.loading import weights_of
from tests.training import build_runner, tiny_config

WIDER = {'model.backbone.base_channels': 16, 'model.cls_head.in_channels': 16}
BANK = {'model.cls_head.bank_size': 24}
CLASSES = {'model.cls_head.num_classes': 4}


@pytest.fixture(scope='module')
def trained(tiny_skeletons, tmp_path_factory):
    """A checkpoint after one epoch."""
    folder = tmp_path_factory.mktemp('trained')
    config = tiny_config(tiny_skeletons, folder)
    config.train_cfg.max_epochs = 1
    build_runner(config, 'trained').train()
    return folder / 'epoch_1.pth'


@pytest.fixture
def runner_for(tiny_skeletons, tmp_path, trained):
    """A runner of another model, with that checkpoint."""

    def make(options, **more):
        config = tiny_config(tiny_skeletons, tmp_path, **options)
        config.load_from = str(trained)
        config.update(more)
        return build_runner(config, 'other')

    return make


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (WIDER, r'shape \(.*\) in the checkpoint'),
        (BANK, r'bank.feats has the shape \(12, 8\).* \(24, 8\)'),
        (CLASSES, r'fc.weight has the shape \(3, 8\)'),
    ],
)
def test_a_test_of_another_model_is_refused(runner_for, options, message):
    with pytest.raises(CheckpointMismatch, match=message) as caught:
        runner_for(options).test()
    assert 'Take the config it was trained with' in str(caught.value)


@pytest.mark.parametrize('options', [BANK, CLASSES])
def test_a_training_does_not_go_on_with_another_model(runner_for, options):
    with pytest.raises(CheckpointMismatch):
        runner_for(options, resume=True).train()


def test_fine_tuning_is_warned_about(runner_for, caplog):
    runner = runner_for(CLASSES)
    runner.logger.addHandler(caplog.handler)
    runner.train_loop._max_epochs = 1
    with caplog.at_level(logging.WARNING):
        runner.train()
    (said,) = (x for x in caplog.messages if 'fits in part only' in x)
    assert 'fc.weight has the shape (3, 8)' in said


def test_the_right_model_and_a_switched_off_check(runner_for, caplog):
    runner = runner_for({})
    runner.logger.addHandler(caplog.handler)
    assert 'acc/top1' in runner.test()
    assert 'does not fit' not in caplog.text
    hooks = [
        dict(type='ConfusionStatisticsHook'),
        dict(type='CheckpointMatchHook', enabled=False),
    ]
    assert 'acc/top1' in runner_for(CLASSES, custom_hooks=hooks).test()


def test_averages_of_a_model_are_compared_like_the_model(
    tiny_skeletons, tmp_path
):
    ema = dict(type='EMAHook', ema_type='ExponentialMovingAverage')
    config = tiny_config(tiny_skeletons, tmp_path)
    config.custom_hooks.append(ema)
    config.train_cfg.max_epochs = 1
    build_runner(config, 'averaged').train()
    config.load_from = str(tmp_path / 'epoch_1.pth')
    wrong = copy.deepcopy(config)
    assert 'acc/top1' in build_runner(config, 'averaged').test()
    wrong.merge_from_dict(CLASSES)
    with pytest.raises(CheckpointMismatch):
        build_runner(wrong, 'averaged').test()


def test_names_decide_unless_most_are_there():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Linear(2, 1))
    saved = model.state_dict()
    assert mismatch(model, saved) is None
    wrapped = {f'module.{key}': value for key, value in saved.items()}
    assert mismatch(model, weights_of({'state_dict': wrapped})) is None
    part = {k: v for k, v in saved.items() if not k.startswith('2.')}
    assert mismatch(model, part) is None
    assert 'it has no 0.weight, and lacks 4 of 6' in mismatch(
        model, {k: v for k, v in saved.items() if k.startswith('2.')}
    )
    assert 'lacks 6 of 6' in mismatch(model, {})
    many = {key: torch.zeros(9) for key in saved}
    assert mismatch(model, many).endswith('; and 6 more')
