"""The test pipelines of our configs take what a user gives."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from aclnet_plugin.apis import InferenceError
from aclnet_plugin.apis.inferencers.inputs import InputOptions, find_sources
from aclnet_plugin.apis.inferencers.recipe import make_recipe

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
ALL = sorted((CONFIGS / 'aclnet').glob('*.py'))
# Each data set, and each stream of one of them.
ACTIONS = [p for p in ALL if '-joint-u' in p.name or '_nw-ucla' in p.name]


@pytest.mark.parametrize('path', ACTIONS, ids=lambda path: path.stem[:60])
def test_arrays_go_through_each_config(path):
    init_default_scope('mmaction')
    recipe = make_recipe(Config.fromfile(path), path.name)
    layout = recipe.layout
    rng = np.random.default_rng(0)
    pose = rng.uniform(1, 9, (2, 70, layout.num_source_joints, 3))
    source = find_sources(pose, InputOptions(layout))[0]
    packed = recipe.pack(recipe.unfold(source.load().sample))
    assert packed['inputs'].shape[-2:] == (layout.num_joints, 3)
    assert packed['inputs'].isfinite().all()
    words = {
        'joint': 'j', 'bone': 'b', 'kbone': 'k',
    }  # fmt: skip
    name = next(w for w in ('kbone', 'bone', 'joint') if f'-{w}-' in path.name)
    want = words[name] + 'm' * ('-motion-' in path.name)
    assert recipe.stream == want


def test_lists_of_single_skeletons_become_persons():
    path = next(p for p in ACTIONS if '-joint-u100-150e_k400' in p.name)
    recipe = make_recipe(Config.fromfile(path), path.name)
    rng = np.random.default_rng(0)
    sample = {
        'frame_dir': 'a',
        'keypoint': rng.uniform(1, 9, (5, 17, 3)).astype(np.float16),
        'frame_inds': np.array([0, 0, 1, 4, 4]),
        'total_frames': 6,
    }
    source = find_sources(sample, InputOptions(recipe.layout))[0]
    before = sample['keypoint'].copy()
    unfolded = recipe.unfold(source.load().sample)
    # Frames without anybody are left out, as the config says.
    assert unfolded['keypoint'].shape == (2, 3, 17, 2)
    np.testing.assert_array_equal(unfolded['keypoint'][0, 1], before[2, :, :2])
    np.testing.assert_array_equal(sample['keypoint'], before)
    assert recipe.pack(unfolded)['inputs'].isfinite().all()


def test_identities_are_no_classes():
    for pattern in ('gait/*quickstart*.py', 'reid/*-joint-*3d.py'):
        path = next(CONFIGS.glob(pattern))
        with pytest.raises(InferenceError, match='extract_embeddings'):
            make_recipe(Config.fromfile(path), path.name)


def test_stock_configs(stgcn_config):
    init_default_scope('mmaction')
    recipe = make_recipe(Config.fromfile(stgcn_config), 'stock')
    assert recipe.layout.name == 'nturgb+d' and recipe.stream is None
    pose = np.random.default_rng(0).normal(size=(1, 20, 25, 3))
    source = find_sources(pose, InputOptions(recipe.layout))[0]
    assert recipe.pack(source.load().sample)['inputs'].shape[-2:] == (25, 3)
