"""The configs of gait recognition and re-identification.

They are compared with ``data/retrieval_settings.csv`` and the pipelines
below, which were written from the specification and not from the configs.
"""

import csv
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import yaml
from mmaction.registry import DATASETS, METRICS, MODELS
from mmengine.config import Config, DictAction
from mmengine.dataset import pseudo_collate
from mmengine.evaluator import Evaluator
from mmengine.optim import build_optim_wrapper
from mmengine.registry import HOOKS, DefaultScope

import aclnet_plugin  # noqa: F401  (registers the classes)
from aclnet_plugin.datasets.converters.casia_b.joints import to_openpose14
from aclnet_plugin.datasets.synthetic_gait import generate_synthetic_gait
from aclnet_plugin.structures import get_layout
from aclnet_plugin.utils.safe_pickle import atomic_dump
from tests.settings import STREAMS, in_full, load_config, stages

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = [ROOT / 'configs' / name for name in ('gait', 'reid')]
FILES = sorted(path for folder in FOLDERS for path in folder.glob('*.py'))
META = ('frame_dir', 'subject', 'condition', 'seq', 'view', 'sample_idx')

every_config = pytest.mark.parametrize('path', FILES, ids=lambda p: p.stem)


def read_settings():
    path = ROOT / 'tests' / 'data' / 'retrieval_settings.csv'
    with path.open(newline='') as file:
        for row in csv.DictReader(file):
            numbers = {k: int(v) for k, v in row.items() if v.isdigit()}
            yield SimpleNamespace(**row | numbers, rate=float(row['lr']))


SETTINGS = list(read_settings())


def name_of(row):
    return (
        f'aclnet_1xb{row.batch}-{row.stream}-c{row.clip_len}-{row.epochs}e_'
        f'casiab-{row.task}-keypoint-{row.suffix}'
    )


def path_of(row):
    return ROOT / 'configs' / row.task / f'{name_of(row)}.py'


every_setting = pytest.mark.parametrize('row', SETTINGS, ids=name_of)


def pipeline_of(task, layout, clip_len, train):
    """Sections 3.2, 3.3 and 4.2 of the specification."""
    sample = [
        dict(
            type='SampleFrames',
            clip_len=clip_len,
            frame_interval=1,
            num_clips=1,
            test_mode=not train,
        ),
        dict(type='PoseDecode'),
    ]
    if task == 'reid':
        stream = dict(type='ToStream')
        steps = [*sample, dict(type='CenterOnJoint', joint=0)]
    else:
        stream = dict(type='ToStream', layout=layout)
        before = [
            dict(type='RandomMirrorPose', p=0.5),
            dict(type='TemporalReverse', p=0.5),
        ]
        after = [
            dict(type='PointNoise', std=0.05),
            dict(type='JointNoise', std=0.25),
        ]
        steps = [*before, *sample, *after] if train else sample
    return [
        *steps,
        stream,
        dict(type='FormatGCNInput', num_person=1),
        dict(type='PackActionInputs', meta_keys=META),
    ]


@pytest.fixture(autouse=True)
def mmaction_scope():
    with DefaultScope.overwrite_default_scope('mmaction'):
        yield


@pytest.fixture(scope='module')
def annotations(tmp_path_factory):
    """Walks of eight made-up persons that fit a config."""
    folder = tmp_path_factory.mktemp('walks')
    made = {}

    def make(config):
        layout = get_layout(config.model.backbone.graph_cfg.layout)
        if layout.name not in made:
            content = generate_synthetic_gait(
                num_subjects=8,
                views=(0, 90),
                walks=(5, 1, 1),
                layout='openpose14' if layout.dims == 3 else 'coco',
                num_frames=(61, 66) if layout.num_joints == 17 else (40, 44),
            )
            if layout.name == 'openpose14_2d':
                content['annotations'] = [
                    to_openpose14(sample, 'here')
                    for sample in content['annotations']
                ]
            made[layout.name] = folder / f'{layout.name}.pkl'
            atomic_dump(content, made[layout.name])
        return str(made[layout.name])

    return make


# --- all configs ----------------------------------------------------------


@every_config
def test_parts_fit_together(path):
    config = load_config(path)
    head = config.model.cls_head
    graph = get_layout(config.model.backbone.graph_cfg.layout)
    assert head.relation_dim == graph.num_joints**2
    assert head.embedding == 'pooled'
    assert MODELS.build(config.model.backbone).out_channels == head.in_channels
    words = re.search(r'_1xb(\d+)-(.+)-c(\d+)-(\d+)e_', path.stem)
    for dataset in stages(config).values():
        assert dataset.type == 'GaitPoseDataset'
        assert dataset.stream == STREAMS[words[2]]
        assert get_layout(dataset.layout) == graph
        assert dataset.ann_file == config.ann_file
    train, val, test = stages(config).values()
    assert val.split == test.split != train.split
    assert 'test_mode' not in train
    assert val.test_mode and test.test_mode
    assert in_full(train.pipeline) == in_full(config.train_pipeline)
    assert in_full(val.pipeline) == in_full(config.val_pipeline)
    loader = config.train_dataloader
    assert loader.batch_size == int(words[1])
    assert loader.drop_last
    assert head.bank_size % loader.batch_size == 0
    epochs = config.train_cfg.max_epochs
    assert [s.T_max for s in config.param_scheduler] == [epochs]
    assert (config.clip_len, epochs) == (int(words[3]), int(words[4]))
    assert config.auto_scale_lr == dict(
        enable=False, base_batch_size=loader.batch_size
    )
    (hook,) = config.custom_hooks
    assert hook.type == 'ConfusionStatisticsHook'
    assert hook.count_begin + 1 == hook.begin < epochs
    assert config.find_unused_parameters
    # The key holds none of the words by which the host knows the rule.
    assert config.default_hooks.checkpoint.rule == 'greater'
    saver = HOOKS.build(dict(config.default_hooks.checkpoint))
    best = config.default_hooks.checkpoint.save_best
    assert saver.rules == ['greater'] and saver.key_indicators == [best]


def narrow(model):
    """Two narrow stages of the same kind; the widths are checked above."""
    model.backbone.update(
        base_channels=8, num_stages=2, inflate_stages=(2,), down_stages=(2,)
    )
    model.cls_head.in_channels = 16
    return model


@every_config
def test_takes_a_training_and_a_test_step(path, annotations):
    config = load_config(path)
    model = MODELS.build(narrow(config.model))
    built = {}
    for stage, dataset in stages(config).items():
        dataset.ann_file = annotations(config)
        dataset.serialize_data = False
        built[stage] = DATASETS.build(dataset)
    model.cls_head.affinity.set_epoch(
        config.train_cfg.max_epochs, counting=True, scoring=True, rebuild=True
    )
    wrapper = build_optim_wrapper(model, config.optim_wrapper)
    model.train()
    first, second = built['train'][0], built['train'][1]
    assert first['data_samples'].gt_label == second['data_samples'].gt_label
    losses = model.train_step(pseudo_collate([first, second]), wrapper)
    assert torch.isfinite(losses['loss'])
    # Both samples are of one person: the bank has a positive for each.
    assert losses['loss_cls'] > 0 and losses['loss_intra'] != 0
    assert 'loss_inter' in losses
    model.eval()
    for stage in ('val', 'test'):
        batch = pseudo_collate([built[stage][0], built[stage][1]])
        with torch.no_grad():
            samples = model.test_step(batch)
        for sample in samples:
            assert sample.pred_feature.shape == (16,)
            assert sample.pred_feature.norm().item() == pytest.approx(1)
        judge = Evaluator(config[f'{stage}_evaluator'])
        judge.process(data_samples=samples)
        found = judge.evaluate(2)
        assert config.default_hooks.checkpoint.save_best in found


@every_config
def test_time_reversed_copy(path, annotations):
    """The TTA pipeline: the test clip, forwards and backwards."""
    config = load_config(path)
    dataset = config.test_dataloader.dataset
    dataset.ann_file = annotations(config)
    dataset.stream = 'j'
    views = []
    for pipeline in (config.test_pipeline, config.tta_pipeline):
        built = DATASETS.build(dict(dataset, pipeline=pipeline))
        views.append(built[0]['inputs'])
    plain, (forwards, backwards) = views
    assert torch.equal(plain, forwards)
    assert torch.equal(plain.flip(2), backwards)
    assert not torch.equal(forwards, backwards)
    wrapper = dict(**config.tta_model, module=narrow(config.model))
    assert type(MODELS.build(wrapper)).__name__ == 'RetrievalTTAModel'


# --- the settings of the specification ------------------------------------


def test_every_task_has_its_six_streams():
    for folder in FOLDERS:
        rows = [row for row in SETTINGS if row.task == folder.name]
        assert [row.stream for row in rows] == list(STREAMS)
    others = {path.stem for path in FILES} - set(map(name_of, SETTINGS))
    kinds = ('quickstart', '-pk16x4_', 'reid-keypoint-2d')
    assert len(others) == len(kinds)
    for kind in kinds:
        assert sum(kind in name for name in others) == 1


@every_setting
def test_comes_out_as_specified(row):
    config = load_config(path_of(row))
    model, head = config.model, config.model.cls_head
    assert model.type == 'RecognizerGCN'
    assert head.num_classes == row.num_classes
    assert head.bank_size == row.bank_size
    assert head.relation_dim == row.relation_dim == row.joints**2
    assert model.backbone.graph_cfg == dict(layout=row.layout)
    layout = get_layout(row.layout)
    assert (layout.num_joints, layout.dims) == (row.joints, row.dims)
    for stage, dataset in stages(config).items():
        train = stage == 'train'
        loader = config[f'{stage}_dataloader']
        assert loader.sampler == dict(type='DefaultSampler', shuffle=train)
        assert loader.batch_size == row.batch
        assert dataset.ann_file == row.ann_file
        assert dataset.split == (row.train_split if train else row.test_split)
        assert dataset.layout == row.layout
        assert dataset.min_frames == row.min_frames
        steps = pipeline_of(row.task, row.layout, row.clip_len, train)
        assert in_full(dataset.pipeline) == in_full(steps)
    assert config.train_dataloader.drop_last
    assert config.train_cfg == dict(
        type='EpochBasedTrainLoop',
        max_epochs=row.epochs,
        val_begin=1,
        val_interval=1,
    )
    assert config.optim_wrapper == dict(
        optimizer=dict(
            type='SGD',
            lr=row.rate,
            momentum=0.9,
            weight_decay=5e-4,
            nesterov=True,
        )
    )
    assert config.param_scheduler == [
        dict(
            type='CosineAnnealingLR',
            eta_min=0,
            T_max=row.epochs,
            by_epoch=True,
            convert_to_iter_based=True,
        )
    ]
    (hook,) = config.custom_hooks
    assert (hook.count_begin, hook.begin) == (29, 30), '30 and 31, 1-based'
    for judges in (config.val_evaluator, config.test_evaluator):
        assert judges == [dict(type=row.metric)]
    assert config.default_hooks.checkpoint.save_best == row.save_best


@every_setting
def test_model_as_specified(row):
    if row.stream != 'joint':
        joint = SimpleNamespace(**vars(row) | {'stream': 'joint'})
        same = load_config(path_of(joint)).model
        assert load_config(path_of(row)).model == same
        return
    model = MODELS.build(load_config(path_of(row)).model)
    head = model.cls_head
    assert head.loss_inter.loss_weight == head.loss_intra.loss_weight == 0.1
    assert head.affinity.families.top_k == 10
    assert head.affinity.families.overlap_threshold == 4
    assert head.affinity.prototypes.mean.shape == (row.num_classes, 256)
    assert model.backbone.out_channels == 384
    shape = (2, 1, 8, row.joints, row.channels)
    features, relation = model.backbone.eval()(torch.zeros(shape))
    assert features.shape == (2, 1, 384, 2, row.joints)
    assert relation.shape == (2, row.relation_dim)


def test_protocols_are_those_of_the_specification():
    gait = METRICS.build(dict(type='GaitRankMetric')).protocol
    assert gait.views == tuple(range(0, 181, 18))
    assert gait.gallery == dict(condition=('nm',), seq=(1, 2, 3, 4))
    assert gait.probes == dict(
        NM=dict(condition=('nm',), seq=(5, 6)),
        BG=dict(condition=('bg',), seq=(1, 2)),
        CL=dict(condition=('cl',), seq=(1, 2)),
    )
    assert gait.exclude_identical_view and gait.unmatched == 'miss'
    reid = METRICS.build(dict(type='ReIDMetric')).protocol
    pairs = {
        name: (pair['probe']['condition'], pair['gallery']['condition'])
        for name, pair in reid.settings.items()
    }
    nm, bg, cl = ('nm',), ('bg',), ('cl',)
    assert pairs == {
        'N-N': (nm, nm),
        'B-B': (bg, bg),
        'C-C': (cl, cl),
        'C-N': (cl, nm),
        'B-N': (bg, nm),
    }
    assert reid.topk == (1, 5, 10)
    assert not reid.exclude_same_sequence and reid.aggregate is None


# --- variants -------------------------------------------------------------


def load_one(part):
    (path,) = (path for path in FILES if part in path.stem)
    return load_config(path)


def without(config, *keys):
    return {k: v for k, v in config.to_dict().items() if k not in keys}


def test_identities_by_batch_change_the_sampler_alone():
    plain = load_config(path_of(SETTINGS[0]))
    found = load_one('pk16x4')
    sampler = found.train_dataloader.pop('sampler')
    plain.train_dataloader.pop('sampler')
    assert found.to_dict() == plain.to_dict()
    assert sampler == dict(
        type='RandomIdentitySampler', batch_size=64, num_instances=4
    )


def test_windows_in_the_image_change_data_and_graph_alone():
    lifted = next(row for row in SETTINGS if row.task == 'reid')
    plain, found = load_config(path_of(lifted)), load_one('reid-keypoint-2d')
    # The name that docs/data/casia_b.md tells for these windows.
    assert found.layout == 'openpose14_2d'
    flat = get_layout(found.layout)
    assert flat.dims == 2
    assert flat.parents == get_layout('openpose14').parents
    assert found.model.backbone.graph_cfg == dict(layout=found.layout)
    for dataset in stages(found).values():
        assert dataset.layout == found.layout
    for config in (plain, found):
        del config.model.backbone['graph_cfg']
        for dataset in stages(config).values():
            del dataset['layout'], dataset['ann_file']
    changed = ('layout', 'ann_file')
    assert without(found, *changed) == without(plain, *changed)


def test_override_of_the_readme_selects_on_persons_of_the_training():
    """``--cfg-options`` of the README: train_sub, val and 59 classes."""
    text = (FOLDERS[0] / 'README.md').read_text()
    (given,) = re.findall(r'honest="([^"]+)"', text)
    options = {}
    for word in given.split():
        key, value = word.split('=')
        options[key] = DictAction._parse_iterable(value)
    config = load_config(path_of(SETTINGS[0]))
    config.merge_from_dict(options)
    train, val, test = stages(config).values()
    assert (train.split, val.split, test.split) == ('train_sub', 'val', 'test')
    assert config.model.cls_head.num_classes == 59


# --- what is written about them -------------------------------------------


@pytest.mark.parametrize('folder', FOLDERS, ids=lambda p: p.name)
def test_readme_lists_every_config_once_and_points_at_what_is_there(folder):
    text = (folder / 'README.md').read_text()
    found = re.findall(r'\]\(([^)#\s]+)', text)
    names = [link for link in found if '/' not in link and '.py' in link]
    assert sorted(names) == sorted(path.name for path in folder.glob('*.py'))
    local = [link for link in found if '://' not in link]
    assert [link for link in local if not (folder / link).exists()] == []
    named = re.findall(r'\b(?:tools|configs)/[\w/.-]+\w', text)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


PUBLISHED = {
    'gait': ('94.7', '85.4', '85.4', '88.5'),
    'reid': ('82.8', '68.5', '68.0', '25.2', '46.5'),
}


@pytest.mark.parametrize('task', PUBLISHED)
def test_numbers_in_brackets_are_the_published_ones(task):
    text = (ROOT / 'configs' / task / 'README.md').read_text()
    (row,) = re.findall(r'^\| published, ACLNet \|.*$', text, re.MULTILINE)
    assert tuple(re.findall(r'\(([\d.]+)\)', row)) == PUBLISHED[task]


@pytest.mark.parametrize('folder', FOLDERS, ids=lambda p: p.name)
def test_metafile(folder):
    content = yaml.safe_load((folder / 'metafile.yml').read_text())
    (collection,) = content['Collections']
    assert (ROOT / collection['README']).is_file()
    for model in content['Models']:
        config = ROOT / model['Config']
        assert config.is_file() and config.stem == model['Name']
        assert model['In Collection'] == collection['Name']
        assert isinstance(Config.fromfile(config), Config)
