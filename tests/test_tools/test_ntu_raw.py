"""The NTU RGB+D converter on a made-up handful of files."""

import os
import signal
import sys
import zipfile

import numpy as np
import pytest

from aclnet_plugin.datasets import SkeletonDataset
from aclnet_plugin.datasets.converters.ntu import convert as ntu_raw
from aclnet_plugin.datasets.converters.ntu.persons import arrange_persons
from aclnet_plugin.datasets.converters.ntu.skeleton_file import parse_skeleton
from aclnet_plugin.utils.safe_pickle import safe_load
from tests.processes import run as run_command
from tests.raw_skeletons import (
    TOOLS,
    assert_same_annotations,
    load_tool,
    standing_body,
    tracks_text,
)

tool = load_tool('ntu_raw')

NAMES = [
    f'S{setup:03d}C{camera:03d}P{subject:03d}R001A{action:03d}'
    for setup, actions in ((1, (1, 50)), (2, (60,)), (18, (61, 120)))
    for camera in (1, 2, 3)
    for subject in (1, 3)
    for action in actions
]
MISSING = 'S001C002P005R002A008'


def make_text(name):
    rng = np.random.default_rng(NAMES.index(name))
    first = (range(2, 30), standing_body(rng, 28))
    second = (range(20), standing_body(rng, 20))
    return tracks_text([first, second][: 1 + (name[-3:] in ('050', '120'))])


@pytest.fixture(scope='module')
def texts():
    return {name: make_text(name) for name in NAMES}


@pytest.fixture
def raw(texts, tmp_path):
    folder = tmp_path / 'raw' / 'nturgb+d_skeletons'
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / f'{name}.skeleton').write_text(text)
    (folder / f'{MISSING}.skeleton').write_text('1\n0\n')
    return folder


def run(*arguments):
    return tool.main([*map(str, arguments), '--quiet'])


@pytest.mark.parametrize('workers', [1, 2])
def test_ntu60(raw, texts, tmp_path, capsys, workers):
    out = tmp_path / 'new' / 'ntu60.pkl'
    assert run(raw, out, '--benchmark', 60, '--workers', workers) == 0
    content = safe_load(out)
    expected = [name for name in sorted(NAMES) if name[-3:] <= '060']
    assert [s['frame_dir'] for s in content['annotations']] == expected
    for sample in content['annotations']:
        name = sample['frame_dir']
        pose = arrange_persons(parse_skeleton(texts[name].encode(), name))
        np.testing.assert_array_equal(sample['keypoint'], np.float16(pose))
        assert sample['keypoint'].dtype == np.float16
        assert sample['label'] == int(name[-3:]) - 1
        assert sample['total_frames'] == sample['keypoint'].shape[1]
        assert set(sample) == {
            'frame_dir',
            'label',
            'total_frames',
            'keypoint',
        }
    assert len(content['classes']) == 60
    split = content['split']
    assert all('P001' in name for name in split['xsub_train'])
    assert all('C001' in name for name in split['xview_val'])
    for kind in ('xsub', 'xview'):
        halves = split[f'{kind}_train'] + split[f'{kind}_val']
        assert sorted(halves) == expected
    text = capsys.readouterr().out
    assert 'left out: 12 (not an action of NTU RGB+D 60)' in text
    assert 'left out: 1 (on the published list of missing skeletons)' in text
    assert '18 sequences (complete: 56578), 3 classes (complete: 60)' in text
    assert '6 sequences with two persons' in text
    assert 'WARNING: not the published NTU RGB+D 60: xsub_train has 9' in text
    assert not out.with_name('ntu60.pkl.parts').exists()


def test_ntu120_from_archives_in_single_precision(raw, tmp_path, capsys):
    archives = [tmp_path / f'{setups}.zip' for setups in ('old', 'new')]
    for path, old in zip(archives, (True, False), strict=True):
        with zipfile.ZipFile(path, 'w') as archive:
            for file in raw.iterdir():
                if (file.stem < 'S018') == old:
                    archive.write(file, file.name)
    options = ['--benchmark', 120, '--dtype', 'float32']
    assert run(*archives, tmp_path / 'a.pkl', *options, '--workers', 2) == 0
    assert run(raw, tmp_path / 'b.pkl', *options) == 0
    one, two = (safe_load(tmp_path / f'{x}.pkl') for x in 'ab')
    assert_same_annotations(one, two)
    assert set(one['split']) == {
        'xsub_train',
        'xsub_val',
        'xset_train',
        'xset_val',
    }
    assert all('S001' in name for name in one['split']['xset_val'])
    assert len(one['annotations']) == len(NAMES)
    assert one['annotations'][0]['keypoint'].dtype == np.float32
    assert len(one['classes']) == 120
    text = capsys.readouterr().out
    assert '(complete: 113945)' in text and '5 classes' in text


@pytest.mark.parametrize('suffix', ['pkl', 'store'])
def test_the_result_loads(raw, tmp_path, suffix):
    out = tmp_path / f'ntu60.{suffix}'
    assert run(raw, out, '--benchmark', 60) == 0
    dataset = SkeletonDataset(
        str(out),
        pipeline=[],
        split='xview_train',
        layout='nturgb+d',
        num_classes=60,
    )
    assert len(dataset) == 12
    assert dataset[0]['keypoint'].shape[2:] == (25, 3)


DAMAGE = {
    'cut short': (lambda text: text[: len(text) // 2], 'line'),
    'joints': (
        lambda text: text.replace('\n25\n', '\n24\n', 1),
        'line 6: a b',
    ),
    'letters': (
        lambda text: text.replace(' 277.4', 'x 277.4', 1),
        'line 7: j',
    ),
    'nan': (lambda text: text.replace(' 277', 'nan 277', 1), 'line 7: joint'),
    'frames': (lambda text: text.replace('30', '29', 1), 'should end here'),
    'nobody': (lambda text: '2\n0\n0\n', 'there is no body in any frame'),
}


@pytest.mark.parametrize('kind', DAMAGE)
def test_damaged_files_are_named(raw, tmp_path, capsys, kind):
    file = raw / f'{NAMES[0]}.skeleton'
    damage, message = DAMAGE[kind]
    file.write_text(damage(file.read_text()))
    out = tmp_path / 'out.pkl'
    assert run(raw, out, '--benchmark', 60) == 1 and not out.exists()
    error = capsys.readouterr().err
    assert error.startswith(f'error: {file}') and message in error
    assert '--on-error skip' in error and 'Traceback' not in error
    assert run(raw, out, '--benchmark', 60, '--on-error', 'skip') == 0
    assert f'skipped: {file}' in capsys.readouterr().out
    assert len(safe_load(out)['annotations']) == 17


def test_wrong_input(raw, tmp_path, capsys):
    out = tmp_path / 'out.pkl'
    assert run(tmp_path / 'gone', out, '--benchmark', 60) == 1
    assert 'There is no file or folder' in capsys.readouterr().err
    for file in raw.glob('*A0[0-6]0.skeleton'):
        file.unlink()
    only = tmp_path / 'only'
    only.mkdir()
    (raw / f'{MISSING}.skeleton').rename(only / f'{MISSING}.skeleton')
    assert run(only, out, '--benchmark', 60) == 1
    assert 'no usable sequence' in capsys.readouterr().err
    out.write_text('precious')
    assert run(raw, out, '--benchmark', 120) == 1
    assert out.read_text() == 'precious'
    with pytest.raises(SystemExit):
        run(raw, out)


def test_other_names_are_told(raw, tmp_path, capsys):
    (raw / 'S001C001P001R001A001 (1).skeleton').write_text('')
    assert run(raw, tmp_path / 'out.pkl', '--benchmark', 60) == 0
    assert 'A001 (1).skeleton: the name is not' in capsys.readouterr().out


KILLED = """
import os, runpy, signal, sys
from aclnet_plugin.datasets.converters.ntu import convert as ntu_raw
ntu_raw.PART_SIZE = 4
victim, *sys.argv = sys.argv[1:]
parse = ntu_raw.parse_skeleton
def dying(content, origin):
    if origin.endswith(victim):
        os.kill(os.getpid(), signal.SIGKILL)
    return parse(content, origin)
ntu_raw.parse_skeleton = dying
runpy.run_path(sys.argv[0], run_name='__main__')
"""


def test_a_killed_conversion_goes_on(
    raw, tmp_path, capsys, clean_env, monkeypatch
):
    monkeypatch.setattr(ntu_raw, 'PART_SIZE', 4)
    out, whole = tmp_path / 'out.pkl', tmp_path / 'whole.pkl'
    arguments = [raw, out, '--benchmark', '120']
    victim = f'{sorted(NAMES)[20]}.skeleton'
    status, text = run_command(
        [
            sys.executable,
            '-c',
            KILLED,
            victim,
            TOOLS / 'ntu_raw.py',
            *arguments,
        ],
        clean_env,
        cwd=TOOLS.parents[1],
    )
    assert status == -signal.SIGKILL, text
    assert not out.exists()
    parts = out.with_name('out.pkl.parts')
    assert len(os.listdir(parts)) == 5

    read = []
    monkeypatch.setattr(
        ntu_raw,
        'parse_skeleton',
        lambda content, origin: (
            read.append(origin) or parse_skeleton(content, origin)
        ),
    )
    assert run(*arguments) == 0
    assert len(read) == len(NAMES) + 1 - 20, 'only what was not finished'
    assert '20 files were taken from an earlier' in capsys.readouterr().out
    assert not parts.exists()
    assert run(raw, whole, '--benchmark', 120) == 0
    assert_same_annotations(safe_load(out), safe_load(whole))


def test_the_command_line_explains_itself(capsys):
    with pytest.raises(SystemExit, match='0'):
        tool.main(['--help'])
    text = capsys.readouterr().out
    assert 'python tools/data/ntu_raw.py nturgbd_skeletons' in text
    assert '--benchmark {60,120}' in text
