"""A tiny model with a checkpoint of the Runner, and its test set."""

import copy
import pickle
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from aclnet_plugin.apis import ACLInferencer
from tests.test_apis.models import CLASSES, flat_config
from tests.training import build_runner, tiny_config


@pytest.fixture(scope='session')
def trained(tiny_skeletons, tmp_path_factory):
    """Configs of two streams, their checkpoints, the annotations."""
    folder = tmp_path_factory.mktemp('inference')
    content = pickle.loads(tiny_skeletons.read_bytes()) | {'classes': CLASSES}
    ann_file = folder / 'tiny.pkl'
    ann_file.write_bytes(pickle.dumps(content))
    paths = {'ann_file': ann_file, 'content': content}
    for stream in ('j', 'b'):
        config = tiny_config(ann_file, folder / f'work_{stream}')
        config.train_cfg.max_epochs = 1
        config.custom_hooks[0].update(count_begin=0, begin=1)
        for name in ('val_dataloader', 'val_cfg', 'val_evaluator'):
            config.pop(name)
        for loader in (config.train_dataloader, config.test_dataloader):
            loader.dataset.update(stream=stream, layout='nturgb+d')
        # Two clips, so that averaging over them takes part.
        pipeline = config.test_dataloader.dataset.pipeline
        pipeline[2].num_clips = 2
        pipeline[4].meta_keys = ('frame_dir',)
        config.randomness.seed = ord(stream)
        build_runner(config, f'inference_{stream}').train()
        config.dump(folder / f'{stream}.py')
        paths[f'config_{stream}'] = str(folder / f'{stream}.py')
        paths[stream] = str(folder / f'work_{stream}' / 'epoch_1.pth')
        _sharpen(paths[stream])
    return SimpleNamespace(**paths)


def _sharpen(path):
    """After one epoch all scores are a third; pull them apart."""
    saved = torch.load(path, map_location='cpu', weights_only=True)
    weight = saved['state_dict']['cls_head.fc.weight']
    weight.mul_(200)
    saved['state_dict']['cls_head.fc.bias'].zero_()
    torch.save(saved, path)


@pytest.fixture(scope='session')
def infer(trained):
    """The joint stream."""
    return ACLInferencer(trained.config_j, trained.j, 'cpu')


@pytest.fixture
def config(trained):
    """The config of the joint stream, to be changed."""
    return copy.deepcopy(Config.fromfile(trained.config_j))


@pytest.fixture(scope='session')
def walk():
    """One person of 25 joints, 40 frames: ``(T, V, C)``."""
    rng = np.random.default_rng(1)
    drift = np.linspace(0, 2, 40)[:, None, None]
    return (rng.normal(size=(25, 3)) + drift).astype(np.float32)


@pytest.fixture(scope='session')
def infer_flat(trained):
    """Random weights on skeletons of COCO."""
    torch.manual_seed(0)
    config = flat_config(Config.fromfile(trained.config_j), 'coco')
    return ACLInferencer(config, device='cpu')


@pytest.fixture
def film(tmp_path):
    """Nine grey images, 64 by 48, ten in a second."""
    path = tmp_path / 'film.mp4'
    code = cv2.VideoWriter_fourcc(*'mp4v')
    writer = cv2.VideoWriter(str(path), code, 10, (64, 48))
    assert writer.isOpened()
    for shade in range(9):
        writer.write(np.full((48, 64, 3), 20 * shade, np.uint8))
    writer.release()
    return path
