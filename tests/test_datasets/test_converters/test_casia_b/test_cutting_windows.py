"""Windows of sequences, compared with a loop over frames."""

import numpy as np
import pytest

from aclnet_plugin.datasets.converters import BadFile
from aclnet_plugin.datasets.converters.casia_b.joints import to_openpose14
from aclnet_plugin.datasets.converters.casia_b.windows import (
    cut_content,
    cut_sequence,
)
from tests.test_datasets.equality import same


def make_sample(name='001-nm-01-090', frames=100, joints=17, persons=1):
    rng = np.random.default_rng(frames)
    shape = (persons, frames, joints)
    return dict(
        frame_dir=name,
        label=0,
        keypoint=np.float32(rng.normal(size=(*shape, 2))),
        keypoint_score=np.float32(rng.uniform(size=shape)),
        total_frames=frames,
        img_shape=(240, 320),
        subject=1,
        condition='nm',
        frame_ids=np.int32(np.arange(frames) * 2 + 5),
    )


def make_content():
    samples = [
        make_sample('a', 100),
        make_sample('b', 80),
        make_sample('c', 39),
        make_sample('d', 40),
    ]
    split = dict(train=['a', 'c'], test=['d', 'b'], both=['a', 'd'], none=[])
    return dict(split=split, annotations=samples, made_by='me')


@pytest.mark.parametrize('persons', [1, 2])
@pytest.mark.parametrize(
    ('frames', 'length', 'stride'),
    [
        (100, 40, 40),
        (80, 40, 40),
        (79, 40, 40),
        (39, 40, 40),
        (40, 40, 20),
        (100, 40, 20),
        (99, 40, 20),
        (100, 10, 35),
        (7, 1, 1),
    ],
)
def test_windows_equal_a_loop(frames, length, stride, persons):
    sample = make_sample(frames=frames, persons=persons)
    windows = cut_sequence(sample, length, stride)
    start, count = 0, 0
    while start + length <= frames:
        window = windows[count]
        wanted = dict(
            sample,
            frame_dir=f'001-nm-01-090-w{count:02d}',
            total_frames=length,
            window=count,
            keypoint=np.stack(
                [sample['keypoint'][:, start + t] for t in range(length)], 1
            ),
            keypoint_score=np.stack(
                [
                    sample['keypoint_score'][:, start + t]
                    for t in range(length)
                ],
                1,
            ),
            frame_ids=np.array(
                [sample['frame_ids'][start + t] for t in range(length)],
                np.int32,
            ),
        )
        assert list(window) == list(wanted)
        for key, value in window.items():
            if isinstance(value, np.ndarray):
                assert value.dtype == wanted[key].dtype
                np.testing.assert_array_equal(value, wanted[key])
            else:
                assert value == wanted[key]
        start, count = start + stride, count + 1
    assert len(windows) == count


def test_a_content():
    content = make_content()
    result, cutting = cut_content(content, 'x.pkl')
    names = [window['frame_dir'] for window in result['annotations']]
    assert names == ['a-w00', 'a-w01', 'b-w00', 'b-w01', 'd-w00']
    assert result['split'] == dict(
        train=['a-w00', 'a-w01'],
        test=['b-w00', 'b-w01', 'd-w00'],
        both=['a-w00', 'a-w01', 'd-w00'],
        none=[],
    )
    assert result['made_by'] == 'me'
    assert (cutting.sequences, cutting.short) == (3, 1)
    assert cutting.rest == 20 + 39 and cutting.unlisted == 0
    assert same(content, make_content()), 'the input is left as it is'


def test_some_splits_with_strides_of_their_own():
    result, cutting = cut_content(
        make_content(),
        'x.pkl',
        stride=30,
        split_strides=dict(train=20),
        splits=['train', 'test'],
    )
    assert list(result['split']) == ['train', 'test']
    assert result['split']['train'] == [f'a-w{n:02d}' for n in range(4)]
    assert result['split']['test'] == ['b-w00', 'b-w01', 'd-w00']
    assert cutting.rest == 39 + 10
    result, cutting = cut_content(make_content(), 'x.pkl', splits=['test'])
    assert len(result['annotations']) == 3 and cutting.unlisted == 2


def test_frames_between_windows_are_in_none():
    result, cutting = cut_content(
        make_content(), 'x.pkl', length=10, stride=35
    )
    assert len(result['annotations']) == 3 + 3 + 1 + 1
    assert cutting.rest == 100 + 80 + 39 + 40 - 8 * 10


def test_without_splits():
    samples = make_content()['annotations']
    for content in (samples, dict(annotations=samples)):
        result, _ = cut_content(content, 'x.pkl')
        assert len(result['annotations']) == 5 and 'split' not in result


def test_a_split_that_names_what_is_not_there():
    content = make_content()
    content['split']['train'] += ['z']
    _, cutting = cut_content(content, 'x.pkl')
    assert "'train' have no annotation" in cutting.warnings[0]


WRONG = [
    (dict(length=0), 'must be positive: 0'),
    (dict(stride=0), 'must be positive: 0'),
    (dict(split_strides=dict(train=-1)), 'must be positive: -1'),
    (dict(split_strides=dict(val=20)), "names 'val', which is not cut"),
    (
        dict(split_strides=dict(train=20)),
        r"'a' is in train \(stride 20\) and in both \(stride 40\).*--splits",
    ),
    (dict(splits=['val']), "no split 'val'"),
    (dict(splits=['none']), "split 'none' is empty"),
    (dict(splits=['train', 'train']), 'names train twice'),
    (dict(length=101), 'no sequence has the 101 frames'),
]  # fmt: skip


@pytest.mark.parametrize(('options', 'message'), WRONG)
def test_what_cannot_be_done(options, message):
    with pytest.raises(ValueError, match=message):
        cut_content(make_content(), 'x.pkl', **options)


def test_14_joints_need_17():
    samples = [make_sample(joints=14)]
    with pytest.raises(BadFile, match=r"x\.pkl: .*01-090' has 14 joints; op"):
        cut_content(samples, 'x.pkl', reduce=to_openpose14)


def test_splits_that_are_none():
    for split, message in (
        (['a'], 'must be a dict of lists'),
        (dict(train=None), 'must be a list of sample names'),
        (dict(train=['z']), 'none of which is annotated'),
    ):
        content = dict(make_content(), split=split)
        with pytest.raises(ValueError, match=message):
            cut_content(content, 'x.pkl')


BAD = [
    (dict(window=0), 'is a window already'),
    (dict(total_frames=41), 'says total_frames=41'),
    (dict(label=-1), 'negative label'),
    (dict(keypoint=np.zeros((1, 80, 17))), r'it must be \(M persons'),
    (dict(frame_ids=np.arange(3)), 'one number for each of its 80 frames'),
    (dict(frame_ids=[1] * 80), 'one number for each of its 80 frames'),
    (
        dict(
            keypoint=np.zeros((80, 17, 3)),
            frame_inds=np.zeros(80, int),
            keypoint_score=np.zeros((80, 17)),
        ),
        'is a list of single skeletons',
    ),
]


@pytest.mark.parametrize(('change', 'message'), BAD)
def test_sequences_that_cannot_be_cut(change, message):
    content = make_content()
    content['annotations'][1].update(change)
    with pytest.raises(BadFile, match=rf"x\.pkl: sample 'b' .*{message}"):
        cut_content(content, 'x.pkl')
    result, cutting = cut_content(content, 'x.pkl', on_error='skip')
    assert result['split']['test'] == ['d-w00']
    assert len(cutting.problems) == 1 and cutting.sequences == 2


# Joints of COCO in the order of OpenPose, and the two that the neck is of.
NAMED = dict(
    nose=0, right_shoulder=6, right_elbow=8, right_wrist=10, left_shoulder=5,
    left_elbow=7, left_wrist=9, right_hip=12, right_knee=14, right_ankle=16,
    left_hip=11, left_knee=13, left_ankle=15,
)  # fmt: skip


@pytest.mark.parametrize('dtype', ['float16', 'float32'])
def test_14_joints(dtype):
    sample = make_sample(frames=3)
    for key in ('keypoint', 'keypoint_score'):
        sample[key] = sample[key].astype(dtype)
    before = {k: np.copy(v) for k, v in sample.items()}
    result = to_openpose14(sample, 'x.pkl')
    assert result['keypoint'].shape == (1, 3, 14, 2)
    assert result['keypoint_score'].shape == (1, 3, 14)
    places = [0, *range(2, 14)]
    for key in ('keypoint', 'keypoint_score'):
        assert result[key].dtype == dtype
        for frame in range(3):
            old, new = sample[key][0, frame], result[key][0, frame]
            for place, joint in zip(places, NAMED.values(), strict=True):
                np.testing.assert_array_equal(new[place], old[joint])
            neck = (old[5].astype(float) + old[6].astype(float)) / 2
            np.testing.assert_allclose(new[1], neck, rtol=2e-3)
    for key, value in before.items():
        np.testing.assert_array_equal(sample[key], value)
    rest = ('keypoint', 'keypoint_score')
    for key in sample:
        assert key in rest or result[key] is sample[key]
    del sample['keypoint_score']
    assert 'keypoint_score' not in to_openpose14(sample, 'x.pkl')
