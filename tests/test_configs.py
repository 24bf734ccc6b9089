"""Every config resolves, fits together, builds, and takes a step."""

import re
from pathlib import Path

import pytest
import torch
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope

from aclnet_plugin.datasets.synthetic import generate_synthetic_skeletons
from aclnet_plugin.structures import get_layout
from aclnet_plugin.utils.safe_pickle import atomic_dump

FOLDER = Path(__file__).resolve().parents[1] / 'configs' / 'aclnet'
FILES = sorted(FOLDER.glob('*.py'))
STREAMS = {
    'joint': 'j',
    'bone': 'b',
    'kbone': 'k',
    'joint-motion': 'jm',
    'bone-motion': 'bm',
    'kbone-motion': 'km',
}


def innermost(dataset):
    while 'dataset' in dataset:
        dataset = dataset['dataset']
    return dataset


def stages(config):
    return {
        stage: innermost(config[f'{stage}_dataloader'].dataset)
        for stage in ('train', 'val', 'test')
    }


@pytest.fixture(scope='module')
def annotations(tmp_path_factory):
    """Synthetic skeletons of a layout, with every split name in use."""
    folder = tmp_path_factory.mktemp('annotations')

    def make(layout):
        path = folder / f'{layout}.pkl'
        if not path.exists():
            data = generate_synthetic_skeletons(
                num_classes=4, num_subjects=2, num_views=2, layout=layout
            )
            atomic_dump(data, path)
        return str(path)

    return make


def test_there_are_configs():
    assert len(FILES) >= 9


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_parts_fit_together(path):
    config = Config.fromfile(path)
    graph = get_layout(config.model.backbone.graph_cfg.layout)
    head = config.model.cls_head
    assert head.relation_dim == graph.num_joints**2
    assert MODELS.build(config.model.backbone).out_channels == head.in_channels
    words = re.search(r'_1xb\d+-(.+)-u(\d+)-(\d+)e_', path.stem)
    stream = STREAMS[words[1]]
    for stage, dataset in stages(config).items():
        assert dataset.stream == stream
        assert get_layout(dataset.layout) == graph
        assert dataset.split.endswith('train' if stage == 'train' else 'val')
    epochs = config.train_cfg.max_epochs
    assert [s.T_max for s in config.param_scheduler] == [epochs]
    assert epochs == int(words[3])
    assert config.clip_len == int(words[2])
    (hook,) = config.custom_hooks
    assert hook.count_begin + 1 == hook.begin < epochs
    assert config.find_unused_parameters
    assert config.custom_imports.imports == ['aclnet_plugin']


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_takes_a_training_and_a_test_step(path, annotations):
    config = Config.fromfile(path)
    init_default_scope('mmaction')
    # Narrow, for time; the widths were checked above.
    config.model.backbone.base_channels = 8
    stage_count = config.model.backbone.get('num_stages', 10)
    inflations = len(config.model.backbone.get('inflate_stages', (5, 8)))
    assert stage_count > inflations
    config.model.cls_head.in_channels = 8 * 2**inflations
    model = MODELS.build(config.model)
    batches = {}
    for stage, dataset in stages(config).items():
        dataset.ann_file = annotations(dataset.layout)
        built = DATASETS.build(dataset)
        batches[stage] = pseudo_collate([built[0], built[1]])
    wrapper = build_optim_wrapper(model, config.optim_wrapper)
    model.train()
    model.cls_head.affinity.set_epoch(
        config.train_cfg.max_epochs, counting=True, scoring=True, rebuild=True
    )
    losses = model.train_step(batches['train'], wrapper)
    assert torch.isfinite(losses['loss'])
    assert {'loss_cls', 'loss_inter', 'loss_intra'} <= set(losses)
    model.eval()
    for stage in ('val', 'test'):
        with torch.no_grad():
            (sample, _) = model.val_step(batches[stage])
        assert sample.pred_score.sum().item() == pytest.approx(1, abs=1e-4)


def test_release_schedule():
    """Spec section 5, on the config that the others follow."""
    config = Config.fromfile(
        FOLDER / 'aclnet_1xb16-joint-u100-150e_ntu60-xsub-keypoint-3d.py'
    )
    assert config.optim_wrapper.optimizer == dict(
        type='SGD', lr=0.025, momentum=0.9, weight_decay=5e-4, nesterov=True
    )
    assert config.train_cfg.max_epochs == 150
    assert config.train_dataloader.batch_size == 16
    (hook,) = config.custom_hooks
    assert (hook.count_begin, hook.begin) == (29, 30), '30 and 31, 1-based'
    head = MODELS.build(config.model.cls_head)
    assert head.loss_inter.loss_weight == head.loss_intra.loss_weight == 0.1
    assert head.affinity.bank.size == 512
    assert head.affinity.families.top_k == 10
    assert head.affinity.families.overlap_threshold == 4
    total = sum(p.numel() for p in MODELS.build(config.model).parameters())
    assert total == 4_049_308, 'spec 2.6, NTU60'
