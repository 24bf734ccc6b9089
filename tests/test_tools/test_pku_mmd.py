"""The PKU-MMD converter on a made-up handful of videos."""

import signal
import sys

import numpy as np
import pytest

from aclnet_plugin.datasets import SkeletonDataset
from aclnet_plugin.datasets.converters.pku_mmd import convert as pku_mmd
from aclnet_plugin.datasets.converters.pku_mmd.protocol import CLASSES
from aclnet_plugin.utils.safe_pickle import safe_load
from tests.processes import run as run_command
from tests.raw_skeletons import (
    TOOLS,
    VALIDATION,
    assert_same_annotations,
    load_tool,
    video_text,
)

tool = load_tool('pku_mmd')

VIDEOS = [f'{number:04d}-{view}' for number in (2, 3) for view in 'LMR']
LABELS = {
    '0002': [(21, 3, 17, 2), (5, 20, 30, 1)],
    '0003': [(12, 0, 12, 2), (21, 12, 40, 2), (51, 1, 2, 2)],
}


def make_frames(video):
    rng = np.random.default_rng(VIDEOS.index(video))
    frames = rng.normal(size=(40, 2, 25, 3)).round(6)
    if video.startswith('0002'):
        frames[:, 1] = 0
    else:
        # The second body leaves; the first is not there in the beginning.
        frames[20:, 1] = 0
        frames[:5, 0] = 0
    return frames


def label_text(rows):
    return ''.join(','.join(map(str, row)) + '\r\n' for row in rows)


@pytest.fixture
def raw(tmp_path):
    for name in ('skeletons', 'labels', 'splits'):
        (tmp_path / name).mkdir()
    for video in VIDEOS:
        (tmp_path / 'skeletons' / f'{video}.txt').write_text(
            video_text(make_frames(video))
        )
        (tmp_path / 'labels' / f'{video}.txt').write_text(
            label_text(LABELS[video[:4]])
        )
    views = {v: [x for x in VIDEOS if x[-1] in v] for v in ('L', 'MR')}
    (tmp_path / 'splits' / 'cross-view.txt').write_text(
        f'Training videos: \n{", ".join(views["MR"])}, \n'
        f'{VALIDATION}\n{", ".join(views["L"])}\n'
    )
    (tmp_path / 'splits' / 'cross_subject.txt').write_text(
        f'Training videos: \n{", ".join(VIDEOS[:3])}\n'
        f'{VALIDATION}\n{", ".join(VIDEOS[3:])}\n'
    )
    return tmp_path


def folders(raw):
    return [raw / name for name in ('skeletons', 'labels', 'splits')]


def run(raw, out, *more):
    return tool.main([*map(str, [*folders(raw), out, *more]), '--quiet'])


@pytest.mark.parametrize('workers', [1, 2])
def test_content(raw, tmp_path, capsys, workers):
    out = tmp_path / 'out' / 'pku.pkl'
    assert run(raw, out, '--workers', workers) == 0
    content = safe_load(out)
    assert len(content['annotations']) == 15
    expected = iter(content['annotations'])
    for video in VIDEOS:
        frames = make_frames(video)
        for label, start, end, _ in LABELS[video[:4]]:
            sample = next(expected)
            assert sample['frame_dir'] == (
                f'{video}_{start:05d}_{end:05d}_A{label:02d}'
            )
            assert sample['label'] == label - 1
            assert sample['total_frames'] == end - start
            persons = [
                frames[start:end, body]
                for body in range(2)
                if frames[start:end, body].any()
            ]
            assert len(persons) == 1 + (video > '0003' and end != 2)
            np.testing.assert_array_equal(
                sample['keypoint'], np.float16(persons)
            )
            assert sample['keypoint'].dtype == np.float16
    assert content['classes'] == list(CLASSES)
    assert len(set(CLASSES)) == 51 and CLASSES[20].startswith('pat on back')
    split = content['split']
    assert all('-L_' in name for name in split['xview_val'])
    assert all(name.startswith('0002') for name in split['xsub_train'])
    assert {name: len(ids) for name, ids in split.items()} == dict(
        xsub_train=6, xsub_val=9, xview_train=10, xview_val=5
    )
    text = capsys.readouterr().out
    assert '6 videos (complete: 1076), 15 rows of labels (complete' in text
    assert '4 classes (complete: 51)' in text
    assert '1 to 28 frames' in text and '6 sequences with two pers' in text
    assert 'WARNING: not the published PKU-MMD' in text
    assert not (tmp_path / 'out' / 'pku.pkl.parts').exists()


def test_single_precision(raw, tmp_path):
    assert run(raw, tmp_path / 'out.pkl', '--dtype', 'float32') == 0
    first = safe_load(tmp_path / 'out.pkl')['annotations'][0]
    np.testing.assert_array_equal(
        first['keypoint'], np.float32([make_frames('0002-L')[3:17, 0]])
    )


@pytest.mark.parametrize('suffix', ['pkl', 'store'])
def test_the_result_loads(raw, tmp_path, suffix):
    out = tmp_path / f'out.{suffix}'
    assert run(raw, out) == 0
    dataset = SkeletonDataset(
        str(out),
        pipeline=[],
        split='xview_train',
        layout='nturgb+d',
        num_classes=51,
    )
    assert len(dataset) == 10


ROWS = [
    ((21, 17, 3, 2), 'frames 17 to 3 are no interval'),
    ((21, 30, 41, 2), 'the action ends with frame 41'),
    ((99, 3, 17, 2), 'label 99'),
    (('a', 3, 17, 2), 'expected label,start,end,confidence'),
]


@pytest.mark.parametrize(('row', 'message'), ROWS)
def test_a_row_that_cannot_be_cut(raw, tmp_path, capsys, row, message):
    file = raw / 'labels' / '0002-M.txt'
    file.write_text(label_text([LABELS['0002'][0], row, LABELS['0002'][1]]))
    out = tmp_path / 'out.pkl'
    assert run(raw, out) == 1 and not out.exists()
    error = capsys.readouterr().err
    assert error.startswith(f'error: {file}, line 2: {message}')
    assert '--on-error skip' in error
    assert run(raw, out, '--on-error', 'skip') == 0
    text = capsys.readouterr().out
    assert f'skipped: {file}, line 2: {message}' in text
    assert 'left out: 1 (rows of labels that cannot be cut)' in text
    assert '16 rows of labels (complete: 21545)' in text
    assert len(safe_load(out)['annotations']) == 15, 'the video is kept'


def test_nobody_there(raw, tmp_path, capsys):
    frames = make_frames('0002-M')
    frames[3:17] = 0
    (raw / 'skeletons' / '0002-M.txt').write_text(video_text(frames))
    assert run(raw, tmp_path / 'out.pkl') == 1
    assert 'line 1: nobody is in frames 3 to 17' in capsys.readouterr().err


DAMAGE = {
    'cut short': (lambda text: text[:-100], r'line 40: '),
    'columns': (
        lambda text: text.replace(' ', '', 1).replace(' ', '', 1),
        '1',
    ),
    'letters': (lambda text: ' x' + text[9:], 'line 1: '),
    'nan': (
        lambda text: text[: text.rindex(' ')] + ' nan\n',
        "has 'nan' as z",
    ),
    'empty': (lambda text: '', 'is empty'),
}


@pytest.mark.parametrize('kind', DAMAGE)
def test_damaged_videos_are_named(raw, tmp_path, capsys, kind):
    file = raw / 'skeletons' / '0003-R.txt'
    damage, message = DAMAGE[kind]
    file.write_text(damage(file.read_text()))
    out = tmp_path / 'out.pkl'
    assert run(raw, out) == 1 and not out.exists()
    error = capsys.readouterr().err
    assert error.startswith(f'error: {file}') and message in error
    assert run(raw, out, '--on-error', 'skip') == 0
    text = capsys.readouterr().out
    assert f'skipped: {file}' in text
    assert "xsub_val lists 3 videos; 1 gave no sequence: '0003-R'" in text
    assert len(safe_load(out)['annotations']) == 12


def test_files_that_are_not_there(raw, tmp_path, capsys):
    out = tmp_path / 'out.pkl'
    (raw / 'labels' / '0002-L.txt').unlink()
    assert run(raw, out) == 1
    assert f'{raw}/labels/0002-L.txt cannot be' in capsys.readouterr().err
    (raw / 'splits' / 'cross-view.txt').unlink()
    assert run(raw, out) == 1
    assert 'no cross-view.txt in' in capsys.readouterr().err
    for file in (raw / 'labels').iterdir():
        file.rename(file.with_name(f'A{file.name}'))
    assert run(raw, out) == 1
    assert 'has no file like 0002-L.txt, but' in capsys.readouterr().err
    assert tool.main([str(tmp_path / 'gone')] * 3 + [str(out)]) == 1
    assert 'There is no folder' in capsys.readouterr().err


def test_videos_in_no_split(raw, tmp_path, capsys):
    file = raw / 'splits' / 'cross_subject.txt'
    file.write_text(file.read_text().replace('0003-L, ', ''))
    assert run(raw, tmp_path / 'out.pkl') == 0
    text = capsys.readouterr().out
    assert "1 videos are in neither half of xsub: '0003-L'" in text


KILLED = """
import os, runpy, signal, sys
from aclnet_plugin.datasets.converters.pku_mmd import convert as pku_mmd
pku_mmd.PART_SIZE = 2
victim, *sys.argv = sys.argv[1:]
read = pku_mmd.read_skeletons
def dying(path):
    if path.stem == victim:
        os.kill(os.getpid(), signal.SIGKILL)
    return read(path)
pku_mmd.read_skeletons = dying
runpy.run_path(sys.argv[0], run_name='__main__')
"""


def test_a_killed_conversion_goes_on(
    raw, tmp_path, capsys, clean_env, monkeypatch
):
    monkeypatch.setattr(pku_mmd, 'PART_SIZE', 2)
    out, whole = tmp_path / 'out.pkl', tmp_path / 'whole.pkl'
    script = [sys.executable, '-c', KILLED, '0003-R', TOOLS / 'pku_mmd.py']
    status, text = run_command(
        [*script, *folders(raw), out], clean_env, cwd=TOOLS.parents[1]
    )
    assert status == -signal.SIGKILL, text
    assert not out.exists()
    assert run(raw, out) == 0
    assert '4 files were taken from an earlier' in capsys.readouterr().out
    assert not out.with_name('out.pkl.parts').exists()
    assert run(raw, whole) == 0
    assert_same_annotations(safe_load(out), safe_load(whole))


def test_an_earlier_attempt_with_other_labels_or_flags(raw, tmp_path):
    parts = tmp_path / 'parts'
    options = dict(parts=parts, quiet=True)
    row = (21, 17, 3, 2)
    file = raw / 'labels' / '0002-M.txt'
    file.write_text(label_text([*LABELS['0002'], row]))
    _, first = pku_mmd.convert(*folders(raw), on_error='skip', **options)
    with pytest.raises(ValueError, match='line 3: frames 17 to 3'):
        pku_mmd.convert(*folders(raw), on_error='stop', **options)
    _, again = pku_mmd.convert(*folders(raw), on_error='skip', **options)
    assert again.resumed == 6 and again.problems == first.problems
    file.write_text(label_text(LABELS['0002']))
    _, done = pku_mmd.convert(*folders(raw), on_error='stop', **options)
    assert not done.resumed and len(done.samples) == 15
