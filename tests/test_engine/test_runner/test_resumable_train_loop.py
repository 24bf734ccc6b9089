"""A training goes on inside an epoch."""

from contextlib import closing

import pytest
import torch
from mmengine.dataset import DefaultSampler
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop
from torch.utils.data import BatchSampler, DataLoader

from aclnet_plugin.engine import ResumableTrainLoop
from aclnet_plugin.engine.runner import sampler_of
from aclnet_plugin.engine.runner.resumable_train_loop import batches_from
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


@pytest.mark.parametrize(('loader', 'fits'), [(6, True), (4, False)])
def test_a_sampler_that_makes_batches(config, loader, fits):
    sampler = dict(type='RandomIdentitySampler', batch_size=6, num_instances=2)
    config.train_dataloader.batch_size = loader
    config.train_dataloader.sampler = sampler
    runner = build_runner(config, f'identities{loader}')
    if fits:
        assert runner.build_train_loop(config.train_cfg)
        return
    message = (
        'RandomIdentitySampler makes batches of 6 samples, but the data '
        'loader takes 4 at once. Set train_dataloader.sampler.batch_size'
    )
    with pytest.raises(ValueError, match=message):
        runner.train()


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
        with closing(batches_from(loader, number)) as batches:
            found = [batch.tolist() for batch in batches]
            assert len(loader) == 4, 'hooks see the whole epoch'
        assert found == whole[number:]
    assert len(dataset.loaded) == 10 + 4
    with pytest.raises(Stop), closing(batches_from(loader, 1)) as batches:
        next(batches)
        raise Stop
    assert [batch.tolist() for batch in loader] == whole
    assert loader.batch_sampler.sampler is sampler


class Pairs(BatchSampler):
    """A batch sampler that groups in its own way."""

    def __init__(self, sampler):
        super().__init__(sampler, batch_size=2, drop_last=False)

    def __iter__(self):
        indices = list(self.sampler)
        half = len(indices) // 2
        yield from zip(indices[:half], indices[half:], strict=True)


def test_other_loaders():
    data = torch.arange(8)
    sampler = DefaultSampler(data, seed=1)
    pairs = DataLoader(data, batch_sampler=Pairs(sampler))
    assert sampler_of(pairs) is sampler
    whole = [batch.tolist() for batch in pairs]
    assert [b.tolist() for b in batches_from(pairs, 3)] == whole[3:]
    singles = DataLoader(data, batch_size=None, sampler=sampler)
    assert sampler_of(singles) is sampler
    order = [int(x) for x in singles]
    assert [int(x) for x in batches_from(singles, 0)] == order
    assert [int(x) for x in batches_from(singles, 5)] == order[5:]


def test_the_short_form_of_the_config(config):
    config.train_cfg = dict(by_epoch=True, max_epochs=4)
    loop = build_runner(config, 'short').train_loop
    assert type(loop) is ResumableTrainLoop


def test_the_end_of_an_epoch_with_another_batch_size(config, tmp_path):
    """16 samples: the last step has four, which must not count as six."""
    config.default_hooks.checkpoint.interval = 3
    train(config, 'end', Seen(stop_at=4))
    config.train_dataloader.batch_size = 5
    _, seen = train(config, 'of_epoch', Seen(stop_at=6))
    assert [step[:2] for step in seen.steps[:3]] == [(1, 0), (1, 1), (1, 2)]


@pytest.mark.parametrize(
    ('settings', 'due'),
    [
        (dict(val_interval=2), [2, 4, 5]),
        (dict(val_begin=3), [3, 4, 5]),
        (dict(dynamic_intervals=[(3, 2)]), [1, 2, 4, 5]),
    ],
)
def test_validates_after_a_resume_when_the_host_does(
    config, tmp_path, settings, due
):
    """Interrupted by a kill at the beginning of any validation."""
    config.default_hooks.checkpoint.update(interval=1, by_epoch=True)
    config.train_cfg.update(max_epochs=5, **settings)
    _, straight = train(config, f'straight{due}', Seen())
    assert straight.validated == due
    for epoch in due:
        config.work_dir = str(tmp_path / f'at{epoch}')
        train(config, f'at{epoch}{due}', Seen(at_validation=epoch))
        _, seen = train(config, f'from{epoch}{due}', Seen())
        assert seen.validated == [e for e in due if e >= epoch]


def test_what_was_validated_is_not_validated_again(config, tmp_path):
    config.default_hooks.checkpoint.update(
        interval=1, by_epoch=True, save_best='acc/top1', rule='greater'
    )
    config.train_cfg.max_epochs = 1
    train(config, 'validated', Seen())
    config.train_cfg.max_epochs = 2
    _, seen = train(config, 'not_again', Seen())
    assert seen.validated == [2], 'epoch 1 was best, and saved as validated'


def test_is_the_host_s_loop_otherwise():
    assert issubclass(ResumableTrainLoop, EpochBasedTrainLoop)
