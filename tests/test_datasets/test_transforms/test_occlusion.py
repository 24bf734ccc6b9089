"""Missing joints and frames."""

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS

from aclnet_plugin.datasets import CenterSkeleton, DropFrames, OccludeJoints
from aclnet_plugin.structures import get_layout


def sample(name='a', frames=10, joints=25, score=False):
    rng = np.random.default_rng(frames)
    made = dict(
        frame_dir=name,
        total_frames=frames,
        keypoint=rng.uniform(1, 2, (2, frames, joints, 3)),
    )
    if score:
        made['keypoint_score'] = rng.uniform(0.5, 1, (2, frames, joints))
    return made


def missing(results, key='keypoint'):
    """Joints that are zero everywhere."""
    gone = results[key] == 0
    gone = gone.all(-1) if key == 'keypoint' else gone
    every = gone.all((0, 1))
    assert (gone == every).all(), 'all frames and persons alike'
    return np.flatnonzero(every).tolist()


@pytest.mark.parametrize(
    ('joints', 'expected'),
    [
        ('left_arm', [4, 5, 6, 7, 21, 22]),
        ('two_hands', [21, 22, 23, 24]),
        ('trunk', [0, 1, 2, 3, 20]),
        ([3, 9], [3, 9]),
        ((), []),
    ],
)
def test_named_joints(joints, expected):
    before = sample(score=True)
    kept = {key: np.copy(value) for key, value in before.items()}
    got = OccludeJoints(joints)(dict(before))
    assert missing(got) == missing(got, 'keypoint_score') == expected
    rest = np.setdiff1d(np.arange(25), expected)
    for key in ('keypoint', 'keypoint_score'):
        np.testing.assert_array_equal(
            got[key][:, :, rest], kept[key][:, :, rest]
        )
        # The dataset's own arrays are as they were.
        np.testing.assert_array_equal(before[key], kept[key])


def test_layout_of_the_dataset():
    results = sample(joints=17) | dict(layout=get_layout('coco'))
    assert missing(OccludeJoints('head')(results)) == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="'coco' has no part 'trunk'"):
        OccludeJoints('trunk')(results)


def test_virtual_joints_that_are_not_there_yet():
    run = OccludeJoints('trunk', layout='coco_new')
    assert missing(run(sample(joints=17))) == [0, 1, 2, 3, 4]
    assert missing(run(sample(joints=20))) == [0, 1, 2, 3, 4, 17, 18, 19]


def test_random_joints_depend_on_seed_and_sample_alone():
    def drawn(seed, name):
        run = OccludeJoints(num_random=4, seed=seed)
        return tuple(missing(run(sample(name))))

    first = drawn(0, 'a')
    assert len(first) == 4
    np.random.seed(5)
    assert drawn(0, 'a') == first
    assert np.random.get_state()[2] == 624, 'drew nothing of its own'
    assert len({first, drawn(1, 'a'), drawn(0, 'b')}) == 3
    every = {joint for i in range(60) for joint in drawn(0, f's{i}')}
    assert every == set(range(25))


def test_random_joints_come_on_top():
    run = OccludeJoints('trunk', num_random=20, seed=3)
    assert missing(run(sample())) == list(range(25))
    got = missing(OccludeJoints([0, 1], num_random=3, seed=3)(sample()))
    assert len(got) == 5 and got[:2] == [0, 1]


def test_without_a_seed_the_global_generator_draws():
    run = OccludeJoints(num_random=5)
    np.random.seed(1)
    first, second = missing(run(sample())), missing(run(sample()))
    np.random.seed(1)
    assert missing(run(sample())) == first != second


@pytest.mark.parametrize('remove', [False, True])
@pytest.mark.parametrize(
    ('ratio', 'frames', 'lost'),
    [(0.0, 10, 0), (0.3, 10, 3), (0.99, 10, 9), (0.5, 1, 0)],
)
def test_frames(ratio, frames, lost, remove):
    before = sample(frames=frames, score=True)
    whole = before['keypoint']
    got = DropFrames(ratio, remove=remove, seed=0)(dict(before))
    assert before['keypoint'] is whole and (whole != 0).all()
    if remove:
        left = got['keypoint'].shape[1]
        assert got['total_frames'] == left == frames - lost
        # What is left keeps its order.
        places = [
            np.flatnonzero((whole == got['keypoint'][:, [t]]).all((0, 2, 3)))
            for t in range(left)
        ]
        assert np.all(np.diff(np.concatenate(places)) > 0)
    else:
        gone = (got['keypoint'] == 0).all((0, 2, 3))
        assert gone.sum() == lost and got['total_frames'] == frames
        assert ((got['keypoint_score'] == 0).all((0, 2)) == gone).all()
        np.testing.assert_array_equal(
            got['keypoint'][:, ~gone], whole[:, ~gone]
        )


def test_frames_depend_on_seed_and_sample():
    def lost(seed, name):
        got = DropFrames(0.5, seed=seed)(sample(name, frames=40))
        return tuple((got['keypoint'] == 0).all((0, 2, 3)))

    assert lost(0, 'a') == lost(0, 'a')
    assert len({lost(0, 'a'), lost(1, 'a'), lost(0, 'b')}) == 3


def test_missing_frames_are_taken_out_by_what_centres():
    """Zero is what a recording has where nobody was seen."""
    frames = dict(ratio=0.4, seed=2)
    zeroed = CenterSkeleton()(DropFrames(**frames)(sample()))
    removed = CenterSkeleton()(DropFrames(remove=True, **frames)(sample()))
    assert zeroed['total_frames'] == 6
    np.testing.assert_array_equal(zeroed['keypoint'], removed['keypoint'])


@pytest.mark.parametrize('joints', ['left_arm', 'two_legs'])
def test_before_or_after_centring_is_the_same_without_the_centre(joints):
    centre, hide = CenterSkeleton(center=1), OccludeJoints(joints)
    before = centre(hide(sample()))['keypoint']
    after = hide(centre(sample()))['keypoint']
    np.testing.assert_array_equal(before, after)


def test_a_missing_centre_is_not_the_same():
    centre, hide = CenterSkeleton(center=1), OccludeJoints('trunk')
    before = centre(hide(sample()))['keypoint']
    after = hide(centre(sample()))['keypoint']
    assert np.abs(before - after).max() > 0.9, 'not centred at all'


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (lambda: OccludeJoints('tail', layout='coco'), 'no part .tail.'),
        (lambda: OccludeJoints([25], layout='nturgb+d'), 'joint 25'),
        (lambda: OccludeJoints([-1])(sample()), 'joint -1'),
        (lambda: OccludeJoints(num_random=-1), 'negative'),
        (lambda: OccludeJoints(num_random=26)(sample()), '25 joints'),
        (lambda: OccludeJoints([0])(dict(frame_dir='x')), 'x has no keypoint'),
        (lambda: DropFrames(1.0), 'below 1'),
        (lambda: DropFrames(-0.1), 'at least 0'),
        (
            lambda: DropFrames(0.5, remove=True)(
                sample() | dict(frame_inds=0)
            ),
            'before the transform',
        ),
    ],
)
def test_what_is_wrong_is_explained(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_registered():
    joints = TRANSFORMS.build(dict(type='OccludeJoints', joints='trunk'))
    assert "joints='trunk'" in repr(joints)
    frames = TRANSFORMS.build(dict(type='DropFrames', ratio=0.25))
    assert 'ratio=0.25' in repr(frames)
