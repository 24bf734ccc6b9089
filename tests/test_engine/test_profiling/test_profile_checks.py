"""What is refused before anything is measured."""

import os

import pytest
from mmengine.config import Config

from aclnet_plugin.engine.profiling import (
    ProfileError,
    check_folder,
    check_launcher,
    use_amp,
)
from aclnet_plugin.engine.profiling.checks import check_config

NAMES = ('one.json', 'two.csv')


def config(**changes):
    loader = dict(batch_size=4, dataset=dict(type='SkeletonDataset'))
    parts = dict(
        model=dict(type='RecognizerGCN'),
        train_dataloader=loader,
        train_cfg=dict(max_epochs=1),
        optim_wrapper=dict(optimizer=dict(type='SGD')),
    )
    return Config(parts | changes)


@pytest.fixture
def launched(monkeypatch):
    """Sets what a launcher would, and nothing else."""

    def set_to(**variables):
        for name in list(os.environ):
            if name.startswith(('SLURM_', 'OMPI_', 'MASTER_')) or name in (
                *('RANK', 'WORLD_SIZE'),
            ):
                monkeypatch.delenv(name)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_to


def test_a_config_that_may_start():
    check_config(config())


@pytest.mark.parametrize(
    'changes, words',
    [
        (dict(model=None), 'the config has no model'),
        (dict(optim_wrapper='x'), "be a dict with an optimizer, got 'x'"),
        (dict(train_dataloader=[1]), 'train_dataloader of the config'),
        (
            dict(train_dataloader=dict(batch_size=4)),
            'train_dataloader.dataset of the config .*, got None',
        ),
    ],
)
def test_a_config_that_may_not(changes, words):
    with pytest.raises(ProfileError, match=words):
        check_config(config(**changes))


def test_mixed_precision_without_a_dict():
    with pytest.raises(ProfileError, match=r"optim_wrapper .* got 'x'"):
        use_amp(config(optim_wrapper='x'))


@pytest.mark.parametrize(
    'launcher, missing',
    [
        ('pytorch', 'started by torchrun, but RANK, WORLD_SIZE'),
        ('slurm', 'started by srun, but SLURM_PROCID'),
        ('mpi', 'started by mpirun, but OMPI_COMM_WORLD_LOCAL_RANK'),
    ],
)
def test_a_launcher_that_started_nothing(launched, launcher, missing):
    launched()
    with pytest.raises(ProfileError, match=missing):
        check_launcher(launcher)


def test_processes_that_do_not_know_each_other(launched):
    launched(RANK='0', WORLD_SIZE='2')
    with pytest.raises(ProfileError, match=r'one of 2 .* --launcher pytorch'):
        check_launcher('none')


def test_a_launcher_that_is_right(launched):
    launched()
    check_launcher('none')
    where = dict(MASTER_ADDR='localhost', MASTER_PORT='1')
    launched(RANK='0', WORLD_SIZE='1', **where)
    check_launcher('none')
    launched(RANK='0', WORLD_SIZE='2', **where)
    check_launcher('pytorch')


def test_a_folder_to_write_to(tmp_path):
    check_folder(tmp_path / 'new' / 'one', NAMES, overwrite=False)
    (tmp_path / 'other.txt').touch()
    check_folder(tmp_path, NAMES, overwrite=False)
    (tmp_path / 'two.csv').touch()
    with pytest.raises(ProfileError, match=r'two\.csv already; .*overw'):
        check_folder(tmp_path, NAMES, overwrite=False)
    check_folder(tmp_path, NAMES, overwrite=True)
    (tmp_path / 'one.json').mkdir()
    with pytest.raises(ProfileError, match=r'one\.json is a folder'):
        check_folder(tmp_path, NAMES, overwrite=True)


@pytest.mark.parametrize('below', ['', 'deeper'])
def test_a_file_is_no_folder(tmp_path, below):
    file = tmp_path / 'report'
    file.touch()
    with pytest.raises(ProfileError, match='report is a file; give a folder'):
        check_folder(file / below, NAMES, overwrite=True)
