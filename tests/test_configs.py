"""Every config resolves, fits together, builds, and takes a step.

The configs of the paper's data sets are compared with ``data/settings.csv``,
which was written from the method's specification and not from the configs.
"""

import functools
import json
import pickle
import re
from pathlib import Path

import pytest
import torch
from mmaction.registry import DATASETS, MODELS
from mmengine.config import DictAction
from mmengine.dataset import pseudo_collate
from mmengine.evaluator import Evaluator
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope

import aclnet_plugin  # noqa: F401  (registers the classes)
from aclnet_plugin.analysis.comparison.fairness import grouped_differences
from aclnet_plugin.datasets.store import write_annotations
from aclnet_plugin.structures import get_layout
from aclnet_plugin.utils.safe_pickle import atomic_dump
from tests.settings import (
    CONFIGS,
    STREAMS,
    in_full,
    load_config,
    made_up_annotations,
    read_settings,
    stages,
)

FILES = sorted(CONFIGS.glob('*.py'))
SETTINGS = read_settings()
every_config = pytest.mark.parametrize('path', FILES, ids=lambda p: p.stem)
every_setting = pytest.mark.parametrize('row', SETTINGS, ids=lambda r: r.name)


@pytest.fixture(autouse=True)
def mmaction_scope():
    with DefaultScope.overwrite_default_scope('mmaction'):
        yield


@pytest.fixture(scope='module')
def annotations(tmp_path_factory):
    """Made-up annotations that fit a dataset."""
    folder = tmp_path_factory.mktemp('annotations')

    def make(dataset):
        # As the config wants them: a pickle or a store.
        kind = Path(dataset.ann_file).suffix
        listed = dataset.pipeline[0].type == 'DecompressPose'
        path = folder / f'{dataset.layout}_{listed}{kind}'
        if not path.exists():
            content = made_up_annotations(dataset.layout, listed)
            write_annotations(content, path)
        return str(path)

    return make


@functools.cache
def parameters_of(model):
    """Number of parameters of a model, given as the text of its config."""
    built = MODELS.build(json.loads(model))
    return sum(p.numel() for p in built.parameters())


# --- all configs ----------------------------------------------------------


def widths_of(backbone, joints):
    """Channels of the features, and length of the relation vector if any."""
    if backbone.type == 'ACLGCN':
        return MODELS.build(backbone).out_channels, joints**2
    with torch.no_grad():
        found = MODELS.build(backbone).eval()(torch.ones(1, 1, 4, joints, 3))
    if isinstance(found, tuple):
        return found[0].shape[2], found[1].shape[1]
    return found.shape[2], None


@every_config
def test_parts_fit_together(path):
    config = load_config(path)
    graph = get_layout(config.model.backbone.graph_cfg.layout)
    head = config.model.cls_head
    widths = widths_of(config.model.backbone, graph.num_joints)
    assert widths == (head.in_channels, head.relation_dim)
    words = re.search(r'_1xb(\d+)-(.+)-u(\d+)-(\d+)e_', path.stem)
    for stage, dataset in stages(config).items():
        assert dataset.stream == STREAMS[words[2]]
        layout = get_layout(dataset.layout)
        # The stock backbones take a dict of these three alone.
        assert layout.to_graph_dict() == graph.to_graph_dict()
        assert dataset.split.endswith('train' if stage == 'train' else 'val')
        sampler = config[f'{stage}_dataloader'].sampler
        assert sampler == dict(type='DefaultSampler', shuffle=stage == 'train')
        clips = [s.clip_len for s in dataset.pipeline if 'clip_len' in s]
        assert clips == [config.clip_len]
    assert config.train_dataloader.batch_size == int(words[1])
    epochs = config.train_cfg.max_epochs
    assert [s.T_max for s in config.param_scheduler] == [epochs]
    assert epochs == int(words[4])
    assert config.clip_len == int(words[3])
    (hook,) = config.custom_hooks
    assert hook.count_begin + 1 == hook.begin < epochs
    assert config.find_unused_parameters
    assert config.custom_imports.imports == ['aclnet_plugin']


@every_config
def test_named_parts_are_those_in_use(path):
    """A leaf that builds on a part must not meet a stale one."""
    config = load_config(path)
    for stage, dataset in stages(config).items():
        assert dataset.ann_file == config.ann_file
        used = in_full(dataset.pipeline)
        if stage != 'val' or 'val_pipeline' in config:
            assert in_full(config[f'{stage}_pipeline']) == used
        if stage == 'train':
            first = in_full(config.pre_transform)
            last = in_full(config.last_transform)
            assert used[: len(first)] == first
            assert used[-len(last) :] == last
            assert len(used) - len(first) - len(last) in (0, 1)


def narrow(model):
    """Three narrow stages of the same kind; the widths are checked above."""
    model.backbone.update(
        base_channels=8,
        num_stages=3,
        inflate_stages=(2, 3),
        down_stages=(2, 3),
    )
    model.cls_head.in_channels = 32
    return model


@every_config
def test_takes_a_training_and_a_test_step(path, annotations, tmp_path):
    config = load_config(path)
    model = MODELS.build(narrow(config.model))
    batches = {}
    for stage, dataset in stages(config).items():
        dataset.ann_file = annotations(dataset)
        # For time: the host collects garbage when it serialises.
        dataset.serialize_data = False
        built = DATASETS.build(dataset)
        # Batch norm takes two; a test goes through one sequence at a time.
        several = [built[0], built[1]] if stage == 'train' else [built[0]]
        batches[stage] = pseudo_collate(several)
    wrapper = build_optim_wrapper(model, config.optim_wrapper)
    before = {k: v.clone() for k, v in model.named_parameters()}
    model.train()
    model.cls_head.affinity.set_epoch(
        config.train_cfg.max_epochs, counting=True, scoring=True, rebuild=True
    )
    losses = model.train_step(batches['train'], wrapper)
    assert torch.isfinite(losses['loss'])
    assert {'loss_cls', 'loss_inter', 'loss_intra'} <= set(losses)
    assert any((v != before[k]).any() for k, v in model.named_parameters())
    model.eval()
    for stage in ('val', 'test'):
        with torch.no_grad():
            (sample,) = model.val_step(batches[stage])
        assert sample.pred_score.sum().item() == pytest.approx(1, abs=1e-4)
        # As tools/test.py --dump does; streams are fused by name.
        dump = dict(type='DumpResults', out_file_path=str(tmp_path / 'd.pkl'))
        judge = Evaluator([*config[f'{stage}_evaluator'], dump])
        judge.process(data_samples=[sample])
        assert config.default_hooks.checkpoint.save_best in judge.evaluate(1)
        (dumped,) = pickle.loads((tmp_path / 'd.pkl').read_bytes())
        assert dumped['frame_dir'] == 'sample_2'
        assert torch.equal(dumped['pred_score'], sample.pred_score)


# --- other backbones --------------------------------------------------------


@pytest.mark.parametrize(
    'name', ['stgcn', 'stgcnpp', 'aagcn', 'ctrgcn', 'msg3d']
)
def test_another_backbone_is_the_only_difference(name):
    """Or a comparison of them would not be one."""
    (one,), (other,) = (
        CONFIGS.glob(f'{start}_1xb16-joint-u52-*nw-ucla-*.py')
        for start in ('aclnet', f'aclnet-{name}')
    )
    found = grouped_differences(load_config(one), load_config(other))
    assert set(found) == {'backbone'}
    assert any('model.backbone.type' in line for line in found['backbone'])


def test_the_pooled_feature_instead_of_a_topology():
    """As the config's comment says."""
    (path,) = CONFIGS.glob('aclnet-ctrgcn_*.py')
    config = load_config(path)
    found = re.findall(r'(model\.\S+)=(\S+)', path.read_text())
    parsed = {k: DictAction._parse_iterable(text) for k, text in found}
    assert len(parsed) == 2
    config.merge_from_dict(parsed)
    model = MODELS.build(config.model)
    clips = torch.ones(1, 1, 4, 20, 3)
    with torch.no_grad():
        assert torch.is_tensor(model.backbone.eval()(clips))
    assert model.cls_head.relation_dim == model.cls_head.in_channels


# --- the settings of the paper --------------------------------------------


def test_every_setting_has_its_six_streams():
    assert len(SETTINGS) == len({row.name for row in SETTINGS}) == 48
    streams = {}
    for row in SETTINGS:
        streams.setdefault(row.setting, []).append(row.stream)
    assert len(streams) == 8
    assert all(found == list(STREAMS) for found in streams.values())
    # Ours beyond the paper.
    others = {path.stem for path in FILES} - {row.name for row in SETTINGS}
    assert all('nw-ucla' in name or 'quickstart' in name for name in others)


@every_setting
def test_comes_out_as_specified(row):
    config = load_config(CONFIGS / f'{row.name}.py')
    head = config.model.cls_head
    layout = config.model.backbone.graph_cfg.layout
    batch, stream = row.train_batch, STREAMS[row.stream]
    assert head.num_classes == row.num_classes
    assert head.bank_size == row.bank_size
    assert head.relation_dim == row.relation_dim
    assert layout == row.layout
    assert get_layout(layout).num_joints == row.joints
    for stage, dataset in stages(config).items():
        train = stage == 'train'
        assert dataset.type == 'SkeletonDataset'
        assert dataset.ann_file == row.ann_file
        assert dataset.split == (row.train_split if train else row.val_split)
        assert dataset.get('test_mode', False) == (not train)
        assert dataset.stream == stream
        assert dataset.layout == row.layout
        # No box is left out: 0.0 and None alike turn the filter off.
        assert not dataset.get('valid_ratio')
        assert dataset.get('box_thr', 0.5) == 0.5
        assert in_full(dataset.pipeline) == in_full(row.pipeline(stage))
        loader = config[f'{stage}_dataloader']
        assert loader.batch_size == (1 if stage == 'test' else batch)
    assert config.train_cfg.max_epochs == row.epochs
    assert config.train_cfg.val_interval == 1
    assert config.optim_wrapper == dict(
        optimizer=dict(
            type='SGD',
            lr=row.lr,
            momentum=0.9,
            weight_decay=5e-4,
            nesterov=True,
        )
    )
    (schedule,) = config.param_scheduler
    assert schedule == dict(
        type='CosineAnnealingLR',
        eta_min=0,
        T_max=row.epochs,
        by_epoch=True,
        convert_to_iter_based=True,
    )
    assert config.auto_scale_lr == dict(enable=False, base_batch_size=batch)
    (hook,) = config.custom_hooks
    assert (hook.count_begin, hook.begin) == (29, 30), '30 and 31, 1-based'


@every_setting
def test_model_as_specified(row):
    model = load_config(CONFIGS / f'{row.name}.py').model
    assert parameters_of(json.dumps(model)) == row.parameters
    head = MODELS.build(model.cls_head)
    assert head.loss_inter.loss_weight == head.loss_intra.loss_weight == 0.1
    assert head.affinity.bank.size == row.bank_size
    assert head.affinity.families.top_k == 10
    assert head.affinity.families.overlap_threshold == 4


@every_setting
def test_metrics_as_specified(row):
    config = load_config(CONFIGS / f'{row.name}.py')
    samples = [
        dict(
            pred_score=torch.eye(row.num_classes)[label],
            gt_label=torch.tensor([label]),
        )
        for label in range(row.num_classes)
    ]
    for stage in ('val', 'test'):
        judge = Evaluator(config[f'{stage}_evaluator'])
        judge.process(data_samples=samples)
        found = judge.evaluate(len(samples))
        assert found == {f'acc/{key}': 1 for key in row.metrics.split()}
    assert config.default_hooks.checkpoint.save_best == 'acc/top1'


# --- Kinetics: where the skeletons are ------------------------------------


def test_kinetics_from_one_file_per_video(annotations, tmp_path):
    """What the comment of the base config says, against the store."""
    row = next(row for row in SETTINGS if row.setting == 'k400')
    config = load_config(CONFIGS / f'{row.name}.py')
    content = made_up_annotations('coco_new', listed=True)
    for sample in content['annotations']:
        pose = {key: sample.pop(key) for key in ('keypoint', 'frame_inds')}
        atomic_dump(pose, tmp_path / f'{sample["frame_dir"]}.pkl')
    table = tmp_path / 'table.pkl'
    atomic_dump(content, table)
    apart = dict(ann_file=str(table), data_prefix=dict(skeleton=str(tmp_path)))
    for stage, dataset in stages(config).items():
        together = DATASETS.build(
            dataset | dict(ann_file=annotations(dataset))
        )
        found = [
            data[1]['inputs']
            for data in (together, DATASETS.build(dataset | apart))
        ]
        assert found[0].shape == found[1].shape
        assert found[0].any()
        if stage != 'train':
            assert torch.equal(*found)
