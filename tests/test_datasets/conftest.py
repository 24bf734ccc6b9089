"""Fixtures of the dataset tests."""

import pickle

import numpy as np
import pytest
from mmengine.registry import DefaultScope

import aclnet_plugin  # noqa: F401  (registers the classes)


def make_sample(name, label=0, persons=1, frames=4, joints=25, channels=3):
    rng = np.random.default_rng([len(name), frames])
    shape = (persons, frames, joints, channels)
    return dict(
        frame_dir=name,
        label=label,
        total_frames=frames,
        keypoint=rng.normal(size=shape).astype(np.float16),
    )


@pytest.fixture(autouse=True)
def mmaction_scope():
    """Names in pipelines mean MMAction2's registries, as under a Runner."""
    with DefaultScope.overwrite_default_scope('mmaction'):
        yield


@pytest.fixture
def samples():
    """Three good samples of the 25-joint layout."""
    return [
        make_sample('one', 0),
        make_sample('two', 1, persons=2, frames=30),
        make_sample('single_frame', 2, frames=1),
    ]


@pytest.fixture
def write(tmp_path):
    """Write an annotation file: samples, or anything else as it is."""

    def write(content, split=None):
        if split is not None:
            content = dict(split=split, annotations=content)
        path = tmp_path / 'ann.pkl'
        path.write_bytes(pickle.dumps(content))
        return str(path)

    return write


@pytest.fixture
def sample():
    """Factory of one sample."""
    return make_sample
