"""Checkpoints: written whole, read as data only, found when moved."""

import os
import pickle
import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import mmengine.runner
import pytest
import torch
from mmengine.runner import CheckpointLoader, load_checkpoint

from aclnet_plugin.compat import apply
from aclnet_plugin.compat.checkpoint_files import (
    find_latest_checkpoint,
    save_checkpoint,
)


class Evil:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.fixture
def evil(tmp_path):
    """A checkpoint that would make the folder ``ran``."""
    path = tmp_path / 'evil.pth'
    torch.save({'state_dict': {}, 'x': Evil(tmp_path / 'ran')}, path)
    return path


@pytest.fixture
def server(tmp_path):
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    handler.log_message = lambda *_: None
    with ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f'http://127.0.0.1:{server.server_port}'
        server.shutdown()


@pytest.mark.parametrize('forbidden', [None, '1'])
def test_code_in_a_checkpoint_never_runs(
    evil, server, tmp_path, monkeypatch, forbidden
):
    """From disk and from the internet, whatever the environment says."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    if forbidden:
        monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', forbidden)
    before = dict(os.environ)
    for name in (str(evil), f'{server}/{evil.name}'):
        with pytest.raises(pickle.UnpicklingError, match='refused') as caught:
            CheckpointLoader.load_checkpoint(name, 'cpu')
        assert 'mkdir' in str(caught.value), 'names the global'
        assert name in str(caught.value), 'names the file'
    assert not (tmp_path / 'ran').exists()
    assert dict(os.environ) == before


def test_the_evil_one_is_evil(evil, tmp_path):
    torch.load(evil, weights_only=False)
    assert (tmp_path / 'ran').is_dir()


def test_weights_from_disk_and_internet(server, tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    model = torch.nn.Linear(2, 3)
    save_checkpoint({'state_dict': model.state_dict()}, tmp_path / 'fine.pth')
    for name in (str(tmp_path / 'fine.pth'), f'{server}/fine.pth'):
        other = torch.nn.Linear(2, 3)
        load_checkpoint(other, name)
        assert torch.equal(other.weight, model.weight)


@pytest.mark.parametrize('size', [0, 2, 500, -1])
def test_a_part_of_a_checkpoint(tmp_path, size):
    path = tmp_path / 'part.pth'
    save_checkpoint({'state_dict': {'a': torch.ones(1000)}}, str(path))
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(RuntimeError, match='not a complete checkpoint') as e:
        CheckpointLoader.load_checkpoint(str(path))
    assert 'part.pth' in str(e.value)


def test_a_failed_save_leaves_the_old_file(tmp_path):
    path = tmp_path / 'epoch_1.pth'
    save_checkpoint({'a': 1}, str(path))
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        save_checkpoint({'a': lambda: None}, str(path))
    assert torch.load(path) == {'a': 1}
    assert os.listdir(tmp_path) == ['epoch_1.pth']


def work_folder(path, names=('epoch_1.pth', 'epoch_2.pth'), last=None):
    path.mkdir()
    for age, name in enumerate(names):
        save_checkpoint({'name': name}, str(path / name))
        os.utime(path / name, (age, age))
    (path / 'last_checkpoint').write_text(last or str(path / names[-1]))
    return path


def test_finds_what_the_folder_names(tmp_path):
    folder = work_folder(tmp_path / 'w')
    (folder / 'last_checkpoint').write_text(str(folder / 'epoch_1.pth'))
    assert find_latest_checkpoint(str(folder)) == str(folder / 'epoch_1.pth')
    assert find_latest_checkpoint(str(tmp_path)) is None


def test_finds_the_checkpoint_of_a_folder_that_was_moved(tmp_path):
    work_folder(tmp_path / 'w')
    moved = tmp_path / 'with [brackets]'
    shutil.move(tmp_path / 'w', moved)
    assert find_latest_checkpoint(str(moved)) == str(moved / 'epoch_2.pth')


@pytest.mark.parametrize('last', ['', 'cut', None])
def test_falls_back_to_the_newest_complete_one(tmp_path, last):
    folder = work_folder(tmp_path / 'w')
    if last == '':
        (folder / 'last_checkpoint').write_text('')
        want = 'epoch_2.pth'
    elif last == 'cut':
        whole = (folder / 'epoch_2.pth').read_bytes()
        (folder / 'epoch_2.pth').write_bytes(whole[:300])
        want = 'epoch_1.pth'
    else:
        os.remove(folder / 'epoch_2.pth')
        want = 'epoch_1.pth'
    assert find_latest_checkpoint(str(folder)) == str(folder / want)


def test_a_copy_resumes_from_its_own_file(tmp_path):
    folder = work_folder(tmp_path / 'w')
    copy = shutil.copytree(folder, tmp_path / 'copy')
    assert find_latest_checkpoint(str(copy)) == str(copy / 'epoch_2.pth')


def test_the_name_tells_which_is_newer(tmp_path):
    """A copy may have changed the times."""
    found = ['epoch_10.pth', 'epoch_9.pth', 'best_acc_top1_epoch_11.pth']
    folder = work_folder(tmp_path / 'w', [*found, 'epoch_12.pth'])
    (folder / 'epoch_12.pth').write_bytes(b'')
    assert find_latest_checkpoint(str(folder)) == str(folder / found[0])


def test_looks_in_the_folder_of_the_checkpoints(tmp_path):
    """CheckpointHook(out_dir=...) keeps them elsewhere."""
    elsewhere = work_folder(tmp_path / 'out')
    last = elsewhere / 'epoch_2.pth'
    folder = work_folder(tmp_path / 'w', [], last=str(last))
    assert find_latest_checkpoint(str(folder)) == str(last)
    last.unlink()
    want = str(elsewhere / 'epoch_1.pth')
    assert find_latest_checkpoint(str(folder)) == want


def test_a_checkpoint_that_is_a_folder(tmp_path):
    """DeepSpeed writes such."""
    folder = work_folder(tmp_path / 'w')
    (folder / 'epoch_3.pth').mkdir()
    (folder / 'last_checkpoint').write_text(str(folder / 'epoch_3.pth'))
    assert find_latest_checkpoint(str(folder)) == str(folder / 'epoch_3.pth')


def test_nothing_complete_is_an_error_not_a_new_start(tmp_path):
    folder = work_folder(tmp_path / 'w', names=['epoch_1.pth'])
    (folder / 'epoch_1.pth').write_bytes(b'PK')
    with pytest.raises(RuntimeError, match=r'epoch_1\.pth.*without --resume'):
        find_latest_checkpoint(str(folder))


def test_is_applied_once():
    apply()
    first = CheckpointLoader.load_checkpoint
    apply()
    assert CheckpointLoader.load_checkpoint is first
    for module in (mmengine.runner, mmengine.runner.runner):
        assert module.save_checkpoint is save_checkpoint
        assert module.find_latest_checkpoint is find_latest_checkpoint
