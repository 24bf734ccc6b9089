"""A training that gathers every three steps is resumed to the last bit."""

import pytest
import torch

from tests.processes import ROOT
from tests.test_engine.test_hooks.test_reproducibility_hook import AUGMENTED
from tests.test_ranks import losses_of, train
from tests.training import tiny_config

pytestmark = pytest.mark.slow


def test_two_ranks_killed_while_batches_wait(
    tiny_skeletons, clean_env, tmp_path
):
    """Eight steps an epoch, gathers at 3, 5 (saved), 8; 10 (saved), 13, ...

    The ranks die in step 13, when two batches wait, and go on from step 10,
    the second of its epoch.
    """
    env = clean_env | {'PYTHONPATH': str(ROOT)}
    config = tiny_config(tiny_skeletons, 'unused')
    config.pop('work_dir')
    config.custom_imports.imports.append('tests.training')
    config.model.cls_head.gather_interval = 3
    config.train_dataloader.dataset.pipeline = AUGMENTED
    config.default_hooks.checkpoint.update(interval=5, by_epoch=False)
    config.dump(tmp_path / 'tiny.py')
    config.custom_hooks.append(dict(type='DieOnRank', rank=1, step=12))
    config.dump(tmp_path / 'dying.py')
    small = {'train_dataloader.batch_size': 1}
    train(tmp_path / 'tiny.py', tmp_path / 'straight', env, 2, **small)
    killed = tmp_path / 'killed'
    with pytest.raises(AssertionError):
        train(tmp_path / 'dying.py', killed, env, 2, **small)
    assert (killed / 'last_checkpoint').read_text().endswith('iter_10.pth')
    train(tmp_path / 'tiny.py', killed, env, 2, **small)
    for name in ('iter_10.pth', 'iter_32.pth'):
        want, got = (
            torch.load(folder / name, weights_only=True)['state_dict']
            for folder in (tmp_path / 'straight', killed)
        )
        for key, value in want.items():
            assert torch.equal(got[key], value), f'{name} {key}'
    assert want['cls_head.affinity.confusion.counts'].sum() == 3 * 16
    assert want['cls_head.affinity.families.member'].any()
    losses = losses_of(tmp_path / 'straight')
    assert losses.shape == (32, 2) and losses[-1].min() > 0
    assert torch.equal(losses_of(killed), losses)
