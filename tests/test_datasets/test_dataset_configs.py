"""The base dataset configs build, load and follow the specification."""

from pathlib import Path

import pytest
from mmaction.registry import DATASETS
from mmengine.config import Config

from aclnet_plugin.datasets.synthetic import generate_synthetic_skeletons
from aclnet_plugin.utils.safe_pickle import atomic_dump

BASES = Path(__file__).resolve().parents[2] / 'configs' / '_base_' / 'datasets'
STAGES = ('train', 'val', 'test')


def load(name):
    return Config.fromfile(BASES / f'{name}.py')


def innermost(dataset):
    while 'dataset' in dataset:
        dataset = dataset['dataset']
    return dataset


@pytest.mark.parametrize(
    ('name', 'layout', 'kind', 'shape'),
    [
        ('ntu_3d', 'nturgb+d', 'xsub', (2, 100, 25, 3)),
        ('nw_ucla_3d', 'kinect_v1', 'xview', (1, 52, 20, 3)),
    ],
)
def test_loads_samples(tmp_path, name, layout, kind, shape):
    path = tmp_path / 'data.pkl'
    data = generate_synthetic_skeletons(
        num_classes=2, num_subjects=2, num_views=2, layout=layout
    )
    atomic_dump(data, path)
    config = load(name)
    for stage in STAGES:
        dataset = config[f'{stage}_dataloader'].dataset
        inner = innermost(dataset)
        inner.ann_file = str(path)
        inner.stream = 'bm'
        assert (
            inner.split == f'{kind}_{"train" if stage == "train" else "val"}'
        )
        assert inner.get('test_mode', False) == (stage != 'train')
        packed = DATASETS.build(dataset)[0]
        clips = 10 if stage == 'test' else 1
        assert packed['inputs'].shape == (clips, *shape)
        assert packed['data_samples'].gt_label.tolist() == [0]


def test_ntu_settings():
    config = load('ntu_3d')
    first, turn = config.pre_transform
    assert first.type == 'PreNormalize3D' or first.get('center') == 1
    assert turn == dict(type='RandomRot', theta=0.2)
    assert config.last_transform[1].clip_len == 100
    assert config.train_dataloader.batch_size == 16
    assert config.val_dataloader.batch_size == 16
    assert config.test_dataloader.batch_size == 1
    for stage in ('val', 'test'):
        types = [
            step.type
            for step in config[f'{stage}_dataloader'].dataset.pipeline
        ]
        assert 'RandomRot' not in types


def test_nw_ucla_repeats_the_training_set():
    dataset = load('nw_ucla_3d').train_dataloader.dataset
    assert (dataset.type, dataset.times) == ('RepeatDataset', 5)
