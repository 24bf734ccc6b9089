"""The command that hides joints and frames, on a tiny model."""

import csv
import json
from types import SimpleNamespace

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope

from tests.scripts import load_script
from tests.training import tiny_config


@pytest.fixture(scope='module')
def made(tiny_skeletons, tmp_path_factory):
    folder = tmp_path_factory.mktemp('occlusion')
    config = tiny_config(tiny_skeletons, folder / 'work')
    config.dump(folder / 'tiny.py')
    init_default_scope('mmaction')
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    path = folder / 'epoch_1.pth'
    torch.save({'state_dict': model.state_dict()}, path)
    return SimpleNamespace(config=folder / 'tiny.py', checkpoint=path)


@pytest.fixture
def tool():
    return load_script('tools/analysis/occlusion.py')


@pytest.fixture
def call(tool, made, tmp_path, capsys):
    def run(*words):
        words = (made.config, made.checkpoint, *words, '--device', 'cpu')
        words += ('--out', tmp_path)
        status = tool.main([str(word) for word in words])
        out, err = capsys.readouterr()
        return status, out if status == 0 else err

    return run


def results_in(folder):
    content = json.loads((folder / 'occlusion.json').read_text())
    return content, {one['missing']: one for one in content['tests']}


def test_parts_by_default(call, tmp_path):
    status, said = call()
    assert status == 0 and '\t' not in said
    _, found = results_in(tmp_path)
    assert list(found) == [
        *('intact', 'left arm', 'right arm', 'two hands', 'two legs', 'trunk')
    ]
    assert found['trunk']['joints'] == [0, 1, 2, 3, 20]
    assert (tmp_path / 'occlusion.png').stat().st_size > 5000
    with open(tmp_path / 'occlusion.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert rows[0]['missing'] == 'intact' and rows[0]['low'] == ''
    assert float(rows[1]['accuracy']) - float(rows[0]['accuracy']) == (
        pytest.approx(float(rows[1]['difference']), abs=1e-6)
    )


def test_the_intact_accuracy_is_that_of_the_test_loop(call, made, tmp_path):
    from mmengine.config import Config

    from tests.training import build_runner

    config = Config.fromfile(made.config)
    config.load_from = str(made.checkpoint)
    expected = build_runner(config, 'occlusion').test()['acc/top1']
    assert call('--parts', 'trunk')[0] == 0
    _, found = results_in(tmp_path)
    assert found['intact']['accuracy'] == pytest.approx(expected)


def test_sweeps(call, tmp_path):
    words = ('--random-joints', 2, 25, '--drop-frames', 0.5, '--repeats', 2)
    status, said = call(*words, '--joints', 'head,3', '--seed', 4)
    assert status == 0 and ' ± ' in said
    first, found = results_in(tmp_path)
    assert list(found)[1:] == [
        *('head', '2 random joints', '25 random joints'),
        '50 % of the frames',
    ]
    # Without any joint each sample gets the same class.
    assert found['25 random joints']['accuracy'] in (3 / 8, 2 / 8)
    assert found['25 random joints']['spread'] == 0
    assert call(*words, '--joints', 'head,3', '--seed', 4)[0] == 0
    assert results_in(tmp_path)[0] == first
    for more in (('--at', 'raw'), ('--at', 'features', '--frames', 'zero')):
        assert call(*words, *more)[0] == 0
    assert call('--drop-frames', 0.2, '--frames', 'removed')[0] == 0


def test_what_is_complete_is_kept(call, tool, tmp_path, monkeypatch):
    real, calls = tool.test_hits, []

    def interrupted(*args, **kwargs):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    monkeypatch.setattr(tool, 'test_hits', interrupted)
    status, said = call()
    assert status == 130 and 'interrupted' in said
    content, found = results_in(tmp_path)
    assert list(found) == ['intact', 'left arm'] and not content['complete']
    assert (tmp_path / 'occlusion.png').is_file()


def test_what_cannot_be_tested(call, made):
    for words, message in (
        (('--parts', 'tail'), "no part 'tail'"),
        (('--joints', 'tail'), "no joint 'tail'"),
        (('--random-joints', 26), '26 random joints'),
        (('--drop-frames', 1.5), 'below 1'),
        (('--layout', 'worm'), 'Unknown skeleton layout'),
        (('--split', 'none'), 'error: '),
    ):
        status, said = call(*words)
        assert status == 1 and message in said, said
