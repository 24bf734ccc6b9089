"""A training goes on inside an epoch."""

import pytest
import torch
from mmengine.dataset import DefaultSampler
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop
from torch.utils.data import DataLoader

from aclnet_plugin.engine import ResumableTrainLoop
from aclnet_plugin.engine.runner.resumable_train_loop import batches_left_out
from tests.training import build_runner, tiny_config


class Stop(Exception):
    pass


class Seen(Hook):
    """Notes (epoch, index of the step, samples); stops when told."""

    priority = 'LOWEST'

    def __init__(self, stop_at=None, at_validation=None):
        self.steps, self.validated = [], []
        self.stop_at, self.at_validation = stop_at, at_validation

    def after_train_iter(self, runner, batch_idx, data_batch, outputs):
        names = [
            sample.metainfo['frame_dir']
            for sample in data_batch['data_samples']
        ]
        self.steps.append((runner.epoch, batch_idx, names))
        if runner.iter == self.stop_at:
            raise Stop

    def before_val_epoch(self, runner):
        if runner.epoch == self.at_validation:
            raise Stop

    def after_val_epoch(self, runner, metrics):
        self.validated.append(runner.epoch)


@pytest.fixture
def config(tiny_skeletons, tmp_path):
    config = tiny_config(tiny_skeletons, tmp_path, resume=True)
    config.default_hooks.checkpoint.update(interval=2, by_epoch=False)
    for loader in (config.train_dataloader, config.val_dataloader):
        loader.dataset.pipeline[-1].meta_keys = ('frame_dir',)
    return config


def train(config, name, hook):
    runner = build_runner(config, name)
    runner.register_hook(hook)
    try:
        runner.train()
    except Stop:
        pass
    return runner, hook


def test_stock_configs_get_it(config):
    assert config.train_cfg.type == 'EpochBasedTrainLoop'
    loop = build_runner(config, 'stock').train_loop
    assert type(loop) is ResumableTrainLoop


def test_goes_on_with_the_next_batch(config, tmp_path):
    """16 samples in batches of 6: steps 0 to 2 in each of four epochs."""
    _, straight = train(config, 'straight', Seen())
    assert [step[:2] for step in straight.steps[:4]] == [
        (0, 0),
        (0, 1),
        (0, 2),
        (1, 0),
    ]
    config.work_dir = str(tmp_path / 'stopped')
    train(config, 'stopped', Seen(stop_at=4))
    runner, resumed = train(config, 'resumed', Seen())
    assert resumed.steps == straight.steps[4:], 'from iter_4.pth'
    assert runner.iter == 12
    assert resumed.validated == [2, 3, 4]


def test_a_checkpoint_at_the_very_end_of_an_epoch(config, tmp_path):
    config.default_hooks.checkpoint.interval = 3
    _, straight = train(config, 'straight3', Seen())
    config.work_dir = str(tmp_path / 'stopped')
    train(config, 'stopped3', Seen(stop_at=4))
    _, resumed = train(config, 'resumed3', Seen())
    assert resumed.steps == straight.steps[3:], 'nothing left of epoch 1'
    assert resumed.validated == [1, 2, 3, 4]


@pytest.mark.parametrize(('batch', 'again'), [(3, 0), (5, 1)])
def test_another_batch_size(config, tmp_path, batch, again):
    """Of the six samples that were done none, or few, are seen again."""
    _, straight = train(config, f'straight{batch}', Seen())
    order = [name for *_, names in straight.steps[3:6] for name in names]
    config.work_dir = str(tmp_path / 'stopped')
    train(config, f'stopped{batch}', Seen(stop_at=4))
    config.train_dataloader.batch_size = batch
    runner, seen = build_runner(config, f'resumed{batch}'), Seen(stop_at=5)
    warnings = []
    runner.logger.warning = warnings.append
    runner.register_hook(seen)
    with pytest.raises(Stop):
        runner.train()
    done = 6 - again
    assert [step[:2] for step in seen.steps] == [
        (1, done // batch),
        (1, done // batch + 1),
    ]
    names = [name for *_, names in seen.steps for name in names]
    assert names == order[done : done + 2 * batch]
    found = [text for text in warnings if 'are seen again' in text]
    assert [f': {again} of them' in text for text in found] == [True] * again


def test_a_checkpoint_of_the_host(config, tmp_path):
    """It has no position: the epoch begins again, as it does there."""
    train(config, 'ours', Seen(stop_at=4))
    path = tmp_path / 'iter_4.pth'
    content = torch.load(path, weights_only=True)
    del content['meta']['position']
    torch.save(content, path)
    _, seen = train(config, 'theirs', Seen())
    assert [step[:2] for step in seen.steps[:3]] == [(1, 0), (1, 1), (1, 2)]


def test_a_validation_that_was_interrupted_is_made_up_for(config, tmp_path):
    config.default_hooks.checkpoint.update(interval=1, by_epoch=True)
    _, first = train(config, 'before', Seen(at_validation=4))
    assert first.validated == [1, 2, 3]
    _, second = train(config, 'after', Seen())
    assert second.validated == [4], 'after the last epoch'
    assert not second.steps
    _, third = train(config, 'again', Seen())
    assert not third.steps


def test_leaves_batches_out_without_loading_them():
    class Loads(torch.utils.data.Dataset):
        loaded = []

        def __len__(self):
            return 10

        def __getitem__(self, index):
            self.loaded.append(index)
            return index

    dataset = Loads()
    sampler = DefaultSampler(dataset, seed=1)
    loader = DataLoader(dataset, 3, sampler=sampler)
    whole = [batch.tolist() for batch in loader]
    dataset.loaded.clear()
    for number in (0, 2, 4):
        with batches_left_out(loader, number) as first:
            assert first == number
            assert len(loader) == 4, 'hooks see the whole epoch'
            assert [b.tolist() for b in loader] == whole[number:]
    assert len(dataset.loaded) == 10 + 4
    assert loader.batch_sampler.sampler is sampler
    with pytest.raises(Stop), batches_left_out(loader, 1):
        raise Stop
    assert [batch.tolist() for batch in loader] == whole


def test_is_the_host_s_loop_otherwise():
    assert issubclass(ResumableTrainLoop, EpochBasedTrainLoop)
