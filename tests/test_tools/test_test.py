"""The test command: presets, batch size, and what they leave alone."""

import copy
import json
import pickle
import sys
from uuid import uuid4

import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint

from aclnet_plugin.evaluation import load_predictions
from tests.scripts import load_script
from tests.training import tiny_config


@pytest.fixture(scope='module')
def tool():
    return load_script('tools/test.py')


def test_a_checkpoint_of_another_model_writes_nothing(
    tool, tiny_skeletons, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv('LOCAL_RANK', '0')
    init_default_scope('mmaction')
    config = tiny_config(tiny_skeletons, tmp_path / 'work')
    state = MODELS.build(config.model).state_dict()
    path, dump = tmp_path / 'three.pth', tmp_path / 'out.pkl'
    torch.save({'meta': {}, 'state_dict': state}, path)
    config.merge_from_dict({'model.cls_head.num_classes': 4})
    config.dump(tmp_path / 'four.py')
    words = ['test.py', tmp_path / 'four.py', path, '--dump', dump]
    words += ['--cfg-options', f'experiment_name={uuid4().hex}']
    monkeypatch.setattr(sys, 'argv', list(map(str, words)))
    assert tool.main() == 1
    said = capsys.readouterr().err
    assert f'error: {path}: the checkpoint does not fit the model' in said
    assert not dump.exists()


@pytest.fixture(scope='module')
def checkpoint(stgcn_config):
    init_default_scope('mmaction')
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(stgcn_config).model)
    path = stgcn_config.with_name('untrained.pth')
    torch.save({'meta': {}, 'state_dict': model.state_dict()}, path)
    return path


@pytest.fixture
def test(tool, stgcn_config, checkpoint, tmp_path, monkeypatch):
    """Run the command in this process: exit status, dump and metrics."""
    # Entered, so that what load_config sets is undone.
    monkeypatch.setenv('LOCAL_RANK', '0')

    def call(name, *flags, config=stgcn_config, checkpoint=checkpoint):
        folder, dump = tmp_path / name, tmp_path / f'{name}.pkl'
        words = [
            *('test.py', config, checkpoint, *flags, '--dump', dump),
            *('--work-dir', folder, '--cfg-options'),
            # The name finds the logger, so two tests must not share one.
            *(f'experiment_name={uuid4().hex}', 'log_level=INFO'),
        ]
        monkeypatch.setattr(sys, 'argv', list(map(str, words)))
        if tool.main():
            return None
        (metrics,) = folder.glob('*/*.json')
        (log,) = folder.glob('*/*.log')
        return (
            load_predictions(dump),
            json.loads(metrics.read_text()),
            log.read_text(),
        )

    return call


def test_presets(test):
    plain, metrics, log = test('plain')
    assert 'acc/top1' in metrics and 'Preset' not in log
    assert plain.clips == 1, 'as the config says'
    slow, metrics, _ = test('slow', '--preset', '10clip', '--batch-size', '1')
    fast, fast_metrics, log = test('fast', '--preset', '10clip-fast')
    assert slow.clips == fast.clips == 10
    np.testing.assert_allclose(slow.scores, fast.scores, rtol=1e-4)
    assert metrics['acc/top1'] == fast_metrics['acc/top1']
    assert 'Preset 10clip-fast: 10 clip(s) per sample, 16 samples' in log
    assert 'Not comparable' not in log
    one, metrics, log = test('one', '--preset', '1clip')
    assert one.clips == 1
    assert {key for key in metrics if '/' in key} == {
        f'acc_1clip/{metric}' for metric in ('top1', 'top5', 'mean1')
    }
    assert 'Not comparable with published 10-clip figures' in log
    # The stock config samples the same frames in both.
    assert np.abs(one.scores - slow.scores).max() > 1e-7


def test_batch_size_without_a_preset(test):
    plain, _, log = test('plain', '--batch-size', '8')
    assert plain.clips == 1
    assert 'Epoch(test)' in log and '[1/1]' in log


def test_a_config_without_samplers(test, stgcn_config, tmp_path, capsys):
    path = tmp_path / 'other.py'
    text = stgcn_config.read_text()
    path.write_text(text.replace("type='UniformSampleFrames'", "type='X'"))
    assert test('other', '--preset', '1clip', config=path) is None
    error = capsys.readouterr().err
    assert error.startswith(f'error: {path}') and 'samples clips' in error
    path.write_text('model = dict()\n')
    assert test('none', '--preset', '1clip', config=path) is None
    assert 'no test_dataloader' in capsys.readouterr().err


@pytest.fixture
def walks(tiny_skeletons, tmp_path):
    """Config with embeddings and their merging, and its checkpoint."""
    content = pickle.loads(tiny_skeletons.read_bytes())
    for place, sample in enumerate(content['annotations']):
        sample.update(subject=sample['label'], condition='nm')
        sample.update(seq=place, view=18)
    ann_file = tmp_path / 'walks.pkl'
    ann_file.write_bytes(pickle.dumps(content))
    config = tiny_config(ann_file, tmp_path / 'unused')
    config.model.cls_head.embedding = 'pooled'
    keys = ('frame_dir', 'sample_idx', 'subject', 'condition')
    config.test_dataloader.dataset.pipeline[-1].meta_keys = keys
    config.test_evaluator = [dict(type='AccMetric'), dict(type='ReIDMetric')]
    *before, form, pack = config.test_dataloader.dataset.pipeline
    reverse = [dict(type='TemporalReverse', p=p) for p in (0.0, 1.0)]
    config.tta_model = dict(type='RetrievalTTAModel')
    config.tta_pipeline = [
        *before,
        dict(type='TestTimeAug', transforms=[reverse, [form], [pack]]),
    ]
    path = tmp_path / 'walks.py'
    config.dump(path)
    init_default_scope('mmaction')
    torch.manual_seed(2)
    model = MODELS.build(config.model)
    # Untrained scores would be all alike.
    torch.nn.init.normal_(model.cls_head.fc.weight, std=20)
    torch.save({'state_dict': model.state_dict()}, tmp_path / 'walks.pth')
    return dict(config=path, checkpoint=tmp_path / 'walks.pth')


def merged_by_hand(config, checkpoint, clips):
    """Scores of each clip and its reversed copy, averaged."""
    config = Config.fromfile(config)
    model = MODELS.build(config.model).eval()
    load_checkpoint(model, str(checkpoint), map_location='cpu')
    config.test_dataloader.dataset.pipeline[2].num_clips = clips
    data = DATASETS.build(config.test_dataloader.dataset)
    for index in range(len(data)):
        batch = pseudo_collate([data[index]])
        assert len(batch['inputs'][0]) == clips
        scores = []
        for dims in ([], [2]):
            # Samples are (clips, persons, frames, joints, channels).
            inputs = [one.flip(dims) for one in batch['inputs']]
            version = copy.deepcopy(batch) | dict(inputs=inputs)
            with torch.no_grad():
                scores.append(model.test_step(version)[0].pred_score)
        assert not torch.allclose(*scores, rtol=1e-4)
        yield ((scores[0] + scores[1]) / 2).numpy()


def test_test_time_augmentation(test, walks):
    plain, metrics, _ = test('plain', **walks)
    assert 'acc/top1' in metrics and 'reid/N-N_rank1' in metrics
    made, metrics, _ = test('tta', '--tta', **walks)
    assert (plain.tta, made.tta) == (False, True), 'as the dumps tell'
    want = np.stack(list(merged_by_hand(**walks, clips=1)))
    np.testing.assert_allclose(made.scores, want, rtol=1e-5)
    assert np.abs(made.scores - plain.scores).max() > 1e-4
    assert 'acc_tta/top1' in metrics and 'reid_tta/N-N_rank1' in metrics
    assert not any(key.startswith(('acc/', 'reid/')) for key in metrics)


def test_clips_of_each_version(test, walks):
    flags = ('--tta', '--preset', '10clip', '--batch-size', '3')
    made, metrics, log = test('both', *flags, **walks)
    want = np.stack(list(merged_by_hand(**walks, clips=10)))
    np.testing.assert_allclose(made.scores, want, rtol=1e-5)
    assert made.clips == 10 and 'reid_tta/N-N_mAP' in metrics
    assert 'Preset 10clip: 10 clip(s) per sample, 3 samples at once' in log
    *_, metrics, _ = test('one', '--tta', '--preset', '1clip', **walks)
    assert 'acc_tta_1clip/top1' in metrics


def test_augmentation_that_the_config_lacks(test, walks, tmp_path, capsys):
    def failure(config):
        assert test('bad', '--tta', config=config) is None
        error = capsys.readouterr().err
        assert error.startswith(f'error: {config}: ')
        return error

    config = Config.fromfile(walks['config'])
    path = tmp_path / 'other.py'
    joined = copy.deepcopy(config)
    dataset = joined.test_dataloader.dataset
    joined.test_dataloader.dataset = dict(
        type='ConcatDataset', datasets=[dataset]
    )
    joined.dump(path)
    assert 'has a ConcatDataset without one' in failure(path)
    model = config.tta_model
    hook = dict(type='PrepareTTAHook', tta_cfg=model)
    twice = copy.deepcopy(config)
    twice.custom_hooks = [*config.custom_hooks, hook]
    twice.dump(path)
    assert 'leave --tta out' in failure(path)
    config.pop('tta_model')
    config.dump(path)
    assert 'there is no tta_model, which' in failure(path)
    config.pop('tta_pipeline')
    config.dump(path)
    assert 'no tta_model and no tta_pipeline' in failure(path)
    path.write_text(f'tta_model = {dict(model)}\ntta_pipeline = []\n')
    assert 'no test_dataloader' in failure(path)


@pytest.mark.parametrize(
    ('flags', 'message'),
    [
        (('--preset', '5clip'), 'invalid choice'),
        (('--batch-size', '0'), 'no number above 0'),
        (('--batch-size', 'x'), 'no number above 0'),
    ],
)
def test_flags_that_cannot_be(test, flags, message, capsys):
    with pytest.raises(SystemExit) as stop:
        test('bad', *flags)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
