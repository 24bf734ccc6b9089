"""The generator: format, determinism, bodies, and how hard it is."""

import numpy as np
import pytest

from aclnet_plugin.datasets import SkeletonDataset
from aclnet_plugin.datasets.movements import make_movements, rest_offsets
from aclnet_plugin.datasets.synthetic import (
    _outward,
    _turn,
    generate_synthetic_skeletons,
)
from aclnet_plugin.structures import get_layout
from aclnet_plugin.utils.safe_pickle import atomic_dump


@pytest.fixture(scope='module')
def data():
    return generate_synthetic_skeletons(samples_per_cell=4)


def test_format(data):
    assert len(data['annotations']) == 12 * 8 * 3 * 4
    assert len(data['classes']) == len(set(data['classes'])) == 12
    assert data['groups'] == [c // 3 for c in range(12)]
    for one in data['annotations']:
        assert one['keypoint'].dtype == np.float16
        assert one['keypoint'].shape == (1, one['total_frames'], 25, 3)
        assert 60 <= one['total_frames'] <= 100
        assert np.isfinite(one['keypoint']).all()
        name = one['frame_dir']
        assert int(name[-3:]) == one['label'] + 1
        assert int(name[5:7]) == one['view']
        assert int(name[8:11]) == one['subject']
    assert data['annotations'][0]['frame_dir'] == 'S001C01P001R01A001'


def test_splits(data):
    by_name = {one['frame_dir']: one for one in data['annotations']}
    assert len(by_name) == len(data['annotations'])
    for kind, key in (('xsub', 'subject'), ('xview', 'view')):
        train = data['split'][f'{kind}_train']
        val = data['split'][f'{kind}_val']
        assert {*train, *val} == set(by_name) and train and val
        values = [
            {by_name[name][key] for name in half} for half in (train, val)
        ]
        assert not values[0] & values[1]
        for half in (train, val):
            labels = {by_name[name]['label'] for name in half}
            assert labels == set(range(12))


def test_same_seed_same_data():
    settings = dict(num_classes=4, num_subjects=2, num_views=2)
    one = generate_synthetic_skeletons(seed=3, **settings)
    two = generate_synthetic_skeletons(seed=3, **settings)
    other = generate_synthetic_skeletons(seed=4, **settings)
    for a, b in zip(one['annotations'], two['annotations'], strict=True):
        np.testing.assert_array_equal(a['keypoint'], b['keypoint'])
    a, b = one['annotations'][0], other['annotations'][0]
    frames = min(a['total_frames'], b['total_frames'])
    assert (a['keypoint'][:, :frames] != b['keypoint'][:, :frames]).any()


@pytest.mark.parametrize('name', ['nturgb+d', 'kinect_v1'])
def test_bones_keep_their_length(name):
    layout = get_layout(name)
    data = generate_synthetic_skeletons(
        num_classes=24,
        num_subjects=2,
        num_views=2,
        layout=name,
        num_frames=(20, 20),
        noise=0,
    )
    child, parent = np.array(layout.edges).T
    lengths = {}
    for one in data['annotations']:
        pose = one['keypoint'][0].astype(float)
        length = np.linalg.norm(pose[:, child] - pose[:, parent], axis=-1)
        # What float16 leaves of coordinates of a few metres.
        assert np.ptp(length, axis=0).max() < 0.01
        lengths.setdefault(one['subject'], []).append(length.mean(axis=0))
    for found in lengths.values():
        assert np.ptp(found, axis=0).max() < 0.01
    assert np.abs(np.mean(lengths[1], 0) - np.mean(lengths[2], 0)).max() > 0.01


def test_rest_pose_stands_upright_and_is_symmetric():
    layout = get_layout('nturgb+d')
    offsets = rest_offsets(layout)
    pose = np.zeros_like(offsets)
    for parent, child in _outward(layout):
        pose[child] = pose[parent] + offsets[child]
    names = layout.joint_names
    assert names[pose[:, 1].argmax()] == 'head'
    assert names[pose[:, 1].argmin()].endswith('foot')
    mirrored = pose[list(layout.flip_permutation)] * (-1, 1, 1)
    np.testing.assert_allclose(mirrored, pose)


@pytest.mark.parametrize('axis', range(3))
def test_turns_are_right_handed(axis):
    one, two = np.eye(3)[(axis + 1) % 3], np.eye(3)[(axis + 2) % 3]
    quarter = _turn(axis, np.array(np.pi / 2))
    np.testing.assert_allclose(quarter @ one, two, atol=1e-12)
    np.testing.assert_allclose(quarter @ np.eye(3)[axis], np.eye(3)[axis])


def test_many_classes_have_different_names_and_tracks():
    movements = make_movements(64, 2)
    assert len({m.name for m in movements}) == 64
    assert len({(m.frequency, m.tracks) for m in movements}) == 64


def features(one):
    pose = one['keypoint'][0].astype(float)
    pose = pose - pose[:, 20:21]
    spectrum = np.abs(np.fft.rfft(pose, n=128, axis=0))[:12]
    step = np.linalg.norm(np.diff(pose, axis=0), axis=-1).mean(0)
    parts = np.log(spectrum + 0.1), pose.mean(0), pose.std(0), step
    return np.concatenate([part.ravel() for part in parts])


def test_groups_are_easy_and_members_are_not(data):
    """The promise of the module's docstring."""
    names = np.array([one['frame_dir'] for one in data['annotations']])
    labels = np.array([one['label'] for one in data['annotations']])
    groups = np.array(data['groups'])
    train = np.isin(names, data['split']['xsub_train'])
    x = np.stack([features(one) for one in data['annotations']])
    x = (x - x[train].mean(0)) / (x[train].std(0) + 1e-6)
    x = np.c_[x, np.ones(len(x))]
    gram = x[train].T @ x[train] + 300 * np.eye(x.shape[1])
    weight = np.linalg.solve(gram, x[train].T @ np.eye(12)[labels[train]])
    guess = (x[~train] @ weight).argmax(1)
    truth = labels[~train]
    assert (groups[guess] == groups[truth]).mean() > 0.95
    assert 0.45 < (guess == truth).mean() < 0.8


def test_loads_as_a_dataset(tmp_path):
    data = generate_synthetic_skeletons(
        num_classes=2, num_subjects=2, num_views=2, num_frames=(1, 3)
    )
    atomic_dump(data, tmp_path / 'synthetic.pkl')
    dataset = SkeletonDataset(
        str(tmp_path / 'synthetic.pkl'),
        pipeline=[],
        split='xsub_train',
        layout='nturgb+d',
        num_classes=2,
    )
    assert len(dataset) == 4


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(group_size=9), 'group_size must be 1 to 8'),
        (dict(num_classes=0), 'num_classes must be 1 or more'),
        (dict(num_subjects=1), 'num_subjects must be 2'),
        (dict(num_views=1), 'num_views must be 2'),
        (dict(num_frames=(9, 3)), 'shortest must be 1 to 3, got 9'),
        (dict(layout='coco'), 'no rest pose'),
        (dict(layout='ntu'), 'Unknown skeleton layout'),
    ],
)
def test_bad_settings(change, message):
    with pytest.raises(ValueError, match=message):
        generate_synthetic_skeletons(**change)
