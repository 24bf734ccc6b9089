"""Trainings on several processes: same state, and no hang when one dies."""

import json
import sys
import time

import pytest
import torch

from tests.processes import ROOT, run, run_well
from tests.test_engine.test_hooks.test_reproducibility_hook import AUGMENTED
from tests.training import tiny_config

pytestmark = pytest.mark.slow
# 16 samples, 6 a step: the last batch has 4, and 2 on each of two ranks.
TOTAL = 6


@pytest.fixture(scope='module')
def env(clean_env):
    return clean_env | {'PYTHONPATH': str(ROOT)}


@pytest.fixture(scope='module', params=['paper', 'release'])
def config_file(request, tiny_skeletons, tmp_path_factory):
    path = tmp_path_factory.mktemp(request.param) / 'tiny.py'
    config = tiny_config(tiny_skeletons, 'unused')
    config.pop('work_dir')
    config.custom_imports.imports.append('tests.training')
    config.custom_hooks.append(dict(type='FreezeNorm'))
    config.model.cls_head.behaviour = request.param
    if request.param == 'release':
        config.model.cls_head.confusion = dict(keep=0.5)
    config.train_dataloader.dataset.pipeline = AUGMENTED
    config.dump(path)
    return path


def train(config_file, work_dir, env, ranks, **options):
    options = {'train_dataloader.batch_size': TOTAL // ranks} | options
    settings = [f'{key}={value}' for key, value in options.items()]
    if ranks == 1:
        command = [sys.executable, 'tools/train.py', config_file]
    else:
        command = ['bash', 'tools/dist_train.sh', config_file, ranks]
    run_well(
        [
            *command,
            *('--work-dir', work_dir, '--resume'),
            *('--cfg-options', *settings),
        ],
        env,
    )


def state_of(work_dir):
    path = work_dir / 'epoch_4.pth'
    return torch.load(path, weights_only=True)['state_dict']


def losses_of(work_dir):
    """Contrastive losses by step; the last word counts."""
    steps = {}
    for log in sorted(work_dir.glob('*/vis_data/scalars.json')):
        for row in map(json.loads, log.read_text().splitlines()):
            if 'loss_inter' in row:
                steps[row['step']] = row['loss_inter'], row['loss_intra']
    return torch.tensor([steps[step] for step in sorted(steps)])


def test_any_number_of_processes_before_and_after_a_resume(
    config_file, env, tmp_path
):
    straight = tmp_path / '1'
    train(config_file, straight, env, 1)
    want, losses = state_of(straight), losses_of(straight)
    assert want['cls_head.affinity.families.member'].any()
    assert want['cls_head.affinity.confusion.counts'].sum() > 0
    assert losses.shape == (12, 2) and losses[-1].min() > 0
    for name, legs in {'2': [2], '2-1': [2, 1], '1-2': [1, 2]}.items():
        folder = tmp_path / name
        for leg, ranks in enumerate(legs, 1):
            last = leg == len(legs)
            epochs = 4 if last else 2
            train(
                config_file,
                folder,
                env,
                ranks,
                **{'train_cfg.max_epochs': epochs},
            )
        torch.testing.assert_close(
            losses_of(folder), losses, atol=1e-5, rtol=1e-5, msg=name
        )
        got = state_of(folder)
        for key, value in want.items():
            if value.is_floating_point():
                torch.testing.assert_close(
                    got[key], value, atol=1e-5, rtol=1e-5, msg=f'{name} {key}'
                )
            else:
                assert torch.equal(got[key], value), f'{name} {key}'


def test_ranks_killed_inside_an_epoch(tiny_skeletons, env, tmp_path):
    """Resumed to the last bit, batch norm's statistics included."""
    config = tiny_config(tiny_skeletons, 'unused')
    config.pop('work_dir')
    config.custom_imports.imports.append('tests.training')
    config.train_dataloader.dataset.pipeline = AUGMENTED
    config.default_hooks.checkpoint.update(interval=2, by_epoch=False)
    config.dump(tmp_path / 'tiny.py')
    config.custom_hooks.append(dict(type='DieOnRank', rank=1, step=5))
    config.dump(tmp_path / 'dying.py')
    train(tmp_path / 'tiny.py', tmp_path / 'straight', env, 2)
    with pytest.raises(AssertionError):
        train(tmp_path / 'dying.py', tmp_path / 'killed', env, 2)
    train(tmp_path / 'tiny.py', tmp_path / 'killed', env, 2)
    want, got = (
        torch.load(tmp_path / name / 'iter_12.pth', weights_only=True)
        for name in ('straight', 'killed')
    )
    for key, value in want['state_dict'].items():
        assert torch.equal(got['state_dict'][key], value), key
    assert torch.equal(
        losses_of(tmp_path / 'killed'), losses_of(tmp_path / 'straight')
    )


@pytest.mark.parametrize(('rank', 'fail'), [(1, False), (0, True)])
def test_a_rank_that_dies_ends_the_job(
    tiny_skeletons, env, tmp_path, rank, fail
):
    config = tiny_config(tiny_skeletons, tmp_path)
    config.custom_imports.imports.append('tests.training')
    config.custom_hooks.append(
        dict(type='DieOnRank', rank=rank, step=4, fail=fail)
    )
    config.dump(tmp_path / 'tiny.py')
    begun = time.monotonic()
    status, output = run(
        ['bash', 'tools/dist_train.sh', tmp_path / 'tiny.py', '2'],
        env,
        ROOT,
        timeout=120,
    )
    assert status != 0, output[-2000:]
    assert time.monotonic() - begun < 100
    if fail:
        assert 'this rank has had enough' in output
    last = (tmp_path / 'last_checkpoint').read_text()
    assert torch.load(last, weights_only=True)['meta']['epoch'] >= 1


def test_uneven_ranks_are_refused(tiny_skeletons, env, tmp_path):
    """15 samples on two ranks, dealt out without filling up."""
    config = tiny_config(tiny_skeletons, tmp_path)
    config.train_dataloader.sampler.round_up = False
    config.train_dataloader.dataset.indices = 15
    config.dump(tmp_path / 'tiny.py')
    status, output = run(
        ['bash', 'tools/dist_train.sh', tmp_path / 'tiny.py', '2'],
        env,
        ROOT,
        timeout=120,
    )
    assert status != 0
    assert 'different numbers of samples, [8, 7]' in output
    assert 'round_up=True' in output
