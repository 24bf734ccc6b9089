"""The test command: presets, batch size, and what they leave alone."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from aclnet_plugin.evaluation import load_predictions

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope='module')
def tool():
    sys.path.insert(0, str(ROOT / 'tools'))
    try:
        path = ROOT / 'tools' / 'test.py'
        spec = importlib.util.spec_from_file_location('test_tool', path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.pop(0)
    return module


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

    def call(name, *flags, config=stgcn_config):
        folder, dump = tmp_path / name, tmp_path / f'{name}.pkl'
        words = [
            *('test.py', config, checkpoint, *flags, '--dump', dump),
            *('--work-dir', folder, '--cfg-options'),
            *(f'experiment_name={name}', 'log_level=INFO'),
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
