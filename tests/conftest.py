"""Fixtures that several test modules use."""

import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]

# The suite runs on shared machines, and tiny tensors gain nothing.
torch.set_num_threads(1)
os.environ.setdefault('OMP_NUM_THREADS', '1')

_STGCN = """
_base_ = 'mmaction::_base_/default_runtime.py'
custom_imports = dict(imports=['aclnet_plugin'])

model = dict(
    type='RecognizerGCN',
    backbone=dict(
        type='STGCN',
        graph_cfg=dict(layout='nturgb+d', mode='stgcn_spatial'),
        base_channels=8,
        num_stages=2,
        inflate_stages=[],
        down_stages=[]),
    cls_head=dict(type='GCNHead', num_classes=3, in_channels=8))

pipeline = [
    dict(type='PreNormalize3D'),
    dict(type='GenSkeFeat', dataset='nturgb+d', feats=['j']),
    dict(type='UniformSampleFrames', clip_len=8),
    dict(type='PoseDecode'),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]


def loader(split, shuffle):
    return dict(
        batch_size=4,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=shuffle),
        dataset=dict(
            type='PoseDataset',
            ann_file='{ann_file}',
            pipeline=pipeline,
            split=split))


train_dataloader = loader('xsub_train', True)
val_dataloader = loader('xsub_val', False)
test_dataloader = val_dataloader
del loader
val_evaluator = [dict(type='AccMetric')]
test_evaluator = val_evaluator

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=1, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9))
auto_scale_lr = dict(enable=False, base_batch_size=8)
default_hooks = dict(
    checkpoint=dict(interval=1), logger=dict(interval=1))
"""


@pytest.fixture(scope='session')
def tiny_skeletons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Annotation file in MMAction2's format: 16 + 8 sequences, 3 classes.

    One or two persons, 20 to 30 frames, 25 joints, a class-dependent drift.
    """
    rng = np.random.default_rng(0)
    sizes = {'xsub_train': 16, 'xsub_val': 8}
    split: dict[str, list[str]] = {}
    annotations = []
    for part, size in sizes.items():
        split[part] = [f'{part}_{index:02d}' for index in range(size)]
        for index, name in enumerate(split[part]):
            label, frames = index % 3, int(rng.integers(20, 31))
            persons = 1 + index % 2
            pose = rng.normal(size=(persons, 1, 25, 3))
            drift = np.linspace(0, label, frames)[None, :, None, None]
            noise = rng.normal(scale=0.05, size=(persons, frames, 25, 3))
            annotations.append(
                {
                    'frame_dir': name,
                    'label': label,
                    'total_frames': frames,
                    'keypoint': (pose + drift + noise).astype(np.float16),
                }
            )
    path = tmp_path_factory.mktemp('skeletons') / 'tiny.pkl'
    path.write_bytes(
        pickle.dumps({'split': split, 'annotations': annotations})
    )
    return path


@pytest.fixture(scope='session')
def stgcn_config(tiny_skeletons: Path) -> Path:
    """Config of a tiny stock ST-GCN that trains for one epoch in seconds."""
    path = tiny_skeletons.with_name('tiny_stgcn.py')
    path.write_text(_STGCN.replace('{ann_file}', str(tiny_skeletons)))
    return path


@pytest.fixture(scope='session')
def clean_env() -> dict[str, str]:
    """Environment for subprocesses: this python, this tree, one thread."""
    launch = ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_', 'SLURM_')
    env = {k: v for k, v in os.environ.items() if not k.startswith(launch)}
    for name in ('PORT', 'NNODES', 'PYTHONWARNINGS'):
        env.pop(name, None)
    env['PYTHON'] = sys.executable
    env['OMP_NUM_THREADS'] = '1'
    return env
