"""The converters of CASIA-B and the cutter, as a user would call them."""

import csv
import json
import pickle
import sys

import numpy as np
import pytest

from aclnet_plugin.datasets import SkeletonDataset
from aclnet_plugin.datasets.store import SkeletonStore
from aclnet_plugin.utils.safe_pickle import atomic_dump, safe_load
from tests.raw_skeletons import load_tool
from tests.test_datasets.equality import same
from tests.test_datasets.test_converters.test_casia_b.casia_files import (
    WALKS,
    folder_of,
    frames_of,
    pose_of,
    row,
    table_of,
    write_folder,
    write_table,
    write_windows,
)

csv_tool = load_tool('casiab_csv')
pose_tool = load_tool('casiab_pose')
windows_tool = load_tool('casiab_windows3d')
slicer = load_tool('slice_windows')
OPENPOSE14 = dict(
    num_node=14,
    center=1,
    inward=[(0, 1), (2, 1), (3, 2), (4, 3), (5, 1), (6, 5), (7, 6),
            (8, 1), (9, 8), (10, 9), (11, 1), (12, 11), (13, 12)],
)  # fmt: skip
TRAIN = sorted(name for name in WALKS if name < '064')
TEST = sorted(name for name in WALKS if name > '075')


def run(tool, *arguments):
    return tool.main([*map(str, arguments), '--quiet'])


def read(path):
    if path.suffix == '.store':
        return SkeletonStore(path).to_content()
    return safe_load(path)


@pytest.fixture
def table(tmp_path):
    return write_table(tmp_path / 'casia-b_pose_coco.csv', table_of())


@pytest.fixture
def root(tmp_path):
    return write_folder(tmp_path / 'pose')


@pytest.fixture
def windows(tmp_path):
    return write_windows(tmp_path / 'CASIA_B_match' / '40')


def test_tables_to_pickle_and_store(table, tmp_path, capsys):
    out, store = tmp_path / 'out' / 'a.pkl', tmp_path / 'a.store'
    assert run(csv_tool, table, out) == 0
    text = capsys.readouterr().out
    content = read(out)
    assert content['split'] == dict(
        train=TRAIN,
        test=TEST,
        train_sub=[name for name in TRAIN if name < '060'],
        val=[name for name in TRAIN if name > '060'],
        reid_train=[name for name in TRAIN if name < '063'],
        reid_test=[name for name in [*TRAIN, *TEST] if name > '063'],
    )
    for sample in content['annotations']:
        name = sample['frame_dir']
        pose = pose_of(name)[None]
        np.testing.assert_array_equal(sample['keypoint'], pose[..., :2])
        np.testing.assert_array_equal(sample['frame_ids'], frames_of(name))
        assert sample['total_frames'] == pose.shape[1]
    assert '24 of 13,640 walks.' in text
    assert '121 persons are absent' in text
    assert '3 walks have fewer than 61 frames' in text
    assert run(csv_tool, table, store) == 0
    assert same(read(store), content), 'every key and type is kept'


@pytest.mark.parametrize('suffix', ['pkl', 'store'])
@pytest.mark.parametrize('kind', ['tables', 'folder', 'windows'])
def test_the_results_load(table, root, windows, tmp_path, kind, suffix):
    out = tmp_path / f'out.{suffix}'
    tool, source = dict(
        tables=(csv_tool, table),
        folder=(pose_tool, root),
        windows=(windows_tool, windows),
    )[kind]
    assert run(tool, source, out) == 0
    layout = OPENPOSE14 if kind == 'windows' else 'coco'
    dataset = SkeletonDataset(
        str(out), pipeline=[], split='reid_train', layout=layout
    )
    assert len(dataset) == (6 if kind == 'windows' else 8)
    info = dataset.get_data_info(0)
    assert info['condition'] == ('na' if kind == 'windows' else 'bg')
    assert {'subject', 'seq', 'view'} <= set(info)


def test_the_folder_and_the_tables_agree(table, root, tmp_path, capsys):
    assert run(csv_tool, table, tmp_path / 'a.pkl') == 0
    first = capsys.readouterr().out
    out = tmp_path / 'b.pkl'
    assert run(pose_tool, root, out, '--workers', 2) == 0
    second = capsys.readouterr().out
    one, two = read(tmp_path / 'a.pkl'), read(out)
    for sample in one['annotations']:
        del sample['frame_ids']
    assert same(one, two)
    assert first.replace('a.pkl', 'b.pkl') == second
    assert not out.with_name('b.pkl.parts').exists()


def test_what_was_left_out_is_told(table, tmp_path, capsys):
    name = WALKS[0]
    pose = pose_of(name)[0]
    lines = [row(name, 3, pose + np.nan), row('125-nm-01-000', 1, pose)]
    write_table(table, [*table_of(), *lines])
    out = tmp_path / 'out.pkl'
    last = len(table_of())
    assert run(csv_tool, table, out) == 1 and not out.exists()
    error = capsys.readouterr().err
    assert error.startswith(
        f'error: {table}, line {last + 2}: 125-nm-01-000 is of subject 125'
    )
    assert '(--on-error skip leaves it out)' in error
    assert run(csv_tool, table, out, '--on-error', 'skip') == 0
    text = capsys.readouterr().out
    assert f'skipped: {table}, line {last + 1}: nose has nan as x' in text
    assert f'skipped: {table}, line {last + 2}: 125-nm-01' in text
    assert 'left out: 1 (rows that have not 51 numbers)' in text
    assert 'left out: 1 (rows of walks that there cannot be)' in text


def test_counts_as_files(table, root, tmp_path, capsys):
    out, report = tmp_path / 'out.pkl', tmp_path / 'counts.csv'
    assert run(csv_tool, table, out, '--report', report) == 0
    with open(report, newline='') as file:
        rows = list(csv.DictReader(file))
    # Three conditions in six splits, and a gallery in two of them.
    assert len(rows) == 11 * (6 * 3 + 2)
    (cell,) = [
        r
        for r in rows
        if (r['split'], r['role'], r['view']) == ('test', 'gallery', '90')
    ]
    assert cell['found'] == '1' and cell['nominal'] == '200'
    assert cell['walks'] == '01-04' and cell['short'] == '0'
    assert len(cell['absent'].split()) == 199
    report = tmp_path / 'counts.json'
    arguments = (root, out, '--overwrite', '--report', report)
    assert run(pose_tool, *arguments, '--min-frames', 60) == 0
    content = json.loads(report.read_text())
    assert content['min_frames'] == 60 and content['found'] == 24
    assert content['short'] == {WALKS[0]: 58, WALKS[1]: 59}
    assert len(content['absent']) == 13640 - 24
    assert len(content['rows']) == len(rows)
    assert str(report) in capsys.readouterr().out


def test_counts_can_be_read_through_a_pipe(
    table, tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv('COLUMNS', '80')
    assert run(csv_tool, table, tmp_path / 'a.pkl') == 0
    text = capsys.readouterr().out
    assert '\x1b' not in text and '\r' not in text and '…' not in text
    lines = text.splitlines()
    # The sentences are one line each; the tables fit.
    assert all(len(line) <= 80 for line in lines if line.startswith(' '))
    (view,) = [line for line in lines if line.split()[:1] == ['090']]
    cells = '4/444 2/148 2/148 1/200 1/100 1/100 1/100'
    assert view.split() == ['090', *cells.split()]
    assert any(
        line.split() == ['test', 'nm', '01-04', 'gallery', '2', '2,200', '0']
        for line in lines
    )


def test_splits_of_persons(table, tmp_path, capsys):
    out, lists = tmp_path / 'out.pkl', tmp_path / 'lists.txt'
    assert run(csv_tool, table, out, '--reid-split', '74-50') == 0
    split = read(out)['split']
    assert split['reid_train'] == split['train'] == TRAIN
    assert split['reid_test'] == TEST
    lists.write_text('reid_train: 1 124\nreid_test: 124\nmine: 63')
    arguments = (table, out, '--overwrite', '--subjects', lists)
    assert run(csv_tool, *arguments) == 0
    split = read(out)['split']
    assert split['mine'] == TRAIN[8:] and split['reid_test'] == TEST
    assert len(split['reid_train']) == 16 and split['train'] == TRAIN
    text = capsys.readouterr().out
    assert 'WARNING: 1 persons are in both reid_train and reid_test' in text


def test_pixels_are_expected(tmp_path, capsys):
    name = WALKS[0]
    atomic_dump(pose_of(name) / 320, folder_of(tmp_path / 'pose', name))
    assert run(pose_tool, tmp_path / 'pose', tmp_path / 'out.pkl') == 0
    assert 'WARNING: no coordinate is larger' in capsys.readouterr().out


def test_wrong_flags_are_told_before_any_work(table, root, tmp_path, capsys):
    out, report = tmp_path / 'out.pkl', tmp_path / 'counts.csv'
    report.write_text('')
    (tmp_path / 'lists.txt').write_text('train')
    for flags, message in (
        (['--report', tmp_path / 'a.txt'], 'must end in .csv or .json'),
        (['--report', report], 'exists; use --overwrite'),
        (['--report', report / 'a.csv'], 'counts.csv is not a folder'),
        (['--min-frames', -1], 'must be 0 or more'),
        (['--subjects', tmp_path / 'lists.txt'], 'line 1'),
        (['--subjects', tmp_path / 'gone.txt'], 'There is no file'),
    ):
        for tool, source in ((csv_tool, table), (pose_tool, root)):
            assert run(tool, source, out, *flags) == 1
            error = capsys.readouterr().err
            assert error.startswith('error: ') and message in error
    assert not out.exists()
    assert run(csv_tool, table, tmp_path / 'out.npz') == 1
    assert run(csv_tool, tmp_path / 'gone.csv', out) == 1
    assert run(pose_tool, tmp_path / 'gone', out) == 1
    atomic_dump([], out)
    for tool, source in ((csv_tool, table), (pose_tool, root)):
        assert run(tool, source, out) == 1
    assert 'use --overwrite' in capsys.readouterr().err


def test_windows_to_pickle_and_store(windows, tmp_path, capsys):
    out, store = tmp_path / 'a.pkl', tmp_path / 'a.store'
    report = tmp_path / 'counts.json'
    assert run(windows_tool, windows, out, '--report', report) == 0
    text = capsys.readouterr().out
    assert '13 sequences written' in text and 'reid_test: 7' in text
    assert '3 persons for training, 2 for tests.' in text
    assert json.loads(report.read_text())['rows'][1] == dict(
        split='reid_test',
        condition='nm',
        windows=3,
        persons=2,
        fewest=1,
        most=2,
    )
    assert run(windows_tool, windows, store) == 0
    assert same(read(store), read(out))
    labels = windows / 'CASIA_B_test_npy_data' / 'nm'
    np.save(labels / 'frame_id_CASIA_B_40.npy', np.array([3, 4, 4]))
    assert run(windows_tool, windows, out, '--overwrite') == 0
    assert 'WARNING: 1 persons are in both: 3.' in capsys.readouterr().out
    (labels / 'frame_id_CASIA_B_40.npy').write_bytes(b'')
    assert run(windows_tool, windows, out, '--overwrite') == 1
    error = capsys.readouterr().err
    assert 'is empty' in error and '--on-error skip' in error
    assert len(read(out)['annotations']) == 13, 'the old result stays'
    assert run(windows_tool, windows, out, '--overwrite', '--length', 0) == 1


@pytest.mark.parametrize('target', ['pkl', 'store'])
@pytest.mark.parametrize('source', ['pkl', 'store'])
def test_cutting_files_of_either_kind(table, tmp_path, capsys, source, target):
    whole, out = tmp_path / f'a.{source}', tmp_path / f'b.{target}'
    assert run(csv_tool, table, whole) == 0
    flags = ['--splits', 'reid_train', 'reid_test', '--stride']
    flags += ['reid_train=20', '--joints', 'openpose14']
    assert run(slicer, whole, out, *flags) == 0
    content = read(out)
    assert list(content['split']) == ['reid_train', 'reid_test']
    samples = {s['frame_dir']: s for s in content['annotations']}
    listed = [name for ids in content['split'].values() for name in ids]
    assert sorted(samples) == sorted(listed)
    first = [name for name in listed if name.startswith(WALKS[0])]
    assert first == [f'{WALKS[0]}-w00']
    assert len([n for n in listed if n.startswith(WALKS[7])]) == 2
    window = samples[f'{WALKS[7]}-w01']
    pose = pose_of(WALKS[7])[20:60]
    assert window['keypoint'].shape == (1, 40, 14, 2)
    np.testing.assert_array_equal(window['keypoint'][0, :, 4], pose[:, 10, :2])
    np.testing.assert_array_equal(
        window['frame_ids'], frames_of(WALKS[7])[20:60]
    )
    keys = ('window', 'subject', 'condition', 'seq', 'view', 'total_frames')
    assert [window[key] for key in keys] == [1, 1, 'nm', 5, 90, 40]
    dataset = SkeletonDataset(
        str(out),
        pipeline=[],
        split='reid_train',
        layout=dict(OPENPOSE14, dims=2),
    )
    assert len(dataset) == len(content['split']['reid_train'])
    text = capsys.readouterr().out
    assert 'cut from 24 sequences; 0 have fewer than 40' in text
    assert run(slicer, out, tmp_path / 'c.pkl') == 1
    assert 'is a window already' in capsys.readouterr().err


def test_what_the_cutter_refuses(table, tmp_path, capsys):
    whole, out = tmp_path / 'a.pkl', tmp_path / 'b.pkl'
    assert run(csv_tool, table, whole) == 0
    for flags, message in (
        (['--stride', 'x'], '--stride x: expected a number'),
        (['--stride', '=20'], 'expected a number'),
        (['--stride', 'train=-1'], 'expected a number'),
        (['--stride', '20', '40'], 'given twice'),
        (['--stride', 'train=20', 'train=20'], 'given twice'),
        (['--stride', 'train=20'], 'names of windows would mean two'),
        (['--stride', '0'], 'must be positive'),
        (['--length', '0'], 'must be positive'),
        (['--length', '500'], 'no sequence has the 500 frames'),
        (['--splits', 'gone'], "no split 'gone'"),
    ):
        assert run(slicer, whole, out, *flags) == 1, flags
        error = capsys.readouterr().err
        assert error.startswith('error: ') and message in error
    assert not out.exists()
    (tmp_path / 'bad.pkl').write_bytes(pickle.dumps(sys.exit))
    for name in ('bad.pkl', 'gone.pkl', 'gone.store'):
        assert run(slicer, tmp_path / name, out) == 1
        error = capsys.readouterr().err
        assert error.startswith('error: ') and name in error
    assert not out.exists()


def test_empty_and_partial_splits_are_told(table, tmp_path, capsys):
    whole, out = tmp_path / 'a.pkl', tmp_path / 'b.pkl'
    assert run(csv_tool, table, whole) == 0
    content = read(whole)
    content['split'] = dict(train=TRAIN[:1], val=[], test=[*TEST, 'gone'])
    atomic_dump(content, whole)
    assert run(slicer, whole, out) == 0
    text = capsys.readouterr().out
    assert '15 sequences are in no split that is cut' in text
    assert 'WARNING: the split val has no window.' in text
    assert "split 'test' have no annotation" in text


@pytest.mark.parametrize('tool', [csv_tool, pose_tool, windows_tool, slicer])
def test_help_has_an_example(tool, capsys):
    with pytest.raises(SystemExit) as caught:
        tool.main(['--help'])
    assert caught.value.code == 0
    assert 'python tools/data/' in capsys.readouterr().out
