"""What the host's own inference does with our configs and checkpoints."""

import copy

import numpy as np
import pytest
import torch
from mmaction.apis import (
    MMAction2Inferencer,
    inference_recognizer,
    inference_skeleton,
    init_recognizer,
)
from mmengine.config import Config

from aclnet_plugin.structures import get_layout
from tests.test_apis.models import flat_config


@pytest.fixture(scope='module')
def flat(trained):
    """A 2D config with ``test_pipeline``, as those in ``configs`` have."""
    config = flat_config(Config.fromfile(trained.config_j), 'coco')
    config.test_pipeline = config.test_dataloader.dataset.pipeline
    return config


@pytest.fixture(scope='module')
def poses():
    """As the host's ``pose_inference`` returns them, frame by frame."""
    rng = np.random.default_rng(0)
    # Whole numbers, because the host keeps half precision.
    return [
        {
            'keypoints': rng.integers(1, 99, (2, 17, 2)).astype(np.float32),
            'keypoint_scores': np.ones((2, 17), np.float32),
        }
        for _ in range(12)
    ]


def test_init_recognizer_loads_our_checkpoints(trained, infer, walk):
    model = init_recognizer(trained.config_j, trained.j, 'cpu')
    sample = {'keypoint': walk[None], 'total_frames': 40, 'label': -1}
    found = inference_recognizer(model, sample, infer.pipeline)
    want = infer(walk, full_scores=True)['predictions'][0]['scores']
    np.testing.assert_array_equal(found.pred_score, want)


def test_inference_skeleton_with_our_pipeline(infer_flat, poses):
    found = inference_skeleton(
        infer_flat.model, poses, (100, 100), infer_flat.pipeline
    )
    pose = np.stack([frame['keypoints'] for frame in poses], 1)
    score = np.ones((*pose.shape[:-1], 1))
    want = infer_flat(np.concatenate([pose, score], -1), full_scores=True)
    want = want['predictions'][0]['scores']
    np.testing.assert_allclose(found.pred_score, want, atol=1e-6)


def test_inference_skeleton_alone_does_not_know_the_stream(flat, poses):
    model = init_recognizer(copy.deepcopy(flat), None, 'cpu')
    with pytest.raises(ValueError, match='which stream to compute'):
        inference_skeleton(model, poses, (100, 100))


def test_inference_skeleton_with_stream_and_layout_in_the_config(flat, poses):
    config = copy.deepcopy(flat)
    config.test_pipeline[1].update(stream='j', layout='coco')
    model = init_recognizer(config, None, 'cpu')
    found = inference_skeleton(model, poses, (100, 100))
    assert found.pred_score.shape == (3,)


def test_inference_skeleton_has_no_third_coordinate(infer, poses):
    solid = [
        {
            'keypoints': np.ones((1, 25, 3), np.float32),
            'keypoint_scores': np.ones((1, 25), np.float32),
        }
    ]
    with pytest.raises(ValueError, match='could not broadcast'):
        inference_skeleton(infer.model, solid, (100, 100), infer.pipeline)


def test_mmaction2_inferencer_takes_annotations(trained, infer):
    host = MMAction2Inferencer(
        trained.config_j, trained.j, 'cpu', input_format='dict'
    )
    sample = copy.deepcopy(trained.content['annotations'][16])
    found = host(copy.deepcopy(sample))
    want = infer(sample, full_scores=True)['predictions'][0]
    scores = found['predictions'][0]['rec_scores'][0]
    np.testing.assert_array_equal(scores, want['scores'])
    assert found['predictions'][0]['rec_labels'][0] == [want['label']]


def test_mmaction2_inferencer_needs_the_stream_besides(flat):
    """The dataset stamps it on each sample, and here is no dataset."""
    host = MMAction2Inferencer(
        copy.deepcopy(flat), device='cpu', input_format='dict'
    )
    pose = np.random.default_rng(0).uniform(1, 99, (1, 12, 17, 3))
    sample = {'keypoint': pose, 'total_frames': 12, 'label': -1}
    with pytest.raises(ValueError, match='which stream to compute'):
        host(dict(sample))
    stamp = {'stream': 'j', 'layout': get_layout('coco')}
    found = host(sample | stamp)
    assert len(found['predictions'][0]['rec_scores'][0]) == 3


@pytest.mark.parametrize('input_format', ['array', 'video', 'rawframes'])
def test_mmaction2_inferencer_has_no_skeletons_in_images(
    trained, film, input_format
):
    inputs = np.zeros((8, 32, 32, 3), np.uint8)
    if input_format != 'array':
        inputs = str(film if input_format == 'video' else film.parent)
    with pytest.raises((KeyError, ImportError)):
        host = MMAction2Inferencer(
            trained.config_j, trained.j, 'cpu', input_format=input_format
        )
        with torch.no_grad():
            host(inputs)
