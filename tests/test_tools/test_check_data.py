"""tools/check_data.py, fed with good and with wrong things."""

import importlib.util
import json
import os
import pickle
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

from tests.processes import run
from tests.training import tiny_config

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


@pytest.fixture(scope='module')
def tool():
    sys.path.insert(0, str(TOOLS))
    spec = importlib.util.spec_from_file_location(
        'check_data', TOOLS / 'check_data.py'
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(TOOLS))


@pytest.fixture
def check(tool, tiny_skeletons, tmp_path, capsys):
    """Run the tool on a changed tiny config; (status, output in one line)."""

    def check(*arguments, edit=None, **options):
        cfg = tiny_config(tiny_skeletons, tmp_path / 'unused', **options)
        if edit is not None:
            edit(cfg)
        path = tmp_path / 'config.py'
        cfg.dump(path)
        capsys.readouterr()
        try:
            status = tool.main([str(path), *map(str, arguments)])
        except SystemExit as stop:
            status = stop.code
        out, err = capsys.readouterr()
        return status, ' '.join((out + err).split())

    return check


def test_good_data(check, tmp_path):
    target = tmp_path / 'new' / 'report.json'
    status, text = check('--dump-json', target)
    assert status == 0, text
    for piece in (
        '16 8 8',
        'float16 float16 float16',
        "split 'xsub_train'",
        'Nothing is',
    ):
        assert piece in text, piece
    content = json.loads(target.read_text())
    assert [split['name'] for split in content['splits']] == [
        'train',
        'val',
        'test',
    ]
    assert content['problems'] == []


def test_splits_and_options(check):
    status, text = check(
        *('--splits', 'val', '--cfg-options', 'model.cls_head.num_classes=2')
    )
    assert status == 1
    assert 'has label 2, but there are 2 classes (0 to 1)' in text
    assert 'Set num_classes=3 of the head' in text
    assert 'xsub_train' not in text


def train_on(**changes):
    def edit(cfg):
        cfg.train_dataloader.dataset.update(changes)

    return edit


def test_a_missing_file(check):
    status, text = check(edit=train_on(ann_file='data/none.pkl'))
    assert status == 1
    assert (
        'error train: the dataset cannot be loaded: There is no file '
        "'data/none.pkl' (looked in"
    ) in text
    assert 'val: ' in text and "split 'xsub_val'" in text


def test_a_foreign_pickle(check, tmp_path):
    path = tmp_path / 'foreign.pkl'
    path.write_bytes(pickle.dumps(dict(annotations=[print])))
    status, text = check(edit=train_on(ann_file=str(path)))
    assert status == 1
    assert 'refers to builtins.print, which plain data' in text


def test_a_missing_split_of_a_stock_dataset(check):
    status, text = check(edit=train_on(type='PoseDataset', split='xsub_trian'))
    assert status == 1
    assert "cannot be loaded: KeyError: 'xsub_trian'. -> Correct" in text


def test_an_empty_split(check, tiny_skeletons, tmp_path):
    data = pickle.loads(tiny_skeletons.read_bytes())
    data['split']['xsub_train'] = []
    path = tmp_path / 'empty.pkl'
    path.write_bytes(pickle.dumps(data))
    status, text = check(edit=train_on(ann_file=str(path)))
    assert status == 1
    assert "the split 'xsub_train' is empty; choose another" in text


def test_the_same_split_for_training_and_validation(check):
    status, text = check(edit=train_on(split='xsub_val'))
    assert status == 1
    assert (
        'all 8 sequences are in the training data too (by name: '
        "'xsub_val_00', 'xsub_val_01', 'xsub_val_02' and 5 more)."
    ) in text
    hook = dict(type='CheckDataHook', allow_overlap=True)
    status, text = check(edit=train_on(split='xsub_val'), custom_hooks=[hook])
    assert status == 0
    assert 'warning val' in text


def test_a_layout_that_does_not_fit(check):
    status, text = check(**{'model.backbone.graph_cfg.layout': 'kinect_v1'})
    assert status == 1
    assert (
        "sample 'xsub_train_00' (number 0) reaches the backbone with 25 "
        "joints, but its graph, 'kinect_v1', has 20."
    ) in text
    assert 'Set cls_head.relation_dim=400.' in text
    status, text = check(edit=train_on(layout='kinect_v1'))
    assert "has 25 joints, but the layout 'kinect_v1' has 20" in text


def test_an_unknown_layout(check):
    status, text = check(**{'model.backbone.graph_cfg.layout': 'coco_old'})
    assert status == 1
    assert (
        'error model: the model of the config cannot be built: Unknown '
        "skeleton layout 'coco_old'"
    ) in text


def test_lists_of_loaders_and_datasets(check):
    def edit(cfg):
        cfg.train_dataloader.dataset = [cfg.train_dataloader.dataset]
        cfg.val_dataloader = [cfg.val_dataloader]
        del cfg.test_dataloader['dataset']

    status, text = check(edit=edit)
    assert status == 1
    for piece in (
        'train_dataloader.dataset is a list, but has to be a dict. To use '
        "several datasets, write dict(type='ConcatDataset', datasets=[...]).",
        'val_dataloader is a list, but a loop of MMEngine takes one loader, '
        'a dict.',
        'test_dataloader has no dataset. Add dataset=dict(...).',
    ):
        assert piece in text, piece


def test_samples_that_are_left_out(check, tiny_skeletons, tmp_path):
    data = pickle.loads(tiny_skeletons.read_bytes())
    data['split']['xsub_train'].append('nobody')
    path = tmp_path / 'more.pkl'
    path.write_bytes(pickle.dumps(data))
    status, text = check(edit=train_on(ann_file=str(path)))
    assert status == 0
    assert '1 of the 17 samples' in text and 'have no annotation' in text


def test_configs_without_parts(check):
    def drop(*keys):
        def edit(cfg):
            for key in keys:
                cfg.pop(key)

        return edit

    status, text = check(edit=drop('train_dataloader'))
    assert status == 0
    assert 'warning train: the config has no train_dataloader.' in text
    status, text = check(edit=drop('model'))
    assert status == 0
    assert 'the config has no model.cls_head.num_classes.' in text
    status, text = check('--splits', 'test', edit=drop('test_dataloader'))
    assert status == 2
    assert text.endswith('config.py has no test_dataloader')
    loaders = [f'{split}_dataloader' for split in ('train', 'val', 'test')]
    status, text = check(edit=drop(*loaders))
    assert status == 2
    assert text.endswith(
        'has no train_dataloader, val_dataloader, test_dataloader'
    )


def test_wrong_usage(check, tool, tmp_path, capsys):
    assert check('--splits', 'all')[0] == 2
    with pytest.raises(SystemExit) as stop:
        tool.main(['nowhere.py'])
    assert stop.value.code == 2
    assert "there is no file 'nowhere.py'" in capsys.readouterr().err
    broken = tmp_path / 'broken.py'
    broken.write_text('_base_ = "./none.py"\n')
    with pytest.raises(SystemExit) as stop:
        tool.main([str(broken)])
    assert stop.value.code == 2
    assert 'broken.py cannot be read: ' in capsys.readouterr().err
    status, text = check('--dump-json', broken / 'x.json')
    assert status == 2
    assert 'argument --dump-json' in text


def test_a_stock_config(tool, stgcn_config, capsys):
    assert tool.main([str(stgcn_config)]) == 0
    assert 'Nothing is wrong' in capsys.readouterr().out


def test_from_anywhere_without_installation(
    tiny_skeletons, clean_env, tmp_path
):
    """Piped output has no escape sequences and keeps to 80 columns."""
    cfg: Config = tiny_config(tiny_skeletons, tmp_path / 'unused')
    cfg.dump(tmp_path / 'config.py')
    env = {k: v for k, v in clean_env.items() if k != 'COLUMNS'}
    env.pop('FORCE_COLOR', None)
    script = TOOLS / 'check_data.py'
    status, text = run(
        [sys.executable, script, 'config.py', '--splits', 'train'],
        env | {'PYTHONPATH': os.devnull},
        cwd=tmp_path,
    )
    assert status == 0, text
    assert 'Nothing is wrong' in text
    assert '\x1b' not in text
    table = text[text.index('Totals') :]
    assert max(map(len, table.splitlines())) <= 80
