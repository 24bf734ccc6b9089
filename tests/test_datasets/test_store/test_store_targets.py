"""Who may write where, while others read and write."""

import multiprocessing
import os
import pickle

import pytest

from aclnet_plugin.datasets import SkeletonDataset
from aclnet_plugin.datasets.store import (
    SkeletonStore,
    StoreWriter,
    write_store,
)
from aclnet_plugin.datasets.store import reader as reader_module
from aclnet_plugin.datasets.store import streams as streams_module


@pytest.fixture
def folder(tmp_path):
    return tmp_path / 'x.store'


def test_one_process_builds_a_store(samples, folder):
    write_store(samples, folder)
    with StoreWriter(folder, overwrite=True) as writer:
        writer.add(samples[0])
        with pytest.raises(FileExistsError, match='written by another proc'):
            write_store(samples[:2], folder, overwrite=True)
        writer.add(samples[1])
        writer.finish()
        # The next one may start before this one is left.
        other = StoreWriter(folder, overwrite=True)
    other.add(samples[2])
    other.finish()
    assert [one['frame_dir'] for one in SkeletonStore(folder)] == [
        'single_frame'
    ]
    assert [p.name for p in folder.parent.iterdir()] == ['x.store']


def test_what_appears_meanwhile_is_kept(samples, folder, tmp_path):
    write_store(samples, tmp_path / 'other.store')
    with pytest.raises(FileExistsError, match='exists; use overwrite'):
        with StoreWriter(folder) as writer:
            writer.add(samples[0])
            os.rename(tmp_path / 'other.store', folder)
            writer.finish()
    assert len(SkeletonStore(folder)) == 3


def test_what_a_killed_build_left_is_removed(samples, folder):
    partial = folder.with_name('x.store.partial')
    (partial / 'inner').mkdir(parents=True)
    (partial / 'extra.bin').write_bytes(b'x')
    write_store(samples, folder)
    assert len(list(folder.iterdir())) == 5 and not partial.exists()


def test_a_writer_is_used_once(samples, folder):
    writer = StoreWriter(folder)
    writer.add(samples[0])
    writer.finish()
    for again in (lambda: writer.add(samples[1]), writer.finish):
        with pytest.raises(RuntimeError, match='writer is closed'):
            again()
    writer.abandon()
    assert len(SkeletonStore(folder)) == 1


def test_nothing_follows_what_was_half_written(samples, folder, monkeypatch):
    writer = StoreWriter(folder)
    writer.add(samples[0])

    def broken(self, size):
        raise OSError('broken disk')

    monkeypatch.setattr(streams_module.Stream, 'align', broken)
    with pytest.raises(OSError, match='broken disk'):
        writer.add(samples[1])
    monkeypatch.undo()
    for again in (lambda: writer.add(samples[1]), writer.finish):
        with pytest.raises(RuntimeError, match='writer is closed'):
            again()
    assert not list(folder.parent.iterdir())


@pytest.mark.parametrize('removed', [False, True])
def test_replaced_while_it_is_opened(samples, folder, monkeypatch, removed):
    write_store(samples, folder)
    read = reader_module.read_header

    def slow(path):
        result = read(path)
        write_store(samples[:1], folder, overwrite=True)
        if removed:
            (folder / 'records.bin').unlink()
        return result

    monkeypatch.setattr(reader_module, 'read_header', slow)
    with pytest.raises(ValueError, match='replaced while it was opened'):
        SkeletonStore(folder)


def test_a_key_without_utf8(samples, folder):
    with pytest.raises(
        ValueError, match=r"'one' \(number 0\) has a '\\udcff'"
    ):
        write_store([samples[0] | {'\udcff': 1}], folder)


def _name_of_first(dataset, queue):
    queue.put(dataset[0]['frame_dir'])


def test_another_process_starts_in_another_folder(
    samples, folder, monkeypatch
):
    write_store(samples, folder)
    monkeypatch.chdir(folder.parent)
    dataset = SkeletonDataset('x.store/', pipeline=[])
    (folder.parent / 'elsewhere').mkdir()
    monkeypatch.chdir('elsewhere')
    assert pickle.loads(pickle.dumps(dataset))[1]['frame_dir'] == 'two'
    context = multiprocessing.get_context('spawn')
    queue = context.Queue()
    process = context.Process(target=_name_of_first, args=(dataset, queue))
    process.start()
    assert queue.get(timeout=120) == 'one'
    process.join()


def test_through_a_link_and_from_a_folder_that_is_read_only(samples, folder):
    write_store(samples, folder)
    link = folder.with_name('link.store')
    link.symlink_to(folder.name)
    write_store(samples[:2], link, overwrite=True)
    assert link.is_symlink() and len(SkeletonStore(folder)) == 2
    folder.chmod(0o555)
    try:
        assert len(SkeletonStore(link)) == 2
    finally:
        folder.chmod(0o755)
