"""Synthetic walks: format, determinism, bodies, views, how hard it is."""

import numpy as np
import pytest

from aclnet_plugin.datasets import GaitPoseDataset
from aclnet_plugin.datasets.synthetic_gait import (
    VIEWS,
    generate_synthetic_gait,
)
from aclnet_plugin.datasets.walk_camera import to_pixels, turned
from aclnet_plugin.datasets.walking import (
    CONDITIONS,
    draw_person,
    draw_walk,
    walk_joints,
)
from aclnet_plugin.utils.safe_pickle import atomic_dump

SMALL = dict(num_subjects=4, views=(0, 90), walks=(2, 1, 1))


@pytest.fixture(scope='module')
def data():
    return generate_synthetic_gait(views=(0, 54, 90, 144))


def test_format(data):
    assert len(data['annotations']) == 20 * 10 * 4
    assert data['classes'] == [f'{i:03d}' for i in range(1, 21)]
    for one in data['annotations']:
        frames = one['total_frames']
        assert 70 <= frames <= 100
        assert one['keypoint'].shape == (1, frames, 17, 2)
        assert one['keypoint_score'].shape == (1, frames, 17)
        for key in ('keypoint', 'keypoint_score'):
            assert one[key].dtype == np.float32
            assert np.isfinite(one[key]).all()
        assert 0 < one['keypoint_score'].min() <= 1
        assert one['keypoint_score'].max() <= 1
        assert one['img_shape'] == one['original_shape'] == (240, 320)
        assert one['label'] == one['subject'] - 1
        assert one['frame_dir'] == (
            f'{one["subject"]:03d}-{one["condition"]}-'
            f'{one["seq"]:02d}-{one["view"]:03d}'
        )
    pixels = np.concatenate(
        [one['keypoint'].reshape(-1, 2) for one in data['annotations']]
    )
    inside = ((pixels >= 0) & (pixels <= (320, 240))).all(axis=1)
    assert inside.mean() > 0.99


def test_counts_are_those_of_casia_b():
    assert VIEWS == (0, 18, 36, 54, 72, 90, 108, 126, 144, 162, 180)
    data = generate_synthetic_gait(num_subjects=4, num_frames=(1, 2))
    assert len(data['annotations']) == 4 * 110
    nm, bg, cl = (
        {one['seq'] for one in data['annotations'] if one['condition'] == c}
        for c in CONDITIONS
    )
    assert (nm, bg, cl) == ({1, 2, 3, 4, 5, 6}, {1, 2}, {1, 2})


def test_splits_share_out_the_persons(data):
    persons = {
        name: sorted({int(one[:3]) for one in ids})
        for name, ids in data['split'].items()
    }
    assert persons == dict(
        train=list(range(1, 13)),
        test=list(range(13, 21)),
        train_sub=list(range(1, 11)),
        val=[11, 12],
        reid_train=list(range(1, 11)),
        reid_test=list(range(11, 21)),
    )
    assert len(data['split']['train']) == 12 * 40
    whole = generate_synthetic_gait(124, (0,), (1, 0, 0), num_frames=(1, 1))
    sizes = {name: len(ids) for name, ids in whole['split'].items()}
    assert sizes == dict(
        train=74, test=50, train_sub=59, val=15, reid_train=62, reid_test=62
    )


@pytest.mark.parametrize('persons', range(4, 30))
def test_no_split_is_empty(persons):
    data = generate_synthetic_gait(persons, (0,), (1, 0, 0), num_frames=(1, 1))
    split = data['split']
    assert all(split.values())
    assert split['train'] == split['train_sub'] + split['val']
    assert split['train'] + split['test'] == [
        one['frame_dir'] for one in data['annotations']
    ]


def test_three_dimensions():
    data = generate_synthetic_gait(**SMALL, layout='openpose14')
    one = data['annotations'][0]
    assert one['keypoint'].shape == (1, one['total_frames'], 14, 3)
    assert one['keypoint'].dtype == np.float32
    assert not {'keypoint_score', 'img_shape'} & set(one)


def equal(one, two):
    return all(
        np.array_equal(a['keypoint'], b['keypoint'])
        for a, b in zip(one, two, strict=True)
    )


def test_seeds():
    one = generate_synthetic_gait(**SMALL, seed=3)['annotations']
    assert equal(one, generate_synthetic_gait(**SMALL, seed=3)['annotations'])
    other = generate_synthetic_gait(**SMALL, seed=4)['annotations']
    assert not equal(one, other)
    # More persons or fewer views change nothing in what is there.
    more = generate_synthetic_gait(**SMALL | dict(num_subjects=6), seed=3)
    assert equal(one, more['annotations'][: len(one)])
    fewer = generate_synthetic_gait(**SMALL | dict(views=[90]), seed=3)
    assert equal(one[1::2], fewer['annotations'])


def test_progress():
    seen = []
    generate_synthetic_gait(**SMALL, track=lambda p: seen.extend(p) or seen)
    assert seen == [1, 2, 3, 4]


@pytest.mark.parametrize('condition', CONDITIONS)
def test_bodies(condition):
    rng = np.random.default_rng(1)
    walk = draw_walk(draw_person(rng), condition, rng)
    joints, speed = walk_joints(walk, 80, 0.3, condition == 'bg')
    assert 0.4 < speed < 3
    for bone in (('hip', 'knee'), ('knee', 'ankle'), ('elbow', 'wrist')):
        sides = []
        for side in ('left', 'right'):
            ends = [joints[f'{side}_{name}'] for name in bone]
            length = np.linalg.norm(ends[0] - ends[1], axis=1)
            # Limbs keep their length, and both sides are alike.
            assert np.ptp(length) < 1e-9
            sides.append(length[0])
        assert sides[0] == pytest.approx(sides[1])
    height = {name: at[:, 1].mean() for name, at in joints.items()}
    assert height['head'] > height['neck'] > height['pelvis']
    for side in ('left', 'right'):
        legs = [height[f'{side}_{n}'] for n in ('hip', 'knee', 'ankle')]
        assert legs == sorted(legs, reverse=True)
        # A knee bends to one side only: the shin stays behind the thigh.
        hip, knee, ankle = (
            joints[f'{side}_{n}'] for n in ('hip', 'knee', 'ankle')
        )
        turn = np.cross(knee - hip, ankle - knee)[:, 0]
        assert (turn > -1e-3).all() and turn.max() > 0.05
    left, right = (joints[f'{s}_hip'][:, 0].mean() for s in ('left', 'right'))
    assert left > right
    # The legs take turns.
    ahead = [joints[f'{s}_ankle'][:, 2] for s in ('left', 'right')]
    assert np.corrcoef(*ahead)[0, 1] < -0.5


def test_the_bag_holds_an_arm_still():
    rng = np.random.default_rng(1)
    walk = draw_walk(draw_person(rng), 'nm', rng)
    free, _ = walk_joints(walk, 80, 0, False)
    held, _ = walk_joints(walk, 80, 0, True)
    move = [np.ptp(j['right_wrist'][:, 2]) for j in (free, held)]
    assert move[1] < 0.6 * move[0]
    np.testing.assert_array_equal(free['left_wrist'], held['left_wrist'])


def test_camera():
    # Left hand, head, one step ahead; see who is where in the image.
    points = np.array([[0.5, 1.0, 0], [0, 1.8, 0], [0, 1.0, 1]])
    for view, expected in (
        (0, [(0.5, 1, 0), (0, 1.8, 0), (0, 1, -1)]),
        (90, [(0, 1, 0.5), (0, 1.8, 0), (1, 1, 0)]),
        (180, [(-0.5, 1, 0), (0, 1.8, 0), (0, 1, 1)]),
    ):
        got = turned(points, np.deg2rad(view))
        np.testing.assert_allclose(got, expected, atol=1e-12)
    x, y = to_pixels(points + np.array((0, 0, 9))).T
    assert x[0] > x[1] == 160 and y[1] < y[0] == 120


def test_views_show_what_they_should():
    data = generate_synthetic_gait(4, (0, 90, 180), (1, 0, 0), noise=0)
    for one in data['annotations']:
        track = one['keypoint'][0].mean(axis=1)
        height = np.ptp(one['keypoint'][0, :, :, 1], axis=1)
        growth = height[-5:].mean() - height[:5].mean()
        if one['view'] == 90:
            assert track[-1, 0] - track[0, 0] > 40
        else:
            assert growth * (1 if one['view'] == 0 else -1) > 5


def rank_1(features, annotations, test):
    """Percent of walks nm-05 and nm-06 whose nearest is the same person.

    Nearest among nm-01 to nm-04 of each other view in turn.
    """
    fields = ('subject', 'view', 'seq', 'condition')
    subject, view, seq, condition = (
        np.array([one[key] for one in annotations]) for key in fields
    )
    normal = test & (condition == 'nm')
    cells = []
    for one in np.unique(view):
        probe = normal & (seq > 4) & (view == one)
        for two in set(view) - {one}:
            gallery = normal & (seq <= 4) & (view == two)
            gaps = features[probe][:, None] - features[gallery]
            nearest = np.square(gaps).sum(-1).argmin(1)
            cells.append(subject[gallery][nearest] == subject[probe])
    return 100 * np.mean(cells)


def summary(clip):
    body = clip - clip.mean(axis=1, keepdims=True)
    body = body / np.ptp(body[..., 1], axis=1).mean()
    moves = body - body.mean(axis=0)
    spectrum = np.abs(np.fft.rfft(moves, n=256, axis=0))[4:28]
    one, two = np.triu_indices(body.shape[1], 1)
    gaps = np.linalg.norm(body[:, one] - body[:, two], axis=-1)
    parts = np.log(spectrum + 0.05), body.mean(0), body.std(0)
    return np.concatenate([p.ravel() for p in (*parts, gaps.mean(0))])


def discriminants(x, who, train):
    """Directions in which persons differ more than their walks."""
    x = (x - x[train].mean(0)) / (x[train].std(0) + 1e-6)
    persons = np.unique(who[train])
    means = np.stack([x[train & (who == p)].mean(0) for p in persons])
    rest = x[train] - means[np.searchsorted(persons, who[train])]
    within = rest.T @ rest / len(rest) + 0.1 * np.eye(x.shape[1])
    values, vectors = np.linalg.eigh(within)
    white = vectors / np.sqrt(values)
    _, _, axes = np.linalg.svd((means - means.mean(0)) @ white, False)
    return x @ white @ axes[: len(persons) - 1].T


def test_persons_are_learnable_but_not_given_away(data):
    """The promise of the module's docstring, with fewer persons."""
    walks = data['annotations']
    names = np.array([one['frame_dir'] for one in walks])
    who = np.array([one['subject'] for one in walks])
    test = np.isin(names, data['split']['test'])
    train = np.isin(names, data['split']['train'])
    middle = [(one['total_frames'] - 60) // 2 for one in walks]
    clips = [
        one['keypoint'][0, start : start + 60].astype(float)
        for one, start in zip(walks, middle, strict=True)
    ]
    plain = np.stack(clips).reshape(len(clips), -1)
    learnt = discriminants(np.stack(list(map(summary, clips))), who, train)
    chance = 100 / 8
    assert chance < rank_1(plain, walks, test) < 50
    assert 60 < rank_1(learnt, walks, test) < 100


@pytest.mark.parametrize('layout', ['coco', 'openpose14'])
def test_loads_as_a_dataset(tmp_path, layout):
    data = generate_synthetic_gait(**SMALL, layout=layout)
    atomic_dump(data, tmp_path / 'gait.pkl')
    settings = dict(pipeline=[], layout=layout)
    path = str(tmp_path / 'gait.pkl')
    train = GaitPoseDataset(path, split='train', num_classes=2, **settings)
    test = GaitPoseDataset(path, split='test', test_mode=True, **settings)
    assert len(train) == len(test) == 16
    assert train.metainfo['classes'] == ['001', '002']


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(num_subjects=3), 'num_subjects must be 4 to 999, got 3'),
        (dict(num_subjects=1000), 'num_subjects must be'),
        (dict(views=()), r'views must be .* got \(\)'),
        (dict(views=(0, 0)), 'views must be different'),
        (dict(views=(270,)), 'views must be'),
        (dict(walks=(0, 0, 0)), 'walks must be three numbers'),
        (dict(walks=(6, 2)), 'walks must be three numbers'),
        (dict(walks=(6, -1, 2)), 'walks must be three numbers'),
        (dict(layout='nturgb+d'), "must be one of coco, openpose14, got 'ntu"),
        (dict(num_frames=(9, 3)), r'num_frames must be .* got \(9, 3\)'),
        (dict(num_frames=(0, 3)), 'num_frames must be'),
        (dict(noise=-0.1), r'noise must be 0 to 1 metre, got -0\.1'),
        (dict(seed=-1), 'seed must be 0 or more'),
    ],
)
def test_bad_settings(change, message):
    with pytest.raises(ValueError, match=message):
        generate_synthetic_gait(**change)
