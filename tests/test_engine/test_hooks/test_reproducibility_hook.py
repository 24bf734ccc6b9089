"""Random numbers follow from seed, epoch, sample, rank and step alone."""

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from aclnet_plugin.engine import ReproducibilityHook
from tests.training import Recorder, build_runner, tiny_config

AUGMENTED = [
    dict(type='CenterSkeleton'),
    dict(type='RandomRot', theta=0.3),
    dict(type='SkeletonFlip'),
    dict(type='PartDrop', p=0.5),
    dict(type='ToStream', layout='nturgb+d'),
    dict(type='UniformSampleDecode', clip_len=8),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]


class Inputs(Hook):
    """Keeps what the model was trained on, and what it could have drawn."""

    def __init__(self):
        self.inputs, self.numbers = [], []

    def after_train_iter(self, runner, batch_idx, data_batch, outputs):
        self.inputs.append(torch.stack(list(data_batch['inputs'])))
        self.numbers.append(torch.rand(()).item())


@pytest.fixture
def config(tiny_skeletons, tmp_path):
    config = tiny_config(tiny_skeletons, tmp_path)
    config.train_dataloader.dataset.pipeline = AUGMENTED
    config.model.cls_head.dropout = 0.5
    config.train_cfg.max_epochs = 3
    return config


def train(config, name):
    runner = build_runner(config, name)
    recorder, inputs = Recorder(), Inputs()
    runner.register_hook(recorder)
    runner.register_hook(inputs)
    runner.train()
    return runner, recorder, inputs


def test_is_there_without_being_asked(config):
    hooks = build_runner(config, 'default').hooks
    assert sum(isinstance(h, ReproducibilityHook) for h in hooks) == 1
    config.custom_hooks.append(dict(type='ReproducibilityHook'))
    hooks = build_runner(config, 'listed').hooks
    assert sum(isinstance(h, ReproducibilityHook) for h in hooks) == 1


@pytest.mark.slow
def test_workers_change_nothing(config):
    """0, 2 and 2 persistent workers: weights, losses and inputs bit by bit."""
    runs = []
    for workers, persistent in [(0, False), (2, False), (2, True)]:
        config.train_dataloader.num_workers = workers
        config.train_dataloader.persistent_workers = persistent
        runs.append(train(config, f'workers{workers}{persistent}'))
    (runner, recorder, inputs), *others = runs
    for other, losses, seen in others:
        assert losses.losses == recorder.losses
        assert seen.numbers == inputs.numbers
        for one, two in zip(inputs.inputs, seen.inputs, strict=True):
            assert torch.equal(one, two)
        state = other.model.state_dict()
        for key, value in runner.model.state_dict().items():
            assert torch.equal(value, state[key]), key


def test_epochs_are_augmented_differently(config):
    config.train_dataloader.sampler.shuffle = False
    _, _, inputs = train(config, 'epochs')
    # 16 samples in batches of 6: three steps an epoch.
    first, second, third = inputs.inputs[::3]
    for one, two in ((first, second), (second, third), (first, third)):
        same = (one == two).flatten(1).all(1)
        assert not same.any()
    assert len(set(inputs.numbers)) == len(inputs.numbers)


def test_a_validation_between_changes_nothing(config):
    """The host's test-mode sampling seeds NumPy's global generator."""
    config.val_dataloader.dataset.pipeline[2] = dict(
        type='UniformSampleFrames', clip_len=8, test_mode=True
    )
    config.val_dataloader.dataset.pipeline.insert(3, dict(type='PoseDecode'))
    _, with_val, _ = train(config, 'with_val')
    config.val_dataloader = config.val_cfg = config.val_evaluator = None
    _, without, _ = train(config, 'without_val')
    assert without.losses == with_val.losses


def test_a_drawn_seed_is_resumed(config):
    """Without a seed the Runner draws one; the checkpoint keeps it."""
    config.randomness = dict(seed=None)
    _, straight, inputs = train(config, 'drawn')
    config.resume = True
    config.load_from = f'{config.work_dir}/epoch_1.pth'
    _, resumed, again = train(config, 'drawn_resumed')
    for one, two in zip(inputs.inputs[3:], again.inputs, strict=True):
        assert torch.equal(one, two)
    assert resumed.losses == straight.losses[3:]


def test_weights_alone_are_no_position(config):
    """``load_from`` begins a training of its own."""
    train(config, 'before')
    config.load_from = f'{config.work_dir}/epoch_2.pth'
    runner, recorder, _ = train(config, 'after')
    assert len(recorder.losses) == 9
    assert runner.iter == 9


def test_other_loops_are_refused(config):
    """Without epochs each sample would be augmented alike for ever."""
    config.train_cfg = dict(type='IterBasedTrainLoop', max_iters=4)
    config.custom_hooks = [dict(type='ReproducibilityHook')]
    config.model.cls_head = dict(type='GCNHead', num_classes=3, in_channels=8)
    runner = build_runner(config, 'iterations')
    with pytest.raises(ValueError, match=r'ResumableTrainLoop, got IterBas'):
        runner.train()


def test_is_registered():
    assert HOOKS.get('mmaction.ReproducibilityHook') is ReproducibilityHook
