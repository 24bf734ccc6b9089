"""The command line that makes stores."""

import importlib.util
import json
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import DefaultScope

from aclnet_plugin.datasets import SkeletonDataset
from aclnet_plugin.datasets.store import SkeletonStore
from aclnet_plugin.utils.safe_pickle import safe_load
from tests.processes import run as run_process
from tests.test_datasets.equality import same

TOOL = (
    Path(__file__).resolve().parents[2] / 'tools' / 'data' / 'build_store.py'
)
_spec = importlib.util.spec_from_file_location('build_store_tool', TOOL)
tool = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tool)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / 'tiny.store'


@pytest.fixture
def run(capsys):
    """Run the command; returns status, stdout and stderr."""

    def run(*arguments):
        capsys.readouterr()
        try:
            status = tool.main(list(map(str, arguments)))
        except SystemExit as stop:
            status = stop.code
        return status, *capsys.readouterr()

    return run


def test_there_and_back(run, tiny_skeletons, folder, tmp_path):
    status, out, err = run(tiny_skeletons, folder)
    assert (status, err) == (0, '')
    for line in (
        '24 sequences, ',
        'keypoint (M, T, V, C): 25 joints, 3 channels, f2',
        'split xsub_train: 16',
        f'written to {folder}',
    ):
        assert line in out
    back = tmp_path / 'new' / 'back.pkl'
    status, out, _ = run(folder, back)
    assert status == 0 and f'written to {back}' in out
    assert same(safe_load(back), safe_load(tiny_skeletons))
    status, out, _ = run('--verify', folder)
    assert status == 0 and '24 sequences, nothing has changed' in out


def test_other_precision(run, tiny_skeletons, folder):
    status, out, _ = run(tiny_skeletons, folder, '--dtype', 'float32')
    assert status == 0 and 'were converted to float32' in out
    assert SkeletonStore(folder)[0]['keypoint'].dtype == np.float32
    half = folder.with_name('half.store')
    assert run(folder, half, '--dtype', 'float16')[0] == 0
    content = SkeletonStore(half).to_content()
    assert same(content, safe_load(tiny_skeletons))


def test_overwrite(run, tiny_skeletons, folder, tmp_path):
    (tmp_path / 'x.pkl').write_text('mine')
    run(tiny_skeletons, folder)
    for source, out in (
        (tiny_skeletons, folder),
        (folder, tmp_path / 'x.pkl'),
    ):
        status, _, err = run(source, out)
        assert status == 1 and 'exists; use --overwrite' in err
        assert run(source, out, '--overwrite', '--quiet')[0] == 0


def test_a_store_that_has_changed(run, tiny_skeletons, folder):
    run(tiny_skeletons, folder)
    path = folder / 'arrays.bin'
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    status, _, err = run('--verify', folder)
    assert status == 1 and 'arrays.bin has changed' in err
    path.write_bytes(data[:-1])
    status, _, err = run('--verify', folder)
    assert status == 1 and 'cut short' in err


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ([], 'source and out are needed'),
        (['a.pkl'], 'source and out are needed'),
        (['a.pkl', 'b.pkl'], 'neither a.pkl nor b.pkl is a store'),
        (['a.pkl', 'b.npz'], 'has to end with .store or .pkl'),
        (['a.store', 'b.pkl', '--dtype', 'float16'], 'for writing a store'),
        (['a.pkl', 'b.store', '--verify', 'c.store'], 'either --verify'),
    ],
)
def test_wrong_command_lines(run, arguments, message):
    status, _, err = run(*arguments)
    assert status == 2 and message in err


def test_missing_and_foreign_files(run, tmp_path, folder):
    status, _, err = run(tmp_path / 'none.pkl', folder)
    assert status == 1 and 'none.pkl' in err and err.startswith('error: ')
    (tmp_path / 'foreign.pkl').write_bytes(pickle.dumps(print))
    status, _, err = run(tmp_path / 'foreign.pkl', folder)
    assert status == 1 and 'builtins.print' in err
    status, _, err = run('--verify', folder)
    assert status == 1 and 'There is no store' in err
    assert [p.name for p in tmp_path.iterdir()] == ['foreign.pkl']


def test_a_bad_sequence(run, tiny_skeletons, folder, tmp_path):
    content = safe_load(tiny_skeletons)
    content['annotations'][3]['keypoint'][0, 2, 7, 1] = np.nan
    path = tmp_path / 'bad.pkl'
    path.write_bytes(pickle.dumps(content))
    status, _, err = run(path, folder)
    assert status == 1 and "'xsub_train_03' (number 3)" in err
    assert 'value nan at person 0, frame 2, joint 7' in err
    assert '--on-error skip leaves it out' in err
    assert not folder.exists()
    status, out, _ = run(path, folder, '--on-error', 'skip')
    assert status == 0 and 'skipped: ' in out
    assert "1 of the 16 samples of split 'xsub_train' have no ann" in out
    assert len(SkeletonStore(folder)) == 23


@pytest.fixture
def kinetics(tmp_path):
    """A table of contents and one file for each of three videos."""
    videos = tmp_path / 'skeletons'
    videos.mkdir()
    rng = np.random.default_rng(0)
    entries = []
    for number in range(3):
        name = f'clip{number}'
        rows = np.sort(rng.integers(0, 9, 12 + number)).astype(np.int16)
        pose = rng.random((len(rows), 17, 3), np.float32).astype(np.float16)
        inner = dict(keypoint=pose, frame_inds=rows)
        (videos / f'{name}.pkl').write_bytes(pickle.dumps(inner))
        entries.append(
            dict(
                frame_dir=name,
                label=number,
                total_frames=9,
                img_shape=(340, 256),
                original_shape=(340, 256),
                valid={0.5: 9},
                box_score=rng.random(len(rows)).astype(np.float16),
            )
        )
    path = tmp_path / 'k400.pkl'
    split = dict(train=['clip0', 'clip2'], val=['clip1'])
    path.write_bytes(pickle.dumps(dict(split=split, annotations=entries)))
    return path, videos


def test_skeletons_in_files_of_their_own(run, kinetics, folder):
    path, videos = kinetics
    status, _, err = run(path, folder)
    assert status == 1 and "'clip0'" in err and '--data-prefix FOLDER' in err
    status, out, _ = run(path, folder, '--data-prefix', videos)
    assert status == 0 and 'keypoint (n, V, C): 17 joints' in out
    pipeline = [dict(type='DecompressPose'), dict(type='PoseDecode')]
    settings = dict(split='train', layout='coco_new', pipeline=pipeline)
    prefix = dict(skeleton=str(videos))
    with DefaultScope.overwrite_default_scope('mmaction'):
        stored = SkeletonDataset(str(folder), **settings)
        pickled = SkeletonDataset(str(path), data_prefix=prefix, **settings)
    assert len(stored) == len(pickled) == 2
    for index in range(2):
        one, two = stored[index], pickled[index]
        assert one.keys() == two.keys()
        assert all(same(one[key], two[key]) for key in one)


def test_missing_and_bad_files_of_videos(run, kinetics, folder):
    path, videos = kinetics
    (videos / 'clip0.pkl').unlink()
    (videos / 'clip1.pkl').write_bytes(pickle.dumps([1]))
    status, _, err = run(path, folder, '--data-prefix', videos)
    assert status == 1 and 'clip0.pkl' in err and "'clip0' (number 0)" in err
    status, out, _ = run(
        path, folder, '--data-prefix', videos, '--on-error', 'skip'
    )
    assert status == 0 and out.count('skipped: ') == 2
    assert 'split val: not usable' in out
    assert len(SkeletonStore(folder)) == 1


def test_runs_as_a_program(tiny_skeletons, folder, clean_env):
    status, text = run_process(
        [sys.executable, TOOL, tiny_skeletons, folder], clean_env
    )
    assert status == 0, text
    assert '\x1b' not in text
    assert json.loads((folder / 'header.json').read_text())['version'] == 1
