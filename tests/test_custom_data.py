"""docs/custom_data.md: every command of it runs, every message is true."""

import json
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from aclnet_plugin.utils.safe_pickle import atomic_dump, safe_load
from tests.processes import run
from tests.scripts import load_script

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / 'docs' / 'custom_data.md').read_text(encoding='utf-8')
CONFIGS = dict(
    re.findall(
        r'Save this as\s+`([^`]+)`:\n\n```python\n(.*?)```', GUIDE, re.S
    )
)
COMMANDS = [
    line
    for block in re.findall(r'```shell\n(.*?)```', GUIDE, re.S)
    for line in block.splitlines()
]
JOINT = CONFIGS['configs/my_data/joint.py']

# What makes minutes of seconds; nothing of it changes what is tried.
FAST = {
    'tools/train.py': '--cfg-options train_cfg.max_epochs=2 '
    'model.backbone.base_channels=8 model.cls_head.in_channels=32 '
    'train_dataloader.num_workers=0 train_dataloader.persistent_workers=False '
    'val_dataloader.num_workers=0 val_dataloader.persistent_workers=False',
    'tools/test.py': '--cfg-options model.backbone.base_channels=8 '
    'model.cls_head.in_channels=32 test_dataloader.num_workers=0 '
    'test_dataloader.persistent_workers=False test_dataloader.batch_size=8',
    'tools/data/arrays_example.py': '--repeats 1',
}
# One process for all commands: importing takes longer than most of them.
DRIVER = """
import json, runpy, sys
for words in json.load(open(sys.argv[1])):
    print('$', *words, flush=True)
    sys.argv = words
    sys.path.insert(0, words[0].rpartition('/')[0])
    try:
        runpy.run_path(words[0], run_name='__main__')
    except SystemExit as stop:
        if stop.code:
            raise
"""


def make_clone(folder):
    """What a user has: tools, configs, and the configs of the guide."""
    shutil.copytree(ROOT / 'configs', folder / 'configs')
    (folder / 'tools').symlink_to(ROOT / 'tools')
    for name, text in CONFIGS.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder


def words_of(command):
    python, *words = shlex.split(command.replace('epoch_60', 'epoch_2'))
    assert python == 'python', command
    fast = shlex.split(FAST.get(words[0], ''))
    if '--cfg-options' in words:
        fast.remove('--cfg-options')
    return words + fast


def test_configs_are_short():
    assert len(CONFIGS) == 2
    for text in CONFIGS.values():
        assert len(text.splitlines()) <= 15


def test_every_command_runs(tmp_path, clean_env):
    clone = make_clone(tmp_path / 'clone')
    (tmp_path / 'driver.py').write_text(DRIVER)
    commands = [words_of(command) for command in COMMANDS]
    assert len(commands) == 11
    (tmp_path / 'commands.json').write_text(json.dumps(commands))
    status, text = run(
        [sys.executable, tmp_path / 'driver.py', tmp_path / 'commands.json'],
        clean_env | {'PYTHONPATH': f'{ROOT}{os.pathsep}{clone}'},
        cwd=clone,
    )
    assert status == 0, text[-4000:]
    assert text.count('Nothing is wrong with this data') == 2, text
    assert 'joints: 0 head, 1 neck, 2 right_shoulder' in text
    for folder in ('joint', 'small', 'joint_2d'):
        assert (clone / 'work_dirs' / folder / 'epoch_2.pth').is_file()


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """A folder with the example, converted."""
    clone = make_clone(tmp_path_factory.mktemp('guide') / 'clone')
    for command in COMMANDS[:2]:
        name, *words = words_of(command)
        words = [
            str(clone / word) if word.startswith('data/') else word
            for word in words
        ]
        tool = load_script(name)
        assert tool.main([*words, '--quiet']) == 0
    return clone


def one_line(text):
    return ' '.join(text.split())


def promised(message):
    """A message of the table of mistakes, in the pieces that it shows."""
    assert message in GUIDE, 'the guide does not promise it'
    return [piece.strip() for piece in message.split('…')]


@pytest.fixture
def check(made, monkeypatch, capsys):
    """Output of check_data.py on a changed config or changed data."""
    monkeypatch.chdir(made)
    tool = load_script('tools/check_data.py')

    def check(old='', new='', change=None, text=JOINT):
        assert old in text
        text = text.replace(old, new) if old else text
        if change is not None:
            content = safe_load('data/mine.pkl')
            for sample in content['annotations']:
                sample['keypoint'] = np.array(sample['keypoint'])
            change(content)
            atomic_dump(content, 'data/changed.pkl')
            text = text.replace('data/mine.pkl', 'data/changed.pkl')
        Path('configs/my_data/changed.py').write_text(text)
        capsys.readouterr()
        tool.main(['configs/my_data/changed.py'])
        return one_line(capsys.readouterr().out)

    return check


def first(content):
    return content['annotations'][0]


def set_label(content):
    content['annotations'][3]['label'] = 7


def set_nan(content):
    content['annotations'][3]['keypoint'][0, 2, 5, 1] = np.nan


def set_millimetres(content):
    for sample in content['annotations']:
        sample['keypoint'] *= 1000


def set_zero(content):
    for sample in content['annotations'][:3]:
        sample['keypoint'][:] = 0


def make_flat(content):
    for sample in content['annotations']:
        sample['keypoint'] = sample['keypoint'][..., :2]
        sample['keypoint_score'] = np.ones_like(sample['keypoint'][..., 0])


def double(content):
    first(content)['keypoint'] = np.repeat(first(content)['keypoint'], 2, 0)


def drop_split(content):
    del content['split']['val']


def train_on_all(content):
    content['split']['train'] += content['split']['val']


MISTAKES = [
    (dict(change=set_label), "sample '0003' (number 3) has label 7, but there "
     'are 7 classes (0 to 6). -> Set num_classes=8'),
    (dict(old='num_classes=7', new='num_classes=8'), 'the head has 8 classes, '
     'but the highest label is 6. -> Set num_classes=7'),
    (dict(old=', relation_dim=13 * 13'), 'the head takes relation vectors of '
     'length 625, but ACLGCN with 13 joints returns 13 * 13 = 169 numbers. '
     '-> Set cls_head.relation_dim=169.'),
    (dict(old='num_node=13', new='num_node=14'), "Layout 'custom': joints "
     '[13] are not connected to the centre 1.'),
    (dict(text=JOINT.replace('num_node=13', 'num_node=12').replace(
        ', (12, 11)', '').replace(', 10)', ')').replace(', 12)', ')')),
     "sample '0000' (number 0) has 13 joints, but the layout 'custom' has 12"),
    (dict(old='(12, 11)', new='(13, 11)'), "Layout 'custom': inward names "
     'joint 13, but the joints are 0 to 12.'),
    (dict(old='(4, 3)', new='(4, 8)'), 'the length of some bones changes more '
     'than that of the others: 4 - 8 by'),
    (dict(old='left=(5, 6, 7, 11, 12)', new='left=(5, 6, 7, 11)'), 'left and '
     'right must pair up, each joint at most once'),
    (dict(old='left=(5, 6, 7', new='left=(5, 7, 6'), "left and right of the "
     "layout 'custom' do not mirror it: left joint 7 hangs from 6, so that "
     'its counterpart 3 should hang from 4, but it hangs from 2.'),
    (dict(old='graph_cfg=dict(layout=layout)', new='in_channels=3'),
     'model.backbone.graph_cfg has no layout'),
    (dict(old='mine.pkl', new='mein.pkl'), "There is no file 'data/mein.pkl'"),
    (dict(change=drop_split), "has no split 'val'; available: ['train']."),
    (dict(change=set_nan), 'has the keypoint value nan at person 0, frame 2, '
     'joint 5, channel 1'),
    (dict(change=make_flat), 'has 2 coordinates per joint, but the layout '
     "'custom' is 3-dimensional"),
    (dict(change=make_flat, old='center=1', new='center=1, dims=2'),
     'RandomRot rotates three coordinates; this sample has 2 channels and a '
     'score.'),
    (dict(change=set_millimetres), 'the bodies are about 1500 units large, '
     'which looks like millimetres'),
    (dict(change=set_zero), '3 sequences with key points that are all zero: '
     "'0000', '0001', '0002'."),
    (dict(change=double), '1 sequence with up to 2 persons, of which the '
     'pipeline keeps 1'),
]  # fmt: skip


@pytest.mark.parametrize(('mistake', 'message'), MISTAKES)
def test_mistakes_in_config_and_data(check, mistake, message):
    text = check(**mistake)
    for piece in promised(message):
        assert piece in text


def test_three_dimensions_in_a_pipeline_for_two(check):
    text = CONFIGS['configs/my_data/joint_2d.py'].replace('mine_2d', 'mine')
    assert re.search(
        r'the third number of the joints goes from \d\.\d+ to \d\.\d+, which '
        'is no score',
        check(text=text),
    )


def test_validation_on_training_data(check):
    text = check(change=train_on_all)
    assert 'sequences are in the training data too' in text


def change_cell(folder, line, column, cell):
    path = folder / '0003.csv'
    lines = [row.split(',') for row in path.read_text().splitlines()]
    lines[line - 1][column - 1] = cell
    path.write_text('\n'.join(map(','.join, lines)) + '\n')


def cut_row(folder):
    path = folder / '0003.csv'
    lines = path.read_text().splitlines()
    lines[8] = lines[8].rpartition(',')[0]
    path.write_text('\n'.join(lines))


def cut_joint(folder):
    path = folder / '0003.csv'
    lines = [row.split(',')[:-3] for row in path.read_text().splitlines()]
    path.write_text('\n'.join(map(','.join, lines)))


def change_table(old, new):
    def change(folder):
        path = folder / 'labels.csv'
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))

    return change


def number_classes(folder):
    path = folder / 'labels.csv'
    header, *rows = (row.split(',') for row in path.read_text().splitlines())
    names = sorted({row[1] for row in rows})
    rows = [(n, str(names.index(c) + 1), s) for n, c, s in rows]
    path.write_text('\n'.join(map(','.join, [header, *rows])))


CONVERTER_MISTAKES = [
    (lambda folder: change_cell(folder, 4, 5, 'o.5'), "0003.csv, line 4, "
     "column 5 (neck_y): 'o.5' is not a number."),
    (lambda folder: change_cell(folder, 4, 5, ''), '0003.csv, line 4, column '
     '5 (neck_y): the value is missing. … --missing zero'),
    (cut_row, '0003.csv, line 9: 38 cells, but line 1 has 39.'),
    (cut_joint, '0003.csv: 12 joints with 3 coordinates, but most files have '
     '13 with 3'),
    (change_table('\n0003,', '\n0030x,'), "labels.csv, line 5, column 1 "
     "(name): there is no file '0030x' (is it '0030'?)"),
    (lambda folder: change_table(
        next(r for r in (folder / 'labels.csv').read_text().splitlines()
             if r.startswith('0003')) + '\n', '')(folder),
     "labels.csv has no row for '0003'"),
    (number_classes, 'They go from 1 to 7, but no sequence has 0. Pass '
     '--renumber'),
]  # fmt: skip


@pytest.mark.parametrize(('change', 'message'), CONVERTER_MISTAKES)
def test_mistakes_in_files(made, tmp_path, capsys, change, message):
    folder = shutil.copytree(made / 'data/raw/mine', tmp_path / 'mine')
    change(folder)
    labels = ['--labels', str(folder / 'labels.csv')]
    split = ['--split-by', 'subject', '--val', '7', '8', '--quiet']
    tool = load_script('tools/data/arrays.py')
    out = str(tmp_path / 'out.pkl')
    assert tool.main([str(folder), out, *labels, *split]) == 1
    text = one_line(capsys.readouterr().err)
    for piece in promised(message):
        assert piece in text


def test_no_split_and_millimetres(made, tmp_path, capsys):
    folder = made / 'data/raw/mine'
    words = [str(folder), str(tmp_path / 'out.pkl'), '--quiet', '--labels']
    words.append(str(folder / 'labels.csv'))
    tool = load_script('tools/data/arrays.py')
    assert tool.main(words) == 1
    message = 'nothing says what is for training and what for validation'
    assert promised(message)[0] in one_line(capsys.readouterr().err)
    assert tool.main([*words, '--val-fraction', '0.2', '--scale', '1000']) == 0
    message = (
        'the bodies are about 1500 units large, which looks like millimetres'
    )
    assert promised(message)[0] in one_line(capsys.readouterr().out)
