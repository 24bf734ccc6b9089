"""The tool on a tiny config; shares and words, never absolute times."""

import copy
import csv
import json
import sys
import time

import pytest
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine.config import Config

from aclnet_plugin.engine.profiling import PARTS
from aclnet_plugin.engine.profiling.files import NAMES
from tests.processes import run_well
from tests.scripts import ROOT, load_script
from tests.training import tiny_config

FILE = ROOT / 'tools' / 'analysis' / 'profile_step.py'
tool = load_script('tools/analysis/profile_step.py')

FEW = ['--steps', '2', '--warmup', '1', '--quiet']


@TRANSFORMS.register_module()
class Sleep(BaseTransform):
    """A pipeline that takes its time."""

    def __init__(self, seconds):
        self.seconds = seconds

    def transform(self, results):
        time.sleep(self.seconds)
        return results


@pytest.fixture
def write(tiny_skeletons, tmp_path):
    """Writes the tiny config with changes; returns its path."""

    def config(change=lambda config: None, ann_file=tiny_skeletons):
        content = tiny_config(ann_file, tmp_path / 'work')
        change(content)
        path = tmp_path / 'tiny.py'
        content.dump(path)
        return str(path)

    return config


def flat(text):
    return ' '.join(text.split())


def test_all_of_it(write, tmp_path, capsys):
    out = tmp_path / 'with space' / 'out'
    command = [write(), *FEW, '--batch-size', '2', '12', '--out', str(out)]
    assert tool.main([*command, '--num-workers', '0', '1']) == 0
    printed = flat(capsys.readouterr().out)
    for words in (
        *('A training step, batch 6, mean of 2', 'Compute alone'),
        *('The loader alone', 'Advice', 'total', '100.0%', 'measuring adds'),
        'The steps of an epoch of 16 samples take',
    ):
        assert words in printed, words
    assert all(part in printed for part in PARTS)
    assert {path.name for path in out.iterdir()} == set(NAMES)
    content = json.loads((out / 'profile.json').read_text())
    shares = content['shares']
    assert list(shares) == list(PARTS)
    assert sum(shares.values()) == pytest.approx(1)
    for part in ('data', 'copy', 'backbone', 'head', 'losses', 'backward'):
        assert shares[part] > 0, part
    assert shares['sync'] == 0
    assert shares['backbone'] > shares['head']
    assert [rate['batch_size'] for rate in content['compute']] == [2, 6, 12]
    assert all(rate['peak'] > 0 for rate in content['compute'])
    assert set(content['loader_samples_per_second']) == {'0', '1'}
    assert content['setting']['affinity_states'] == 1
    rows = list(csv.DictReader((out / 'step_parts.csv').open()))
    assert len(rows) == len(content['steps']) == 2
    assert float(rows[0]['backward_seconds']) > 0
    kinds = [row['kind'] for row in csv.DictReader((out / 'rates.csv').open())]
    assert kinds == 3 * ['compute'] + 2 * ['loader']
    assert (out / 'step_parts.png').read_bytes().startswith(b'\x89PNG')
    # Nothing is trained: no log, no checkpoint.
    assert not (tmp_path / 'work').exists()
    assert tool.main(command) == 1
    assert 'use --overwrite' in capsys.readouterr().err


def test_slow_data_is_the_bottleneck(write, tmp_path, capsys):
    def slow(config):
        pipeline = config.train_dataloader.dataset.pipeline
        pipeline.insert(0, dict(type='Sleep', seconds=0.1))

    out = tmp_path / 'out'
    command = [write(slow), *FEW, '--batch-size', '6', '--out', str(out)]
    assert tool.main([*command, '--num-workers', '0']) == 0
    printed = flat(capsys.readouterr().out)
    content = json.loads((out / 'profile.json').read_text())
    assert content['shares']['data'] > 0.5
    assert sum(content['shares'].values()) == pytest.approx(1)
    assert 'Data is the bottleneck' in printed


def test_a_stock_config(stgcn_config, capsys):
    """GCNHead: no state, the loss is part of head."""
    command = [str(stgcn_config), *FEW, '--batch-size', '4']
    assert tool.main([*command, '--num-workers', '0']) == 0
    printed = flat(capsys.readouterr().out)
    assert 'no affinity state' in printed
    # Base 8, batch 4: the learning rate is meant for another one.
    assert '--auto-scale-lr multiplies it by 0.5, 0.01 to 0.005' in printed


def test_mixed_precision_and_options(write, tmp_path):
    out = tmp_path / 'out'
    command = [write(), *FEW, '--amp', '--out', str(out), '--max-workers', '0']
    options = ['--cfg-options', 'train_dataloader.batch_size=4']
    assert tool.main([*command, *options]) == 0
    content = json.loads((out / 'profile.json').read_text())
    assert content['setting']['amp']
    assert content['batch_size'] == 4
    assert [rate['batch_size'] for rate in content['compute']] == [2, 4, 8]
    assert set(content['loader_samples_per_second']) == {'0'}


def failure(capsys, *arguments):
    assert tool.main([str(argument) for argument in arguments]) == 1
    error = capsys.readouterr().err
    assert error.startswith('error: ')
    assert error.count('\n') == 1
    return error


@pytest.mark.parametrize(
    'name, words',
    [
        ('train_dataloader', 'the config has no train_dataloader'),
        ('optim_wrapper', 'the config has no optim_wrapper'),
        ('model', 'the config has no model'),
    ],
)
def test_a_part_is_missing(write, capsys, name, words):
    path = write(lambda config: config.pop(name))
    assert words in failure(capsys, path, *FEW)


@pytest.mark.parametrize(
    'name, words',
    [
        ('synthetic.pkl', 'tools/data/synthetic.py --out'),
        ('ntu60_3d.pkl', 'tools/data/download.py ntu60_3d --root'),
        ('mine.pkl', 'tools/data has converters'),
    ],
)
def test_the_data_is_missing(write, tmp_path, capsys, name, words):
    path = write(ann_file=tmp_path / name)
    error = failure(capsys, path, *FEW)
    assert words in error
    assert str(tmp_path / name) in error


def test_data_in_a_wrapped_data_set_is_missing(write, tmp_path, capsys):
    def repeat(config):
        inner = copy.deepcopy(config.train_dataloader.dataset)
        outer = dict(type='RepeatDataset', times=2, dataset=inner)
        config.train_dataloader.dataset = Config(outer)._cfg_dict

    path = write(repeat, ann_file=tmp_path / 'nw_ucla.pkl')
    assert 'tools/data/nw_ucla.py ARCHIVE' in failure(capsys, path, *FEW)


def test_a_config_that_cannot_be_built(write, capsys):
    def spoil(config):
        config.model.backbone.graph_cfg.layout = 'octopus'

    error = failure(capsys, write(spoil), *FEW)
    assert 'cannot be built' in error
    assert 'octopus' in error


def test_a_config_that_cannot_be_read(tmp_path, capsys):
    path = tmp_path / 'broken.py'
    path.write_text("_base_ = 'not_there.py'\n")
    assert 'cannot be read' in failure(capsys, path, *FEW)


@pytest.mark.parametrize(
    'arguments, words',
    [
        (['--steps', '0'], "'0' is no whole number from 1 on"),
        (['--warmup', '-1'], "'-1' is no whole number from 0 on"),
        (['--batch-size', '4', 'x'], "'x' is no whole number from 1 on"),
        (['--num-workers', '1.5'], "'1.5' is no whole number from 0 on"),
    ],
)
def test_wrong_numbers(write, capsys, arguments, words):
    with pytest.raises(SystemExit) as stop:
        tool.main([write(), *arguments])
    assert stop.value.code == 2
    assert words in capsys.readouterr().err


def test_no_config(capsys):
    with pytest.raises(SystemExit):
        tool.main(['nowhere.py'])
    assert "there is no file 'nowhere.py'" in capsys.readouterr().err


def test_no_full_batch(write, capsys):
    def large(config):
        config.train_dataloader.update(batch_size=40, drop_last=True)

    error = failure(capsys, write(large), *FEW)
    assert 'no batch of 40: a process has 16 samples' in error
    assert 'drop_last' in error


def test_a_batch_beyond_the_data(write, tmp_path, capsys):
    def large(config):
        config.train_dataloader.batch_size = 40

    out = tmp_path / 'out'
    command = [write(large), *FEW, '--num-workers', '0', '--out', str(out)]
    assert tool.main(command) == 0
    printed = flat(capsys.readouterr().out)
    assert 'A batch of 40 is more than the 16 samples' in printed
    assert 'A training step, batch 16' in printed
    content = json.loads((out / 'profile.json').read_text())
    assert [rate['batch_size'] for rate in content['compute']] == [8, 16]
    assert content['epoch_seconds'] == content['step_seconds']


def test_no_training_data(write, capsys):
    path = write(lambda config: config.train_dataloader.pop('dataset'))
    assert 'train_dataloader.dataset' in failure(capsys, path, *FEW)


def test_mixed_precision_needs_an_optimiser(write, capsys):
    path = write(lambda config: config.update(optim_wrapper='x'))
    error = failure(capsys, path, *FEW, '--amp')
    assert 'optim_wrapper of the config needs to be a dict' in error


@pytest.mark.parametrize(
    'name, value, words',
    [
        ('relation_dim', 17, 'ended with ValueError: '),
        ('in_channels', 9, 'ended with '),
        ('num_classes', 2, 'ended with IndexError: '),
    ],
)
def test_a_head_that_does_not_fit(write, capsys, name, value, words):
    path = write(lambda config: config.model.cls_head.update({name: value}))
    assert tool.main([path, *FEW]) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith('error: the measuring ')
    assert words in printed.err
    assert not printed.out, 'nothing was measured'


def test_out_is_a_file(write, tmp_path, capsys, monkeypatch):
    """Told before anything is built."""
    monkeypatch.setattr(tool, 'Training', None)
    (tmp_path / 'report').touch()
    error = failure(capsys, write(), *FEW, '--out', tmp_path / 'report')
    assert 'report is a file; give a folder' in error


@pytest.mark.parametrize(
    'world, launcher, words',
    [
        (None, 'pytorch', 'needs processes started by torchrun'),
        ('2', 'none', 'under torchrun add --launcher pytorch'),
    ],
)
def test_a_launcher_that_is_wrong(
    write, capsys, monkeypatch, world, launcher, words
):
    monkeypatch.delenv('RANK', raising=False)
    monkeypatch.delenv('WORLD_SIZE', raising=False)
    if world:
        monkeypatch.setenv('WORLD_SIZE', world)
    assert words in failure(capsys, write(), *FEW, '--launcher', launcher)


def test_an_error_keeps_what_is_there(write, tmp_path, capsys, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError('of a transform')

    stages = sys.modules[tool.Stages.__module__]
    monkeypatch.setattr(stages, 'measure_loader', broken)
    out = tmp_path / 'out'
    command = [write(), *FEW, '--batch-size', '6', '--out', str(out)]
    assert tool.main(command) == 1
    printed = capsys.readouterr()
    assert 'A training step' in printed.out
    assert 'Ended by an error: this is what was there' in flat(printed.out)
    assert printed.err == (
        'error: the measuring ended with ZeroDivisionError: of a transform\n'
    )
    assert json.loads((out / 'profile.json').read_text())['shares']


def test_an_earlier_profile_does_not_stay_in_parts(
    write, tmp_path, capsys, monkeypatch
):
    out = tmp_path / 'out'
    out.mkdir()
    for name in (*NAMES, 'mine.txt'):
        (out / name).write_text('earlier')

    def interrupted(*_):
        raise KeyboardInterrupt

    stages = sys.modules[tool.Stages.__module__]
    command = [write(), *FEW, '--batch-size', '6', '--out', str(out)]
    # Before anything was measured: all of it stays.
    monkeypatch.setattr(stages, 'measure_peak', interrupted)
    assert tool.main([*command, '--overwrite']) == 130
    assert 'before anything was measured' in capsys.readouterr().err
    assert (out / 'profile.json').read_text() == 'earlier'
    monkeypatch.undo()
    # Before the steps: there are no parts of them.
    monkeypatch.setattr(stages, 'measure_steps', interrupted)
    assert tool.main([*command, '--overwrite']) == 130
    left = {path.name for path in out.iterdir()}
    assert left == {'profile.json', 'rates.csv', 'mine.txt'}


def test_ctrl_c_keeps_what_is_there(write, tmp_path, capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    stages = sys.modules[tool.Stages.__module__]
    monkeypatch.setattr(stages, 'measure_loader', interrupted)
    out = tmp_path / 'out'
    command = [write(), *FEW, '--batch-size', '6', '--out', str(out)]
    assert tool.main(command) == 130
    printed = flat(capsys.readouterr().out)
    assert 'Interrupted' in printed
    assert 'A training step' in printed
    assert 'The loader alone' not in printed
    assert json.loads((out / 'profile.json').read_text())['shares']


def test_ctrl_c_before_anything(write, tmp_path, capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(tool, 'Training', interrupted)
    assert tool.main([write(), *FEW]) == 130
    assert 'before anything was measured' in capsys.readouterr().err


@pytest.mark.slow
def test_two_processes(write, clean_env, tmp_path):
    """Communication is measured, one process alone reports."""
    out = tmp_path / 'out'
    printed = run_well(
        [
            *(sys.executable, '-m', 'torch.distributed.run'),
            *('--standalone', '--nproc_per_node=2', FILE, write()),
            *('--launcher', 'pytorch', '--num-workers', '0'),
            *('--batch-size', '6', '--out', out, *FEW),
        ],
        clean_env,
    )
    assert printed.count('A training step') == 1
    assert 'sync is the whole communication' in flat(printed)
    content = json.loads((out / 'profile.json').read_text())
    assert content['setting']['world_size'] == 2
    assert content['shares']['sync'] > 0
