"""The whole: stock configs, command line, mixed precision, two processes."""

import json
import pickle
import sys

import numpy as np
import pytest
import torch
from mmengine.config import Config

from aclnet_plugin.models import ACLHead
from tests.processes import run_well
from tests.training import Recorder, build_runner, tiny_config

STOCK = """
_base_ = (
    'mmaction::skeleton/stgcnpp/'
    'stgcnpp_8xb16-joint-u100-80e_ntu60-xsub-keypoint-3d.py'
)
custom_imports = dict(imports=['aclnet_plugin'])
model = dict(cls_head=dict(type='ACLHead'))
"""


def mim(*arguments):
    return [sys.executable, '-m', 'mim', *arguments]


def affinity_of(checkpoint):
    state = torch.load(checkpoint, weights_only=True)['state_dict']
    prefix = 'cls_head.affinity.'
    return {
        k.removeprefix(prefix): v
        for k, v in state.items()
        if k.startswith(prefix)
    }


@pytest.fixture(scope='module')
def config_file(tiny_skeletons, tmp_path_factory):
    folder = tmp_path_factory.mktemp('config')
    config = tiny_config(tiny_skeletons, folder / 'unused')
    config.pop('work_dir')
    path = folder / 'aclnet_tiny.py'
    config.dump(path)
    return path


def test_a_stock_config_needs_a_head_override_only(tiny_skeletons, tmp_path):
    path = tmp_path / 'stgcnpp_acl.py'
    path.write_text(STOCK)
    config = Config.fromfile(path)
    # What follows makes it small and points it to data; the method is in.
    small = dict(num_workers=0, persistent_workers=False, batch_size=4)
    data = dict(ann_file=str(tiny_skeletons))
    options = dict(
        work_dir=str(tmp_path),
        log_level='WARNING',
        train_cfg=dict(max_epochs=5),
        randomness=dict(seed=0),
        train_dataloader=dict(small, dataset=dict(times=1, dataset=data)),
        val_dataloader=dict(small, dataset=data),
        test_dataloader=dict(small, dataset=data),
        model=dict(
            backbone=dict(
                base_channels=8,
                num_stages=2,
                inflate_stages=[2],
                down_stages=[2],
            ),
            cls_head=dict(in_channels=16),
        ),
    )
    config.merge_from_dict(options)
    runner = build_runner(config, 'stock')
    head = runner.model.cls_head
    assert isinstance(head, ACLHead)
    assert head.relation_dim == head.in_channels
    recorder = Recorder()
    runner.register_hook(recorder)
    runner.train()
    assert recorder.losses
    assert all(losses['loss_intra'] > 0 for losses in recorder.losses)
    assert recorder.losses[-1]['loss_inter'] > 0
    assert head.affinity.confusion.counts.sum() == 5 * 16, 'begin is 1 of 5'


@pytest.mark.slow
def test_mim_trains_resumes_in_mixed_precision_and_tests(
    config_file, clean_env, tmp_path
):
    common = ['--gpus', '0', '--launcher', 'none', '--work-dir', tmp_path]
    train = mim('train', 'mmaction', config_file, *common)
    run_well([*train, '--cfg-options', 'train_cfg.max_epochs=2'], clean_env)
    assert (tmp_path / 'last_checkpoint').read_text().endswith('epoch_2.pth')
    run_well([*train, '--resume', '--amp'], clean_env)
    checkpoint = tmp_path / 'epoch_4.pth'
    state = affinity_of(checkpoint)
    assert state['epoch'] == 4
    assert state['confusion.counts'].sum() == 3 * 16, 'epochs 2 to 4'
    test = mim('test', 'mmaction', config_file, '--checkpoint', checkpoint)
    out = run_well(
        [*test, *common, '--cfg-options', 'log_level=INFO'], clean_env
    )
    assert 'acc/top1' in out
    assert torch.load(checkpoint, weights_only=True)['meta']['epoch'] == 4


@pytest.mark.slow
def test_two_processes_learn_the_same_state(config_file, clean_env, tmp_path):
    """MMAction2's defaults on two gloo processes, through all phases."""
    out = run_well(
        [
            'bash',
            'tools/dist_train.sh',
            config_file,
            '2',
            '--work-dir',
            tmp_path,
            '--cfg-options',
            'train_dataloader.batch_size=3',
        ],
        clean_env,
    )
    state = affinity_of(tmp_path / 'epoch_4.pth')
    # Two ranks of 3 over 16 samples: 8 each, none padded.
    assert state['confusion.counts'].sum() == 3 * 16, out[-2000:]
    assert state['bank.cursor'] == (4 * 16) % 12
    assert state['families.member'].any()
    (scalars,) = tmp_path.glob('*/vis_data/scalars.json')
    rows = [json.loads(line) for line in scalars.read_text().splitlines()]
    assert any(row.get('loss_inter', 0) > 0 for row in rows)


def test_awkward_data_trains(tiny_skeletons, tmp_path):
    """One frame, nobody there, a last batch of one, a bank below a batch."""
    data = pickle.loads(tiny_skeletons.read_bytes())
    short, absent = data['annotations'][:2]
    short['keypoint'] = short['keypoint'][:, :1]
    short['total_frames'] = 1
    absent['keypoint'] = np.zeros_like(absent['keypoint'])
    path = tmp_path / 'awkward.pkl'
    path.write_bytes(pickle.dumps(data))
    config = tiny_config(
        path,
        tmp_path,
        **{
            'train_dataloader.batch_size': 5,
            'model.cls_head.bank_size': 2,
        },
    )
    runner = build_runner(config, 'awkward')
    recorder = Recorder()
    runner.register_hook(recorder)
    runner.train()
    assert len(recorder.losses) == 4 * 4, '16 samples in batches of 5'
    values = [v for losses in recorder.losses for v in losses.values()]
    assert np.isfinite(values).all()


def test_bfloat16_trains(tiny_skeletons, tmp_path):
    config = tiny_config(tiny_skeletons, tmp_path)
    config.optim_wrapper.type = 'AmpOptimWrapper'
    runner = build_runner(config, 'bfloat16')
    recorder = Recorder()
    runner.register_hook(recorder)
    runner.train()
    losses = recorder.losses[-1]
    assert losses['loss_inter'] > 0
    assert all(value == value for value in losses.values())
    state = runner.model.cls_head.affinity
    assert state.prototypes.mean.dtype == torch.float32
    assert state.bank.feats.dtype == torch.float32


@pytest.mark.slow
def test_compiled_training_is_the_same(tiny_skeletons, tmp_path):
    """`compile` in a config; the losses stay outside the graph."""
    losses = []
    for name in ('plain', 'compiled'):
        config = tiny_config(tiny_skeletons, tmp_path / name)
        # A compiled model computes each absent person, which rounds otherwise.
        config.model.backbone.share_absent = 'never'
        if name == 'compiled':
            config.compile = dict(backend='aot_eager')
        runner = build_runner(config, name)
        recorder = Recorder()
        runner.register_hook(recorder)
        runner.train()
        losses.append(recorder.losses)
    for plain, compiled in zip(*losses, strict=True):
        assert compiled == pytest.approx(plain, rel=1e-4)
