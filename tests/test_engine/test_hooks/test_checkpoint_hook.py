"""No good checkpoint goes before its successor is complete."""

import os
import shutil
import sys
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from aclnet_plugin.engine import SafeCheckpointHook
from aclnet_plugin.utils import atomic
from tests.processes import run
from tests.training import build_runner, tiny_config

FULL_DISK = """
import resource, sys
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
import aclnet_plugin

class FullDisk(Hook):
    def before_train_epoch(self, runner):
        if runner.epoch == 2:
            infinite = resource.RLIM_INFINITY
            resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, infinite))

runner = Runner.from_cfg(Config.fromfile(sys.argv[1]))
runner.register_hook(FullDisk())
runner.train()
"""


def names(folder):
    return sorted(path.name for path in Path(folder).glob('*.pth'))


class Watch(Hook):
    """Notes which checkpoints are there at every change of the folder."""

    def __init__(self, monkeypatch):
        self.folder, self.seen = None, []
        for name in ('replace', 'remove'):
            original = getattr(os, name)

            def noted(*args, original=original, **kwargs):
                original(*args, **kwargs)
                if self.folder and Path(args[-1]).parent == self.folder:
                    self.seen.append(names(self.folder))

            monkeypatch.setattr(os, name, noted)

    def before_train(self, runner):
        self.folder = Path(runner.work_dir)


@pytest.fixture
def runner(tiny_skeletons, tmp_path):
    config = tiny_config(tiny_skeletons, tmp_path)
    config.default_hooks.checkpoint.update(
        max_keep_ckpts=1, save_best='acc/top1', rule='less'
    )
    return build_runner(config, 'checkpoints')


def test_stock_configs_get_it(runner):
    hooks = [type(hook) for hook in runner.hooks]
    assert SafeCheckpointHook in hooks


def test_successors_come_first(runner, monkeypatch):
    """Keeping one, there is always one; so with the best."""
    scores = iter([0.9, 0.8, 0.85, 0.7])
    val_loop = runner.val_loop
    evaluate = val_loop.evaluator.evaluate
    monkeypatch.setattr(
        val_loop.evaluator,
        'evaluate',
        lambda size: evaluate(size) | {'acc/top1': next(scores)},
    )
    watch = Watch(monkeypatch)
    runner.register_hook(watch)
    runner.train()
    folder = watch.folder
    assert names(folder) == ['best_acc_top1_epoch_4.pth', 'epoch_4.pth']
    assert (folder / 'last_checkpoint').read_text().endswith('epoch_4.pth')
    first = next(i for i, seen in enumerate(watch.seen) if seen)
    kinds = [{n.split('_')[0] for n in s} for s in watch.seen[first:]]
    assert all('epoch' in kind for kind in kinds)
    best = next(i for i, kind in enumerate(kinds) if 'best' in kind)
    assert all('best' in kind for kind in kinds[best:])
    assert max(map(len, watch.seen)) == 3, 'one more for a moment'


def test_several_bests(tiny_skeletons, tmp_path):
    config = tiny_config(tiny_skeletons, tmp_path)
    config.default_hooks.checkpoint.update(
        save_best=['acc/top1', 'acc/mean1'], rule='greater'
    )
    runner = build_runner(config, 'bests')
    runner.train()
    best = [name for name in names(tmp_path) if name.startswith('best')]
    assert sorted(name.split('_epoch')[0] for name in best) == [
        'best_acc_mean1',
        'best_acc_top1',
    ]


def test_the_pointer_is_never_empty(runner, monkeypatch):
    """A kill while it is written leaves the one before."""
    opened = []
    real = open

    def noted(path, mode):
        last = Path(runner.work_dir, 'last_checkpoint')
        if 'last_checkpoint' in str(path):
            opened.append(last.read_text() if last.exists() else None)
        return real(path, mode)

    monkeypatch.setattr(atomic, 'open', noted, raising=False)
    runner.train()
    assert opened[0] is None
    assert all(text.endswith('.pth') for text in opened[1:])


@pytest.mark.slow
def test_a_full_disk_ends_the_run(tiny_skeletons, tmp_path, clean_env):
    config = tiny_config(tiny_skeletons, tmp_path / 'work')
    config.dump(tmp_path / 'tiny.py')
    (tmp_path / 'full_disk.py').write_text(FULL_DISK)
    command = [sys.executable, tmp_path / 'full_disk.py', tmp_path / 'tiny.py']
    status, output = run(command, clean_env, tmp_path)
    assert status == 1
    message = output.strip().splitlines()[-1]
    assert 'epoch_3.pth could not be written: File too large' in message
    assert 'earlier files are complete' in message
    work = tmp_path / 'work'
    assert names(work) == ['epoch_1.pth', 'epoch_2.pth']
    assert not list(work.glob('*.partial'))
    last = (work / 'last_checkpoint').read_text()
    assert torch.load(last, weights_only=True)['meta']['epoch'] == 2
    config.resume = True
    runner = Runner.from_cfg(config)
    runner.train()
    assert names(work)[-1] == 'epoch_4.pth'


@pytest.mark.parametrize('moved', [False, True])
@pytest.mark.parametrize('kind', ['epoch', 'best'])
def test_a_resumed_training_tidies_up(
    tiny_skeletons, tmp_path, monkeypatch, kind, moved
):
    """Killed before an old one went; resumed in another folder, perhaps."""
    config = tiny_config(tiny_skeletons, tmp_path / 'work')
    config.default_hooks.checkpoint.update(
        max_keep_ckpts=1, save_best='acc/top1', rule='greater'
    )
    config.train_cfg.max_epochs = 3
    runner = build_runner(config, f'killed_{kind}_{moved}')
    scores = iter([0.1, 0.2, 0.3, 0.4])
    evaluate = type(runner.val_loop.evaluator).evaluate
    monkeypatch.setattr(
        type(runner.val_loop.evaluator),
        'evaluate',
        lambda self, n: evaluate(self, n) | {'acc/top1': next(scores)},
    )

    class Killed(Exception):
        pass

    def dying_remove(hook, outdated):
        if any(name.startswith(kind) for name in outdated):
            raise Killed
        remove(hook, outdated)

    remove = SafeCheckpointHook._remove
    with monkeypatch.context() as context, pytest.raises(Killed):
        context.setattr(SafeCheckpointHook, '_remove', dying_remove)
        runner.train()
    work = tmp_path / 'work'
    left = names(work)
    assert sum(name.startswith(kind) for name in left) == 2
    if moved:
        work = shutil.copytree(work, tmp_path / 'elsewhere')
    config.update(work_dir=str(work), resume=True)
    build_runner(config, f'resumed_{kind}_{moved}').train()
    assert names(work) == ['best_acc_top1_epoch_3.pth', 'epoch_3.pth']
    if moved:
        assert names(tmp_path / 'work') == left, 'not this one'


def test_goes_on_in_another_folder(tiny_skeletons, tmp_path):
    """What lies in the new folder is left alone; the old best is published."""
    config = tiny_config(tiny_skeletons, tmp_path / 'a')
    config.default_hooks.checkpoint.update(
        max_keep_ckpts=1,
        save_best='acc/top1',
        rule='greater',
        published_keys=['state_dict', 'meta'],
    )
    config.train_cfg.max_epochs = 2
    build_runner(config, 'in_a').train()
    (tmp_path / 'b').mkdir()
    foreign = tmp_path / 'b' / 'epoch_1.pth'
    foreign.write_bytes(b'of another training')
    hub = torch.load(tmp_path / 'a' / 'epoch_2.pth', weights_only=True)
    assert hub['message_hub']['runtime_info']['outdated_ckpts'] is not None
    config.update(work_dir=str(tmp_path / 'b'), resume=True)
    config.load_from = str(tmp_path / 'a' / 'epoch_2.pth')
    config.train_cfg.max_epochs = 3
    build_runner(config, 'in_b').train()
    assert foreign.read_bytes() == b'of another training'
    assert (tmp_path / 'b' / 'epoch_3.pth').exists()
    assert (tmp_path / 'a' / 'epoch_2.pth').exists()
    assert [n for n in names(tmp_path / 'a') if n.startswith('best')]


def test_a_best_between_two_saves(tiny_skeletons, tmp_path, monkeypatch):
    """A resumed training keeps the same files as one that ran through."""
    config = tiny_config(tiny_skeletons, tmp_path / 'straight')
    config.default_hooks.checkpoint.update(
        interval=2, save_best='acc/top1', rule='greater'
    )
    rank = {1: 0.1, 2: 0.1, 3: 0.3, 4: 0.2}

    def scored(folder, epochs, **more):
        config.update(work_dir=str(tmp_path / folder), **more)
        config.train_cfg.max_epochs = epochs
        runner = build_runner(config, f'{folder}{epochs}')
        evaluator = runner.val_loop.evaluator
        evaluate = evaluator.evaluate
        monkeypatch.setattr(
            evaluator,
            'evaluate',
            lambda n: evaluate(n) | {'acc/top1': rank[runner.epoch]},
        )
        runner.train()
        return names(tmp_path / folder)

    want = scored('straight', 4)
    assert 'best_acc_top1_epoch_3.pth' in want and 'epoch_3.pth' in want
    scored('resumed', 2)
    assert scored('resumed', 4, resume=True) == want
