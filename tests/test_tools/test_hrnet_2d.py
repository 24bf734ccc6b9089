"""The HRNet converter, on made-up tables in both published layouts."""

import importlib.util
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import DefaultScope

from aclnet_plugin.datasets import SkeletonDataset
from aclnet_plugin.datasets.downloads.catalogue import PUBLIC
from aclnet_plugin.datasets.store import SkeletonStore
from aclnet_plugin.utils.safe_pickle import safe_load

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'data' / 'hrnet_2d.py'
_spec = importlib.util.spec_from_file_location('hrnet_2d_tool', TOOL)
tool = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tool)

VIDEOS = 10
NAMES = [f'-id_{index}' for index in range(VIDEOS)]
SPLIT = dict(train=NAMES[:7], val=NAMES[7:])
PIPELINE = [dict(type='DecompressPose', squeeze=True)]


def keypoint_of(index):
    rng = np.random.default_rng(index)
    return (rng.random((4 + index, 17, 3)) * 200).astype(np.float16)


def line_of(index):
    number = 4 + index
    return dict(
        frame_dir=NAMES[index],
        label=index,
        img_shape=(256, 340),
        original_shape=(256, 340),
        total_frames=20,
        frame_inds=np.sort(np.arange(number) % 6).astype(np.int16),
        box_score=np.linspace(0.5, 1, number, dtype=np.float16),
        valid={0.5: 6, 0.6: 5, 0.7: 4, 0.8: 3, 0.9: 2},
        # Neighbours are in different files.
        raw_file=f'data/k400/kpfiles/part_{index % 3}.pkl',
    )


def dump(content, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(content, protocol=4))


@pytest.fixture
def table(tmp_path):
    path = tmp_path / 'k400_2d.pkl'
    lines = [line_of(index) for index in range(VIDEOS)]
    dump(dict(split=SPLIT, annotations=lines), path)
    return path


@pytest.fixture
def own_files(tmp_path):
    folder = tmp_path / 'skeletons' / 'kpfiles'
    for index, name in enumerate(NAMES):
        dump(dict(keypoint=keypoint_of(index)), folder / f'{name}.pkl')
    return folder


@pytest.fixture
def shared_files(tmp_path):
    folder = tmp_path / 'shared'
    for part in range(3):
        content = {
            NAMES[index]: dict(keypoint=keypoint_of(index))
            for index in range(part, VIDEOS, 3)
        }
        dump(content, folder / f'part_{part}.pkl')
    return folder


@pytest.fixture(autouse=True)
def small_data_set(monkeypatch):
    """The counts of the catalogue are those of the files made here."""
    counts = dict(train=7, val=3)
    for name in ('k400_2d', 'gym_2d'):
        entry = replace(PUBLIC[name], counts=counts, classes=VIDEOS)
        monkeypatch.setitem(PUBLIC, name, entry)


def run(table, out, *arguments):
    return tool.main([str(table), str(out), '--quiet', *map(str, arguments)])


def test_all_ways_give_the_same(table, own_files, shared_files, tmp_path):
    archives = []
    for folder in (own_files, shared_files):
        path = tmp_path / f'{folder.name}.zip'
        with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(folder.iterdir()):
                archive.write(file, f'inside/{file.name}')
        archives.append(path)
    sources = [own_files, own_files.parent, shared_files, *archives]
    for number, source in enumerate(sources):
        out = tmp_path / f'{number}.store'
        assert run(table, out, '--skeletons', source) == 0
        store = SkeletonStore(out)
        content = {sample['frame_dir']: sample for sample in store}
        assert len(store) == VIDEOS
        for index, name in enumerate(NAMES):
            expected = line_of(index)
            del expected['raw_file']
            sample = dict(content[name])
            np.testing.assert_array_equal(
                sample.pop('keypoint'), keypoint_of(index)
            )
            assert sample.keys() == expected.keys()
            for key, value in expected.items():
                np.testing.assert_array_equal(sample[key], value)
                assert type(sample[key]) in (type(value), np.memmap)
        for split, names in SPLIT.items():
            found = [store[p]['frame_dir'] for p in store.places(split)]
            assert sorted(found) == sorted(names)


def test_a_shared_file_is_read_once(
    table, shared_files, tmp_path, monkeypatch
):
    read = []
    original = tool.PickleFiles.load

    def load(self, name):
        read.append(name)
        return original(self, name)

    monkeypatch.setattr(tool.PickleFiles, 'load', load)
    run(table, tmp_path / 'out.store', '--skeletons', shared_files)
    assert sorted(read) == ['part_0.pkl', 'part_1.pkl', 'part_2.pkl']


def test_the_dataset_needs_nothing_else(table, own_files, tmp_path):
    out = tmp_path / 'k400_2d.store'
    run(table, out, '--skeletons', own_files)
    options = dict(split='val', pipeline=PIPELINE, box_thr=0.5)
    with DefaultScope.overwrite_default_scope('mmaction'):
        store = SkeletonDataset(str(out), **options)
        pickles = SkeletonDataset(
            str(table), data_prefix=dict(skeleton=str(own_files)), **options
        )
        assert len(store) == len(pickles) == 3
        for one, two in zip(store, pickles, strict=True):
            assert one['frame_dir'] == two['frame_dir']
            assert one['keypoint'].shape[2:] == (17, 2)
            for key in ('keypoint', 'keypoint_score'):
                np.testing.assert_array_equal(one[key], two[key])


@pytest.fixture
def gym(tmp_path):
    samples = []
    for index, name in enumerate(NAMES):
        rng = np.random.default_rng(index)
        samples.append(
            dict(
                frame_dir=name,
                label=index,
                img_shape=(720, 1280),
                original_shape=(720, 1280),
                total_frames=5,
                keypoint=rng.random((1, 5, 17, 2)).astype(np.float16),
                keypoint_score=rng.random((1, 5, 17)).astype(np.float16),
            )
        )
    path = tmp_path / 'gym_hrnet.pkl'
    dump(dict(split=SPLIT, annotations=samples), path)
    return path


def test_finegym(gym, tmp_path, capsys):
    names = tmp_path / 'names.txt'
    names.write_text('\n'.join(f'class {c}' for c in range(VIDEOS)))
    out = tmp_path / 'gym_2d.store'
    assert run(gym, out, '--classes', names) == 0
    text = capsys.readouterr().out
    assert '10 sequences' in text and 'train: 7 (complete: 7)' in text
    assert 'WARNING' not in text
    store = SkeletonStore(out)
    assert list(store.classes) == [f'class {c}' for c in range(VIDEOS)]
    for sample, expected in zip(
        store, safe_load(gym)['annotations'], strict=True
    ):
        np.testing.assert_array_equal(sample['keypoint'], expected['keypoint'])


def change(path, act):
    content = pickle.loads(path.read_bytes())
    act(content)
    dump(content, path)


def test_a_missing_file(table, own_files, tmp_path, capsys):
    (own_files / '-id_8.pkl').unlink()
    out = tmp_path / 'out.store'
    assert run(table, out, '--skeletons', own_files) == 1
    text = capsys.readouterr().err
    assert 'no -id_8.pkl and no part_2.pkl' in text and 'skip' in text
    assert not out.exists()
    arguments = ('--skeletons', own_files, '--on-error', 'skip')
    assert run(table, out, *arguments) == 0
    text = capsys.readouterr().out
    assert '9 sequences' in text and '1 skipped' in text
    assert 'val: 2 (complete: about 3)' in text
    assert 'WARNING: val has 2 sequences' in text
    assert "'-id_8'" in text


@pytest.mark.parametrize(
    ('content', 'words'),
    [
        ([1, 2], 'expected a dict with keypoint'),
        (dict(pose=0), 'expected a dict with keypoint'),
        (dict(keypoint=np.zeros((3, 17, 3))), '3 skeletons but 7 frame_inds'),
        (dict(keypoint=np.zeros((7, 18, 3))), '18 joints'),
        (
            dict(keypoint=np.full((7, 17, 3), np.nan)),
            'value nan at skeleton 0',
        ),
    ],
)
def test_bad_skeletons(table, own_files, tmp_path, capsys, content, words):
    dump(content, own_files / '-id_3.pkl')
    out = tmp_path / 'out.store'
    assert run(table, out, '--skeletons', own_files) == 1
    text = capsys.readouterr().err
    assert words in text and '-id_3' in text
    assert run(table, out, '--skeletons', own_files, '--on-error', 'skip') == 0
    assert len(SkeletonStore(out)) == VIDEOS - 1


def test_a_damaged_file(table, own_files, tmp_path, capsys):
    (own_files / '-id_3.pkl').write_bytes(b'\x80\x04')
    assert run(table, tmp_path / 'o.store', '--skeletons', own_files) == 1
    assert '-id_3.pkl' in capsys.readouterr().err


def test_a_video_that_a_shared_file_lacks(
    table, shared_files, tmp_path, capsys
):
    change(shared_files / 'part_2.pkl', lambda content: content.pop('-id_8'))
    assert run(table, tmp_path / 'o.store', '--skeletons', shared_files) == 1
    text = capsys.readouterr().err
    assert 'part_2.pkl: there is no sample' in text and '-id_8' in text


@pytest.mark.parametrize('content', [7, [7], [], 'text'])
def test_a_shared_file_of_another_kind(
    table, shared_files, tmp_path, capsys, content
):
    dump(content, shared_files / 'part_2.pkl')
    assert run(table, tmp_path / 'o.store', '--skeletons', shared_files) == 1
    assert 'part_2.pkl: there is no sample' in capsys.readouterr().err


def test_a_shared_file_may_be_a_list(table, shared_files, tmp_path):
    content = safe_load(shared_files / 'part_2.pkl')
    lines = [dict(frame_dir=name, **video) for name, video in content.items()]
    dump(lines, shared_files / 'part_2.pkl')
    out = tmp_path / 'o.store'
    assert run(table, out, '--skeletons', shared_files) == 0
    for sample in SkeletonStore(out):
        index = NAMES.index(sample['frame_dir'])
        np.testing.assert_array_equal(sample['keypoint'], keypoint_of(index))


def test_a_label_that_is_too_large(table, own_files, tmp_path, capsys):
    change(table, lambda t: t['annotations'][5].update(label=VIDEOS))
    assert run(table, tmp_path / 'o.store', '--skeletons', own_files) == 1
    text = capsys.readouterr().err
    assert '(number 5)' in text and f'{VIDEOS} classes' in text


def test_splits_that_name_nothing(table, own_files, tmp_path, capsys):
    change(table, lambda t: t['split'].update(val=['gone', *NAMES[7:]]))
    assert run(table, tmp_path / 'o.store', '--skeletons', own_files) == 0
    text = capsys.readouterr().out
    assert 'WARNING' in text and 'gone' in text


def test_counts_are_compared(gym, tmp_path, capsys):
    change(gym, lambda t: t['split'].pop('train'))
    change(gym, lambda t: t['split']['val'].pop())
    assert run(gym, tmp_path / 'o.store') == 0
    text = capsys.readouterr().out
    assert 'WARNING: there is no split train; expected 7' in text
    assert 'WARNING: val has 2 sequences where 3 are expected' in text


def test_skeletons_are_asked_for(table, gym, own_files, tmp_path, capsys):
    assert run(table, tmp_path / 'o.store') == 1
    assert '--skeletons' in capsys.readouterr().err
    assert run(gym, tmp_path / 'o.store', '--skeletons', own_files) == 1
    assert 'leave out' in capsys.readouterr().err


def test_interrupted(table, own_files, tmp_path, capsys, monkeypatch):
    out = tmp_path / 'o.store'
    run(table, out, '--skeletons', own_files)

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(tool, 'join', interrupt)
    more = ('--skeletons', own_files, '--overwrite')
    assert run(table, out, *more) == 1
    assert 'nothing was replaced' in capsys.readouterr().err
    assert len(SkeletonStore(out)) == VIDEOS


@pytest.mark.parametrize(
    ('source', 'out', 'words'),
    [
        ('other.pkl', 'o.store', 'say --dataset'),
        ('k400_2d.pkl', 'o.pkl', 'end with .store'),
        ('k400_2d.pkl', '.', 'end with .store'),
    ],
)
def test_a_wrong_command_line(table, tmp_path, capsys, source, out, words):
    with pytest.raises(SystemExit) as stop:
        run(tmp_path / source, tmp_path / out)
    assert stop.value.code == 2 and words in capsys.readouterr().err


def test_overwrites_only_when_told(table, own_files, tmp_path, capsys):
    out = tmp_path / 'o.store'
    run(table, out, '--skeletons', own_files)
    with pytest.raises(SystemExit):
        run(table, out, '--skeletons', own_files)
    assert '--overwrite' in capsys.readouterr().err


def test_nothing_to_read(table, tmp_path, capsys):
    nowhere = tmp_path / 'nowhere'
    assert run(table, tmp_path / 'o.store', '--skeletons', nowhere) == 1
    assert 'nowhere' in capsys.readouterr().err
    table.unlink()
    assert run(table, tmp_path / 'o.store') == 1
    assert 'k400_2d.pkl' in capsys.readouterr().err
