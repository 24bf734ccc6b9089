"""The gait quickstart config through the Runner, in a tiny form."""

import math
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from aclnet_plugin.datasets.synthetic_gait import generate_synthetic_gait
from aclnet_plugin.models import ACLHead
from aclnet_plugin.utils.safe_pickle import atomic_dump
from tests.training import Recorder, build_runner

ROOT = Path(__file__).resolve().parents[1]
VIEWS = range(0, 181, 18)
SETS = ('NM', 'BG', 'CL')
PERSONS = 6


@pytest.fixture(scope='module')
def walks(tmp_path_factory):
    """Ten persons, six of them to train on, in all views of CASIA-B."""
    path = tmp_path_factory.mktemp('walks') / 'gait.pkl'
    # Four walks are the gallery, one of each condition a probe.
    content = generate_synthetic_gait(10, walks=(5, 1, 1), num_frames=(61, 62))
    assert len({s[:3] for s in content['split']['train']}) == PERSONS
    atomic_dump(content, path)
    return path


def tiny_quickstart(walks, work_dir):
    """Two epochs; the inter loss acts in the second one."""
    (path,) = (ROOT / 'configs' / 'gait').glob('*quickstart*.py')
    config = Config.fromfile(path)
    loader = dict(num_workers=0, persistent_workers=False)
    data = dict(ann_file=str(walks))
    config.merge_from_dict(
        dict(
            work_dir=str(work_dir),
            log_level='WARNING',
            model=dict(
                backbone=dict(
                    base_channels=8,
                    num_stages=2,
                    inflate_stages=(2,),
                    down_stages=(2,),
                ),
                cls_head=dict(
                    num_classes=PERSONS,
                    in_channels=16,
                    bank_size=32,
                    families=dict(top_k=2, overlap_threshold=1),
                ),
            ),
            # Walks of two views are enough to train.
            train_dataloader=dict(
                loader,
                batch_size=16,
                dataset=dict(data, views=[0, 90]),
            ),
            val_dataloader=dict(loader, dataset=data),
            test_dataloader=dict(loader, dataset=data),
            train_cfg=dict(max_epochs=2, val_interval=2),
        )
    )
    config.val_evaluator = [dict(type='GaitRankMetric')]
    config.custom_hooks = [
        dict(type='ConfusionStatisticsHook', count_begin=0, begin=1)
    ]
    return config


def test_trains_with_all_losses_and_reports_every_value(walks, tmp_path):
    runner = build_runner(tiny_quickstart(walks, tmp_path), 'gait')
    assert isinstance(runner.model.cls_head, ACLHead)
    recorder = Recorder()
    runner.register_hook(recorder)
    runner.train()
    steps = len(runner.train_dataloader)
    assert len(recorder.losses) == 2 * steps and steps > 2
    first, second = recorder.losses[:steps], recorder.losses[steps:]
    assert all(one['loss_inter'] == 0 for one in first)
    for key in ('loss_cls', 'loss_inter', 'loss_intra'):
        assert all(one[key] != 0 for one in second), key
        assert all(math.isfinite(one[key]) for one in second), key
    assert runner.model.cls_head.affinity.confusion.counts.sum() > 0
    # A value for each set of probes, for each view, and in all.
    found = {
        key: value.current()
        for key, value in runner.message_hub.log_scalars.items()
        if key.startswith('val/gait/')
    }
    wanted = {f'val/gait/{name}_rank1' for name in (*SETS, 'mean')}
    wanted |= {
        f'val/gait/{name}_rank1_v{view:03d}' for name in SETS for view in VIEWS
    }
    assert wanted <= set(found)
    assert all(0 <= found[key] <= 100 for key in wanted)
    (best,) = tmp_path.glob('best_gait_mean_rank1_epoch_2.pth')
    state = torch.load(best, weights_only=True)['state_dict']
    assert state['cls_head.affinity.epoch'] == 2


@pytest.mark.slow
def test_knows_persons_it_has_not_seen(walks, tmp_path):
    """Four test persons, chance 25 %; in two views, for time."""
    config = tiny_quickstart(walks, tmp_path)
    config.val_evaluator = [dict(type='GaitRankMetric', views=(0, 90))]
    for stage in ('val', 'test'):
        config[f'{stage}_dataloader'].dataset.views = [0, 90]
    config.train_cfg = dict(by_epoch=True, max_epochs=12, val_interval=12)
    config.param_scheduler[0].T_max = 12
    runner = build_runner(config, 'gait_learns')
    runner.train()
    metrics = runner.val()
    assert metrics['gait/mean_rank1'] > 1.5 * 25, metrics
