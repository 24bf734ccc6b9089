import json
import logging
from types import SimpleNamespace

import pytest
import torch
from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.model import MMDistributedDataParallel
from torch import nn

from aclnet_plugin.engine import ConfusionStatisticsHook
from aclnet_plugin.engine.hooks.auto_register import add_missing_hooks
from aclnet_plugin.engine.hooks.confusion_statistics_hook import (
    find_affinity_states,
)
from aclnet_plugin.models import ACLHead
from aclnet_plugin.models.affinity import FamilyTable
from tests.training import Recorder, build_runner, tiny_config


def head():
    return ACLHead(3, 4, embed_dim=4, bank_size=4)


def enter(hook, model, epoch):
    hook._states = find_affinity_states(model)
    runner = SimpleNamespace(epoch=epoch, model=model, train_loop=None)
    hook.before_train_epoch(runner)


def test_released_timing():
    """1-based: counts from epoch 30, loss and families from epoch 31."""
    hook, model = ConfusionStatisticsHook(), head()
    hook._settle_epochs(150)
    state = model.affinity
    for epoch, counting, scoring in [
        (0, False, False),
        (28, False, False),
        (29, True, False),
        (30, True, True),
        (149, True, True),
    ]:
        enter(hook, model, epoch)
        assert (state.counting, state.scoring) == (counting, scoring)
        assert state.epoch == epoch + 1
        assert state._rebuild_due == scoring


@pytest.mark.parametrize(
    ('given', 'max_epochs', 'settled'),
    [
        (dict(), 150, (29, 30)),
        (dict(), 16, (2, 3)),
        (dict(), 1, (0, 1)),
        (dict(begin=7), 16, (6, 7)),
        (dict(begin=0), 16, (0, 0)),
        (dict(count_begin=9), 16, (9, 9)),
    ],
)
def test_epochs_that_are_not_given(given, max_epochs, settled):
    hook = ConfusionStatisticsHook(**given)
    hook._settle_epochs(max_epochs)
    assert (hook.count_begin, hook.begin) == settled


def test_interval():
    hook = ConfusionStatisticsHook(count_begin=1, begin=2, interval=3)
    model = head()
    rebuilt = []
    for epoch in range(9):
        enter(hook, model, epoch)
        if model.affinity._rebuild_due:
            rebuilt.append(epoch)
        # An epoch starts afresh, whether or not the last one saw a batch.
    assert rebuilt == [2, 5, 8]


@pytest.mark.parametrize(
    ('kwargs', 'message'),
    [
        (dict(count_begin=3, begin=2), 'count_begin <= begin'),
        (dict(count_begin=-1), r'count_begin, an epoch, must be .* least 0'),
        (dict(begin=12 * 0.2), r'begin, an epoch, .* got 2\.4'),
        (dict(begin='3'), "got '3'"),
        (dict(begin=True), 'got True'),
        (dict(interval=0), 'interval'),
        (dict(interval=1.5), 'interval'),
        (dict(num_top=-1), 'num_top'),
    ],
)
def test_wrong_settings_are_explained(kwargs, message):
    with pytest.raises(ValueError, match=message):
        ConfusionStatisticsHook(**kwargs)


def test_finds_states_in_wrapped_models():
    model = nn.Sequential(head(), head())
    assert len(find_affinity_states(model)) == 2
    wrapped = MMDistributedDataParallel.__new__(MMDistributedDataParallel)
    nn.Module.__init__(wrapped)
    wrapped.module = model
    assert len(find_affinity_states(wrapped)) == 2
    assert not find_affinity_states(nn.Linear(1, 1))


def test_training_goes_through_the_phases(tiny_skeletons, tmp_path):
    config = tiny_config(tiny_skeletons, tmp_path)
    runner = build_runner(config, 'phases')
    state = runner.model.cls_head.affinity
    recorder = Recorder(
        lambda runner: (
            runner.epoch,
            int(state.confusion.counts.sum()),
            state.families.member.clone(),
        )
    )
    runner.register_hook(recorder)
    runner.train()

    steps = len(runner.train_dataloader)
    assert len(recorder.losses) == 4 * steps
    counted = [total for _, total, _ in recorder.looks]
    assert counted[steps - 1] == 0
    assert counted[2 * steps - 1] == 16, 'every sample of the second epoch'
    assert counted[-1] == 3 * 16
    for losses, (epoch, _, member) in zip(
        recorder.losses, recorder.looks, strict=True
    ):
        assert losses['loss_intra'] > 0
        assert (losses['loss_inter'] > 0) == (epoch >= 2 and member.any())
    by_epoch = {epoch: member for epoch, _, member in recorder.looks}
    assert not by_epoch[1].any()
    assert by_epoch[3].any()
    assert state.epoch == 4


@pytest.mark.parametrize('keep', [1.0, 0.0])
def test_what_backends_are_told(tiny_skeletons, tmp_path, keep):
    config = tiny_config(tiny_skeletons, tmp_path)
    config.model.cls_head.confusion = dict(keep=keep)
    runner = build_runner(config, 'told')
    runner.train()
    (scalars,) = tmp_path.glob('*/vis_data/scalars.json')
    rows = [json.loads(line) for line in scalars.read_text().splitlines()]
    last = next(row for row in reversed(rows) if 'loss_inter' in row)
    assert 1 <= last['affinity/families'] <= 3
    assert 1 <= last['affinity/family_size'] <= 2
    assert {last['affinity/top1_true'], last['affinity/top1_pred']} <= {
        0,
        1,
        2,
    }
    assert 0 < last['affinity/top1_share'] <= 1
    top = runner.message_hub.get_info('affinity/top_confusions')
    assert top[0][:2] == [
        last['affinity/top1_true'],
        last['affinity/top1_pred'],
    ]


def test_nothing_waits_beyond_an_epoch(tiny_skeletons, tmp_path):
    """Three steps an epoch, a gather every two: one waits at each end."""
    options = {'model.cls_head.gather_interval': 2}
    config = tiny_config(tiny_skeletons, tmp_path, **options)
    runner = build_runner(config, 'waiting')
    state = runner.model.cls_head.affinity
    recorder = Recorder(
        lambda runner: (
            len(state.pending),
            int(state.confusion.counts.sum()),
            bool(state.families.member.any()),
            runner.message_hub.get_info('affinity/top_confusions') is not None,
        )
    )
    ends = []
    set_epoch = state.set_epoch

    def noted(*args, **kwargs):
        ends.append((len(state.pending), int(state.confusion.counts.sum())))
        set_epoch(*args, **kwargs)

    state.set_epoch = noted
    runner.register_hook(recorder)
    runner.train()
    waits, counts, families, reported = zip(*recorder.looks, strict=True)
    assert waits == (6, 0, 4) * 4
    assert counts == (0, 0, 0, 0, 12, 12, 16, 28, 28, 32, 44, 44)
    assert families == reported == (False,) * 7 + (True,) * 5
    assert ends == [(0, 0), (0, 0), (0, 16), (0, 32)]
    assert state.confusion.counts.sum() == 48


@pytest.mark.parametrize('interval', [1, 9])
def test_an_interval_longer_than_an_epoch(tiny_skeletons, tmp_path, interval):
    """The end of the epoch gathers, rebuilds and reports."""
    options = {'model.cls_head.gather_interval': interval}
    config = tiny_config(tiny_skeletons, tmp_path, **options)
    runner = build_runner(config, f'interval{interval}')
    runner.train()
    state = runner.model.cls_head.affinity
    assert state.confusion.counts.sum() == 48
    assert state.families.member.any()
    assert runner.message_hub.get_info('affinity/top_confusions')


class SavesByItself(Hook):
    def after_train_iter(self, runner, batch_idx, data_batch, outputs):
        if runner.iter == 1:
            runner.save_checkpoint(runner.work_dir, 'own.pth', by_epoch=False)


def test_a_checkpoint_without_what_waits_is_said(tiny_skeletons, tmp_path):
    """The checkpoint hook gathers first; another one may not."""
    options = {
        'model.cls_head.gather_interval': 9,
        'default_hooks.checkpoint.by_epoch': False,
        'default_hooks.checkpoint.interval': 2,
    }
    config = tiny_config(tiny_skeletons, tmp_path, **options)
    runner = build_runner(config, 'incomplete')
    warnings = []
    runner.logger.warning = warnings.append
    runner.register_hook(SavesByItself())
    runner.train()
    (warning,) = [text for text in warnings if 'misses' in text]
    assert 'misses 12 samples of each rank' in warning
    assert 'take_in_pending' in warning
    prefix = 'cls_head.affinity.bank.'
    for name, filled in {'own': 0, 'iter_2': 12}.items():
        saved = torch.load(tmp_path / f'{name}.pth', weights_only=True)
        labels = saved['state_dict'][f'{prefix}labels']
        assert (labels >= 0).sum() == filled, name


def test_a_model_without_state_is_refused(tiny_skeletons, tmp_path):
    config = tiny_config(tiny_skeletons, tmp_path)
    config.model.cls_head = dict(type='GCNHead', num_classes=3, in_channels=8)
    config.model.backbone = dict(
        type='STGCN',
        graph_cfg=dict(layout='nturgb+d', mode='stgcn_spatial'),
        base_channels=8,
        num_stages=1,
        inflate_stages=[],
        down_stages=[],
    )
    runner = build_runner(config, 'no_state')
    with pytest.raises(ValueError, match='no affinity state'):
        runner.train()


def test_iteration_based_loops_are_refused(tiny_skeletons, tmp_path):
    config = tiny_config(tiny_skeletons, tmp_path)
    config.train_cfg = dict(
        type='IterBasedTrainLoop', max_iters=2, val_interval=2
    )
    runner = build_runner(config, 'iterations')
    with pytest.raises(ValueError, match='EpochBasedTrainLoop'):
        runner.train()


def test_a_start_that_is_never_reached_is_said(
    tiny_skeletons, tmp_path, caplog
):
    config = tiny_config(
        tiny_skeletons,
        tmp_path,
        **{'custom_hooks': [dict(type='ConfusionStatisticsHook', begin=30)]},
    )
    config.train_cfg.max_epochs = 1
    runner = build_runner(config, 'never')
    runner.logger.addHandler(caplog.handler)
    with caplog.at_level(logging.WARNING):
        runner.train()
    assert 'never starts: it is due in epoch 31 of 1' in caplog.text


def test_a_threshold_that_leaves_no_family_is_said(
    tiny_skeletons, tmp_path, caplog
):
    families = {'model.cls_head.families': dict(top_k=3)}
    config = tiny_config(tiny_skeletons, tmp_path, **families)
    config.train_cfg.max_epochs = 1
    runner = build_runner(config, 'barren')
    runner.logger.addHandler(caplog.handler)
    with caplog.at_level(logging.WARNING):
        runner.train()
    wanted = 'the overlap_threshold, 4, is not below top_k, 3'
    assert wanted in caplog.text
    head = runner.model.cls_head
    assert not FamilyTable(4, top_k=3, union=True).barren
    assert not FamilyTable(4, top_k=5).barren
    assert head.affinity.families.barren


def test_registered_by_itself(tiny_skeletons, tmp_path):
    """A cls_head override is enough; nobody has to know the hook."""
    config = tiny_config(tiny_skeletons, tmp_path)
    config.custom_hooks = []
    runner = build_runner(config, 'auto')
    add_missing_hooks()
    hooks = [h for h in runner.hooks if isinstance(h, ConfusionStatisticsHook)]
    assert len(hooks) == 1


def test_an_own_hook_takes_precedence(tiny_skeletons, tmp_path):
    runner = build_runner(tiny_config(tiny_skeletons, tmp_path), 'own')
    hooks = [h for h in runner.hooks if isinstance(h, ConfusionStatisticsHook)]
    assert [h.begin for h in hooks] == [2]


def test_resume_continues_as_if_never_stopped(tiny_skeletons, tmp_path):
    """Bit for bit, through the phase switch (CPU, fixed seed)."""
    straight = build_runner(
        tiny_config(tiny_skeletons, tmp_path / 'a'), 'straight'
    )
    whole = Recorder()
    straight.register_hook(whole)
    straight.train()
    for epoch in (1, 2, 3):
        config = tiny_config(tiny_skeletons, tmp_path / f'b{epoch}')
        config.load_from = str(tmp_path / 'a' / f'epoch_{epoch}.pth')
        config.resume = True
        again = build_runner(config, f'again{epoch}')
        rest = Recorder()
        again.register_hook(rest)
        again.train()
        steps = len(again.train_dataloader)
        want = whole.losses[epoch * steps :]
        assert rest.losses == want
        for key, value in straight.model.state_dict().items():
            assert torch.equal(value, again.model.state_dict()[key]), key


def test_registered():
    hook = HOOKS.build(dict(type='ConfusionStatisticsHook', begin=40))
    assert 'begin=40' in repr(hook)
