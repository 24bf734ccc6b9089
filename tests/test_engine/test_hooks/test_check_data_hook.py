import logging
import pickle

import pytest
from mmaction.registry import HOOKS

from aclnet_plugin.engine.hooks import CheckDataHook
from tests.training import Recorder, build_runner, tiny_config


def hooks_of(runner):
    return [h for h in runner.hooks if isinstance(h, CheckDataHook)]


def same_split(config):
    config.val_dataloader.dataset.split = 'xsub_train'
    return config


def refused(config, name):
    """What stops the training; nothing may have been trained."""
    runner = build_runner(config, name)
    recorder = Recorder()
    runner.register_hook(recorder)
    with pytest.raises(ValueError, match='does not fit this train') as error:
        runner.train()
    assert not recorder.losses
    return str(error.value)


@pytest.mark.parametrize('index', [5, -1])
def test_a_label_too_large_is_named_before_the_first_step(
    tiny_skeletons, tmp_path, index
):
    """In the training split and in the validation split."""
    data = pickle.loads(tiny_skeletons.read_bytes())
    wrong = data['annotations'][index]
    wrong['label'] = 7
    path = tmp_path / 'wrong.pkl'
    path.write_bytes(pickle.dumps(data))
    text = refused(tiny_config(path, tmp_path), f'label{index}')
    assert (
        f'sample {wrong["frame_dir"]!r} (number {5 if index == 5 else 7}) '
        f'has label 7, but there are 3 classes (0 to 2). Set num_classes=8'
    ) in text


def test_all_errors_come_at_once(tiny_skeletons, tmp_path):
    config = tiny_config(tiny_skeletons, tmp_path)
    config.model.backbone.graph_cfg.layout = 'kinect_v1'
    config.model.cls_head.num_classes = 2
    text = refused(same_split(config), 'errors')
    assert len(text.splitlines()) == 7, text
    for piece in (
        'Set cls_head.relation_dim=400.',
        'train (',
        'has label 2, but there are 2 classes (0 to 1)',
        "reaches the backbone with 25 joints, but its graph, 'kinect_v1',",
        'all 16 sequences are in the training data too',
    ):
        assert piece in text, piece


def test_what_is_logged(tiny_skeletons, tmp_path, caplog):
    config = tiny_config(tiny_skeletons, tmp_path)
    config.train_cfg.max_epochs = 1
    config.log_level = 'INFO'
    config.model.cls_head.num_classes = 9
    runner = build_runner(config, 'logged')
    runner.logger.addHandler(caplog.handler)
    with caplog.at_level(logging.INFO):
        runner.train()
    told = [r for r in caplog.records if r.getMessage().startswith('Data, ')]
    train, val, classes = told
    assert train.getMessage() == (
        'Data, train: 16 sequences, 3 classes of 5 to 6, 20 to 29 frames '
        '(median 26), 1 to 2 persons, 25 joints, 3 channels, float16'
    )
    assert val.getMessage().startswith('Data, val: 8 sequences, ')
    assert classes.levelno == logging.WARNING
    assert 'the head has 9 classes, but the highest label is 2' in (
        classes.getMessage()
    )


def test_only_rank_0_logs_but_every_rank_raises(
    tiny_skeletons, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(
        'aclnet_plugin.engine.hooks.check_data_hook.is_main_process',
        lambda: False,
    )
    config = same_split(tiny_config(tiny_skeletons, tmp_path))
    config.log_level = 'INFO'
    runner = build_runner(config, 'rank')
    runner.logger.addHandler(caplog.handler)
    with caplog.at_level(logging.INFO), pytest.raises(ValueError, match='all'):
        runner.train()
    assert 'Data, ' not in caplog.text


@pytest.mark.parametrize('option', ['allow_overlap', 'enabled'])
def test_an_own_hook_takes_precedence(tiny_skeletons, tmp_path, option):
    value = option == 'allow_overlap'
    own = {'type': 'CheckDataHook', option: value}
    config = same_split(
        tiny_config(tiny_skeletons, tmp_path, custom_hooks=[own])
    )
    config.train_cfg.max_epochs = 1
    runner = build_runner(config, option)
    (hook,) = hooks_of(runner)
    assert f'{option}={value}' in repr(hook)
    recorder = Recorder()
    runner.register_hook(recorder)
    runner.train()
    assert recorder.losses


def test_without_validation(tiny_skeletons, tmp_path):
    config = tiny_config(tiny_skeletons, tmp_path)
    config.val_cfg = config.val_dataloader = config.val_evaluator = None
    config.model.cls_head.num_classes = 2
    assert 'val' not in refused(config, 'no_val').replace('xsub_val', '')


def test_only_models_with_affinities_get_it_by_themselves(
    tiny_skeletons, tmp_path
):
    config = tiny_config(tiny_skeletons, tmp_path)
    assert len(hooks_of(build_runner(config, 'affinities'))) == 1
    config.model.cls_head = dict(type='GCNHead', num_classes=3, in_channels=8)
    config.custom_hooks = []
    assert not hooks_of(build_runner(config, 'none'))


def test_registered():
    assert HOOKS.build(dict(type='CheckDataHook')).enabled
