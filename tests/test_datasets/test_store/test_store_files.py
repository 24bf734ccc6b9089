"""Stores as a whole: round trip, refusals, interruption."""

import errno
import json
import multiprocessing
import pickle
import re

import numpy as np
import pytest

from aclnet_plugin.datasets.store import (
    SkeletonStore,
    StoreWriter,
    is_store,
    verify_store,
    write_annotations,
    write_store,
)
from aclnet_plugin.datasets.store import streams as streams_module
from aclnet_plugin.utils.safe_pickle import safe_load
from tests.test_datasets.equality import same


@pytest.fixture
def content(samples, sample):
    samples[0].update(img_shape=(4, 5), valid={0.5: 3, 0.7: 1}, note=None)
    samples[1].update(label=np.int64(1), total_frames=np.int32(30))
    samples[2].update(extra=[1, ('a', {'b': np.ones((2, 2))})])
    flat = sample('größe', joints=17, channels=2)
    flat['keypoint'] = np.asfortranarray(flat['keypoint'])
    flat['keypoint_score'] = np.ones((1, 4, 17), np.float32)
    listed = dict(
        label=[0, 2],
        filename=7,
        total_frames=4,
        keypoint=np.ones((6, 17, 3), np.float32),
        frame_inds=np.array([0, 0, 1, 2, 2, 3], np.int16),
        box_score=np.full(6, 0.5, np.float64),
    )
    return dict(
        split={
            'val': ['two', 'gone', 'two', 'one'],
            'train': ('größe', 7, 'single_frame'),
            'array': np.array(['one', 'two']),
            'empty': [],
            'lost': ['gone'],
            3: ['one'],
        },
        made_on='a day',
        annotations=[*samples, flat, listed],
        classes=['a', 'b', 'c'],
        table=np.arange(4.0).reshape(2, 2),
    )


@pytest.fixture
def folder(tmp_path):
    return tmp_path / 'x.store'


def test_round_trip(content, folder, tmp_path):
    write_store(content, folder)
    store = SkeletonStore(folder)
    assert same(store.to_content(), content)
    for index, sample in enumerate(content['annotations']):
        assert same(store[index], sample)
        assert same(store[index - 5], sample)
    assert len(store) == len(list(store)) == verify_store(folder) == 5
    assert store.classes == ['a', 'b', 'c']
    write_annotations(store.to_content(), tmp_path / 'back.pkl')
    assert same(safe_load(tmp_path / 'back.pkl'), content)


@pytest.mark.parametrize('kind', [list, tuple])
def test_round_trip_of_a_bare_list(samples, folder, kind):
    write_store(kind(samples), folder)
    assert same(SkeletonStore(folder).to_content(), samples)
    write_store(dict(annotations=kind(samples)), folder, overwrite=True)
    back = SkeletonStore(folder).to_content()
    assert same(back, dict(annotations=kind(samples)))


def test_places_of_splits(content, folder):
    write_store(content, folder)
    store = SkeletonStore(folder)
    assert store.splits == ['val', 'train', 'array', 'empty', 'lost']
    assert store.places('val').tolist() == [0, 1]
    assert store.places('train').tolist() == [2, 3, 4]
    assert store.places('array').tolist() == [0, 1]
    assert store.places() == range(5)
    absent, repeated = store.warnings('val')
    assert absent.startswith(f'{folder}: 1 of the 3 samples')
    assert "more than once ('two')" in repeated
    for split, message in (
        ('empty', "the split 'empty' is empty"),
        ('lost', 'none of which is annotated'),
        ('other', "no split 'other'; available: ['array', 'empty'"),
    ):
        with pytest.raises(ValueError, match=re.escape(message)) as caught:
            store.places(split)
        assert str(caught.value).startswith(str(folder))


def test_probes_show_every_kind_and_the_largest_label(sample, folder):
    joints = [25, 25, 20, 25, 20, 25]
    labels = [1, 2, 0, 7, 3, 7]
    samples = [
        sample(f'{at}', label, joints=number)
        for at, (label, number) in enumerate(zip(labels, joints, strict=True))
    ]
    split = dict(last=['4', '5'], first=['0', '1'])
    write_store(dict(annotations=samples, split=split), folder)
    store = SkeletonStore(folder)
    assert store.probes_of(None) == [0, 2, 3]
    assert store.probes_of('last') == [4, 5]
    assert store.probes_of('first') == [0, 1]


def test_the_file_cannot_be_written_through_a_sample(samples, folder):
    write_store(samples, folder)
    pose = SkeletonStore(folder)[1]['keypoint']
    with pytest.raises(ValueError, match='read-only'):
        pose[:] = 0
    with pytest.raises(ValueError):
        pose.flags.writeable = True


def test_a_copy_for_another_process_is_small(samples, folder, tmp_path):
    write_store(samples, folder)
    store = SkeletonStore(folder)
    sent = pickle.dumps(store)
    assert len(sent) < 1000
    assert same(pickle.loads(sent)[1], store[1])
    write_store(samples[1:], folder, overwrite=True)
    with pytest.raises(ValueError, match='replaced while it was in use'):
        pickle.loads(sent)
    # Who has it open keeps what was there.
    assert same(store[2], samples[2])


def test_streaming_writer(samples, folder):
    broken = dict(samples[1], frame_dir='broken', label=-1)
    with StoreWriter(folder) as writer:
        writer.add(samples[0])
        for bad, message in (
            (broken, "'broken' .number 1. has the negative label"),
            (samples[0], "'one' is there twice, as number 0 and number 1"),
            ([1], 'number 1 is a list'),
            ({1: 2}, 'number 1 is a dict'),
            (samples[1] | dict(q=object()), "'two'.*has a 'q' that holds"),
            (dict(frame_dir='n', label=0), 'has no keypoint'),
        ):
            with pytest.raises(ValueError, match=message):
                writer.add(bad)
        writer.add(samples[1])
        assert not folder.exists()
        writer.finish(split=dict(a=['two']), classes=['x', 'y'], note=(1,))
    expected = dict(
        annotations=samples[:2],
        split=dict(a=['two']),
        classes=['x', 'y'],
        note=(1,),
    )
    assert same(SkeletonStore(folder).to_content(), expected)
    assert verify_store(folder) == 2


def test_an_unfinished_writer_leaves_nothing(samples, folder):
    with pytest.raises(KeyError), StoreWriter(folder) as writer:
        writer.add(samples[0])
        raise KeyError
    with pytest.raises(RuntimeError, match='call finish'):
        with StoreWriter(folder) as writer:
            writer.add(samples[0])
    with pytest.raises(ValueError, match='no annotations'):
        with StoreWriter(folder) as writer:
            writer.finish()
    assert not list(folder.parent.iterdir())


@pytest.mark.parametrize(
    ('rest', 'message'),
    [
        (dict(split=[1]), 'as "split"; it must be a dict'),
        (dict(classes='ab'), '"classes"'),
        (dict(other=print), 'a.pkl holds a builtin_function_or_method'),
    ],
)
def test_wrong_content(samples, folder, rest, message):
    with pytest.raises(ValueError, match=message) as caught:
        write_store(dict(annotations=samples) | rest, folder, origin='a.pkl')
    assert 'a.pkl' in str(caught.value)
    assert not list(folder.parent.iterdir())


def test_targets(samples, folder, tmp_path):
    with pytest.raises(ValueError, match=r'ends with \.store'):
        write_store(samples, tmp_path / 'x')
    for name in ('x.json', 'x'):
        with pytest.raises(ValueError, match=r'\.pkl .* or \.store'):
            write_annotations(samples, tmp_path / name)
    write_annotations(samples, folder)
    write_annotations(samples, tmp_path / 'x.pkl')
    for path in (folder, tmp_path / 'x.pkl'):
        with pytest.raises(FileExistsError, match='exists; use overwrite'):
            write_annotations(samples, path)
        write_annotations(samples[:2], path, overwrite=True)
    assert len(SkeletonStore(folder)) == 2
    assert len(safe_load(tmp_path / 'x.pkl')) == 2
    other = tmp_path / 'other.store'
    other.mkdir()
    (other / 'mine.txt').write_text('keep')
    with pytest.raises(FileExistsError, match='is no store'):
        write_store(samples, other, overwrite=True)
    assert (other / 'mine.txt').exists()
    assert {p.name for p in tmp_path.iterdir()} == {
        'other.store', 'x.pkl', 'x.store',
    }  # fmt: skip


def test_what_means_a_store(folder, tmp_path):
    assert is_store('a/b.store') and is_store('b.store/', 'a')
    assert is_store(folder) and is_store(tmp_path.name, str(tmp_path.parent))
    assert not any(map(is_store, ('', None, 'a.pkl', 3)))


def test_other_precision(samples, folder):
    samples[0]['keypoint'] = samples[0]['keypoint'].astype(np.float32) + 1e-4
    write_store(samples, folder, dtype='float16')
    for sample, stored in zip(samples, SkeletonStore(folder), strict=True):
        expected = sample['keypoint'].astype(np.float16)
        assert same(stored['keypoint'], expected)
    samples[0]['keypoint'] *= 1e5
    with pytest.raises(ValueError, match='overflows'):
        write_store(samples, folder, overwrite=True, dtype='float16')
    with pytest.raises(ValueError, match='float16, float32'):
        write_store(samples, folder, overwrite=True, dtype='int8')
    assert len(SkeletonStore(folder)) == 3


FILES = ['arrays.bin', 'records.bin', 'index.bin', 'places.bin']


@pytest.mark.parametrize('name', [*FILES, 'header.json'])
def test_cut_short(content, folder, name):
    write_store(content, folder)
    path = folder / name
    path.write_bytes(path.read_bytes()[:-1] if name in FILES else b'{"a')
    with pytest.raises(ValueError, match='cut short') as caught:
        SkeletonStore(folder)
    assert name in str(caught.value) and 'build_store.py' in str(caught.value)


@pytest.mark.parametrize('name', FILES)
def test_missing_file(content, folder, name):
    write_store(content, folder)
    (folder / name).unlink()
    with pytest.raises(ValueError, match=f'{name} is missing'):
        SkeletonStore(folder)


@pytest.mark.parametrize('name', FILES)
def test_changed_bytes_are_found(content, folder, name):
    write_store(content, folder)
    path = folder / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match=f'{name} has changed'):
        verify_store(folder)


def test_damaged_record(content, folder):
    write_store(content, folder)
    path = folder / 'records.bin'
    path.write_bytes(b'[' + path.read_bytes()[1:])
    with pytest.raises(ValueError, match=r'number 0 is damaged.*--verify'):
        SkeletonStore(folder)[0]
    path = folder / 'index.bin'
    path.write_bytes(b'\x7f' * path.stat().st_size)
    for row in range(5):
        with pytest.raises(ValueError, match='is damaged'):
            SkeletonStore(folder)[row]


def test_other_version_header_and_place(content, folder, tmp_path):
    write_store(content, folder)
    path = folder / 'header.json'
    header = json.loads(path.read_text())
    for change, message in (
        (dict(version=2), 'version 2; this release reads version 1'),
        (dict(checksum='0'), 'checksum does not fit'),
        (dict(body=header['body'] | dict(sequences=3)), 'checksum'),
        (dict(body=None), 'checksum'),
        (dict(format='x'), 'not the header of a store'),
    ):
        path.write_text(json.dumps(header | change))
        with pytest.raises(ValueError, match=message):
            SkeletonStore(folder)
    path.unlink()
    with pytest.raises(ValueError, match=r'no store: it has no header\.json'):
        SkeletonStore(folder)
    with pytest.raises(FileNotFoundError, match=r'tools/data/build_store\.py'):
        SkeletonStore(tmp_path / 'none.store')
    with pytest.raises(ValueError, match='no local folder'):
        SkeletonStore('s3://bucket/x.store')
    with pytest.raises(IndexError, match='no sequence number 5'):
        write_store(content, tmp_path / 'y.store')
        SkeletonStore(tmp_path / 'y.store')[5]


def _write_until_killed(samples, folder):
    def endless(items, description, total):
        yield from items
        while True:
            pass

    write_store(samples, folder, overwrite=True, track=endless)


def test_a_killed_build_leaves_no_store(samples, folder):
    context = multiprocessing.get_context('fork')
    write_store(samples, folder)
    process = context.Process(
        target=_write_until_killed, args=(samples[:1], folder)
    )
    process.start()
    partial = folder.with_name('x.store.partial')
    while not partial.is_dir() or len(list(partial.iterdir())) < 4:
        assert process.is_alive()
    process.kill()
    process.join()
    with pytest.raises(ValueError, match='making was interrupted'):
        SkeletonStore(partial)
    assert len(SkeletonStore(folder)) == 3
    write_store(samples[:2], folder, overwrite=True)
    assert len(SkeletonStore(folder)) == 2
    assert not partial.exists()


def test_killed_between_the_renames(samples, folder):
    write_store(samples, folder)
    old = folder.rename(folder.with_name('x.store.replaced'))
    with pytest.raises(FileNotFoundError, match=r'x\.store\.replaced'):
        SkeletonStore(folder)
    write_store(samples[:1], folder)
    assert len(SkeletonStore(folder)) == 1
    assert not old.exists()


def test_full_disk(samples, folder, monkeypatch):
    write_store(samples, folder)

    def full(self, data):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(streams_module.Stream, 'write', full)
    with pytest.raises(OSError, match='Make room') as caught:
        write_store(samples[:1], folder, overwrite=True)
    assert 'Nothing was replaced' in str(caught.value)
    assert [p.name for p in folder.parent.iterdir()] == ['x.store']
    assert len(SkeletonStore(folder)) == 3
