"""A training on a store, from the check of the data to the last step."""

import importlib.util
import sys
from pathlib import Path

import pytest

from aclnet_plugin.datasets import SkeletonStoreDataset
from aclnet_plugin.datasets.store import write_store
from aclnet_plugin.utils.safe_pickle import safe_load
from tests.training import Recorder, build_runner, tiny_config

TOOLS = Path(__file__).resolve().parents[1] / 'tools'


@pytest.fixture(scope='module')
def stored(tiny_skeletons, tmp_path_factory):
    folder = tmp_path_factory.mktemp('stored') / 'tiny.store'
    write_store(safe_load(tiny_skeletons), folder)
    return folder


def losses(ann_file, work_dir, name):
    runner = build_runner(tiny_config(ann_file, work_dir), name)
    recorder = Recorder()
    runner.register_hook(recorder)
    runner.train()
    return runner, recorder.losses


def test_the_same_losses(tiny_skeletons, stored, tmp_path):
    _, expected = losses(tiny_skeletons, tmp_path / 'a', 'pickle')
    runner, found = losses(stored, tmp_path / 'b', 'store')
    assert type(runner.train_dataloader.dataset) is SkeletonStoreDataset
    assert expected and found == expected


def test_the_check_of_the_data(stored, tmp_path):
    config = tiny_config(stored, tmp_path)
    config.model.cls_head.num_classes = 2
    runner = build_runner(config, 'refused')
    with pytest.raises(ValueError, match='has label 2, but there are 2'):
        runner.train()


def test_the_tool_that_checks(stored, tmp_path, capsys, monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    spec = importlib.util.spec_from_file_location(
        'check_data_of_store', TOOLS / 'check_data.py'
    )
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    path = tmp_path / 'config.py'
    tiny_config(stored, tmp_path).dump(path)
    assert tool.main([str(path)]) == 0
    text = capsys.readouterr().out
    assert '16' in text and str(stored.name) in text
    assert 'Nothing is wrong with this data.' in text
    sys.modules.pop('_common', None)
