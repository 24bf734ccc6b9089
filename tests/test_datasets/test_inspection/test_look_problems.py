"""Data that can be read and yet looks wrong; the report of it."""

import pickle

import numpy as np
import pytest

from aclnet_plugin.datasets import SkeletonDataset
from aclnet_plugin.datasets.inspection import Expectation, inspect_data

CHAIN = dict(
    num_node=5,
    center=0,
    inward=((1, 0), (2, 1), (3, 0), (4, 3)),
    left=(1, 2),
    right=(3, 4),
)
FLAT = CHAIN | {'dims': 2}


@pytest.fixture
def look(tmp_path):
    """Warnings about sequences ``(M, T, V, C)``, as one text."""

    def look(pose, layout=CHAIN, split='train', **more):
        sample = dict(frame_dir='a', label=0, keypoint=pose) | more
        path = tmp_path / 'a.pkl'
        path.write_bytes(pickle.dumps([sample]))
        pipeline = [
            dict(type='UniformSampleDecode', clip_len=4),
            dict(type='FormatGCNInput', num_person=1),
            dict(type='PackActionInputs'),
        ]
        dataset = SkeletonDataset(str(path), pipeline, layout=layout)
        expected = Expectation(joints=pose.shape[2])
        report = inspect_data({split: dataset}, expected)
        assert not report.of('error')
        return ' '.join(str(problem) for problem in report.of('warning'))

    return look


@pytest.fixture
def chain():
    """Two bones on each side of fixed length, in any direction."""
    rng = np.random.default_rng(0)
    bones = rng.normal(size=(20, 5, 3))
    bones /= np.linalg.norm(bones, axis=-1, keepdims=True)
    pose = bones.copy()
    pose[:, [1, 3]] += pose[:, [0]]
    pose[:, 2] += pose[:, 1]
    pose[:, 4] += pose[:, 3]
    return pose[None]


def test_nothing_to_say(look, chain):
    assert look(chain) == ''


def test_wrong_unit(look, chain):
    assert 'the bodies are about' in look(1000 * chain)
    assert 'Convert the data again with --scale' in look(1000 * chain)
    assert 'the bodies' in look(1000 * chain, split='val')


def test_wrong_bones_and_sides(look, chain):
    wrong = CHAIN | {'inward': ((1, 0), (2, 4), (3, 0), (4, 3))}
    text = look(chain, wrong)
    assert 'of some bones changes more than that of the others: 2 - 4' in text
    assert 'left and right' in text
    assert look(chain, wrong, 'val') == '', 'once is enough'
    names = {'joint_names': ('mid', 'a', 'b', 'c', 'd')}
    assert 'the others: b - d by' in look(chain, wrong | names)


def test_known_layouts_are_not_doubted(look):
    pose = np.random.default_rng(0).normal(size=(1, 20, 25, 3))
    assert look(pose, 'nturgb+d') == ''


def test_images(look, chain):
    flat = 100 * np.abs(chain[..., :2])
    score = dict(keypoint_score=np.ones((1, 20, 5)))
    size = dict(img_shape=(480, 640))
    assert look(flat, FLAT, **score, **size) == ''
    assert 'are they shares?' in look(flat / 400, FLAT, **score, **size)
    assert 'is no score' in look(chain, FLAT)


def test_persons_that_are_dropped(look, chain):
    text = look(np.concatenate([chain, chain]))
    assert '1 sequence with up to 2 persons, of which the pipeline' in text
    assert 'Set num_person=2' in text
