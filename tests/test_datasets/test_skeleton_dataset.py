"""The dataset: what it loads, stamps, and refuses."""

import os
import pickle
import re

import numpy as np
import pytest
from mmaction.datasets import PoseDataset
from mmaction.registry import DATASETS

from aclnet_plugin.datasets import SkeletonDataset
from tests.test_datasets.messages import listening


def load(path, **kwargs):
    return SkeletonDataset(path, pipeline=[], **kwargs)


def test_loads_what_the_host_loads(samples, write):
    path = write(samples, split=dict(train=['one', 'single_frame']))
    ours = load(path, split='train')
    host = PoseDataset(path, pipeline=[], split='train')
    assert len(ours) == len(host) == 2
    for index in range(2):
        mine, theirs = ours[index], host[index]
        assert mine.pop('stream') == 'j'
        assert mine.keys() == theirs.keys()
        np.testing.assert_array_equal(mine['keypoint'], theirs['keypoint'])
        assert mine['keypoint'].dtype == np.float16


def test_is_registered(samples, write):
    dataset = DATASETS.build(
        dict(
            type='SkeletonDataset',
            ann_file=write(samples),
            stream='km',
            layout='nturgb+d',
            pipeline=[dict(type='ToStream', layout='nturgb+d')],
        )
    )
    assert dataset[0]['stream'] == 'km'
    assert dataset[0]['keypoint'].dtype == np.float32


def test_plain_list_and_whole_file(samples, write):
    assert len(load(write(samples))) == 3
    assert len(load(write(samples, split={}))) == 3


def test_unknown_stream(samples, write):
    with pytest.raises(ValueError, match='j, b, k, jm, bm, km'):
        load(write(samples), stream='x')


def test_total_frames_is_filled_in(samples, write):
    del samples[1]['total_frames']
    assert load(write(samples))[1]['total_frames'] == 30


PIPELINE = [
    dict(type='PreNormalize3D', align_spine=False, align_shoulder=False),
    dict(type='RandomRot', theta=0.2),
    dict(type='SkeletonFlip'),
    dict(type='PartDrop'),
    dict(type='ToStream'),
    dict(type='UniformSampleDecode', clip_len=8),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]


@pytest.mark.parametrize('stream', ['j', 'b', 'k', 'jm', 'bm', 'km'])
@pytest.mark.parametrize('first', ['PreNormalize3D', 'CenterSkeleton'])
def test_one_frame_and_empty_samples_run_through(
    samples, sample, write, stream, first
):
    samples.append(sample('nobody', frames=5))
    samples[-1]['keypoint'][:] = 0
    pipeline = [dict(step) for step in PIPELINE]
    if first != 'PreNormalize3D':
        pipeline[0] = dict(type=first)
    dataset = SkeletonDataset(write(samples), pipeline=pipeline, stream=stream)
    for index in range(4):
        packed = dataset[index]['inputs']
        assert packed.shape == (1, 2, 8, 25, 3)
        assert packed.isfinite().all()
    assert not packed.any()
    single = dataset[2]['inputs'][0, 0]
    if stream.endswith('m'):
        assert not single.any()
    else:
        assert (single == single[:1]).all() and single.any()


def test_missing_empty_and_foreign_files(tmp_path):
    path = tmp_path / 'ann.pkl'
    with pytest.raises(FileNotFoundError, match=r'ann\.pkl'):
        load(str(path))
    for content in (b'', b'hello', pickle.dumps(os.system)):
        path.write_bytes(content)
        with pytest.raises(pickle.UnpicklingError, match=r'ann\.pkl'):
            load(str(path))


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (dict(split={}), 'without the key "annotations"'),
        (dict(annotations=dict(a=1)), 'holds a dict where a list'),
        ('text', 'holds a str where a list'),
        ([], 'has no annotations'),
        (dict(annotations=[], split={}), 'has no annotations'),
        ([1, 2], 'number 0 is a int'),
    ],
)
def test_wrong_structure(write, content, message):
    with pytest.raises(ValueError, match=message) as caught:
        load(write(content))
    assert 'ann.pkl' in str(caught.value)


def test_splits(samples, write):
    split = dict(train=['one'], val=['two', 'gone', 'lost'], bad=['gone'])
    path = write(samples, split=split)
    with pytest.raises(ValueError, match=r"\['bad', 'train', 'val'\]"):
        load(path, split='test')
    with pytest.raises(ValueError, match='none of which is annotated'):
        load(path, split='bad')
    with listening() as messages:
        assert len(load(path, split='val')) == 1
    (warning,) = messages.warnings
    assert '2 of the 3 samples' in warning and "'gone', 'lost'" in warning
    with pytest.raises(ValueError, match='available: none'):
        load(write(samples), split='train')


def replaced(array, index, value):
    array = array.copy()
    array[index] = value
    return array


POSE = np.ones((2, 4, 25, 3), np.float16)
BAD = [
    (dict(label=None), 'label None'),
    (dict(label='3'), r"label '3' \(str\)"),
    (dict(label=1.0), r'label 1\.0 \(float\)'),
    (dict(label=True), 'label True'),
    (dict(label=-1), 'negative label -1'),
    (dict(label=3), 'label 3, but there are 3 classes'),
    (dict(keypoint=POSE.tolist()), 'keypoint of type list'),
    (dict(keypoint=POSE[0]), r'shape \(4, 25, 3\)'),
    (dict(keypoint=POSE[:0]), r'no person \(M = 0\)'),
    (dict(keypoint=POSE[:, :0], total_frames=0), r'no frame \(T = 0\)'),
    (dict(keypoint=POSE[:, :3]), 'total_frames=4, but its keypoint has 3'),
    (dict(keypoint=POSE[:, :, :20]), r"has 20 joints.*'nturgb\+d' has 25"),
    (dict(keypoint=POSE[..., :2]), 'has 2 coordinates'),
    (dict(keypoint=POSE[..., :1]), 'has 1 channels'),
    (dict(keypoint=POSE.astype(str)), 'must be numeric'),
    (
        dict(keypoint=replaced(POSE, (1, 3, 24, 0), np.nan)),
        'value nan at person 1, frame 3, joint 24',
    ),
    (
        dict(keypoint=replaced(POSE, (0, 2, 7, 1), -np.inf)),
        'value -inf at person 0, frame 2, joint 7',
    ),
    (dict(keypoint_score=np.ones((2, 4, 25))), 'goes with two coordinates'),
    (dict(label=[]), 'empty list of labels'),
    (dict(total_frames=4.0), r'has 4\.0 as total_frames'),
    (dict(img_shape=(0, 640)), 'has 0 as img_shape'),
    (dict(keypoint=POSE.astype('f8') * 1e300), r'value 1e\+300 at person 0'),
    (dict(keypoint=POSE * np.float16(4e4)), 'half|overflows'),
]


@pytest.mark.parametrize(('change', 'message'), BAD)
def test_bad_samples(samples, write, change, message):
    samples[1] = dict(
        frame_dir='wrong', label=1, total_frames=4, keypoint=POSE
    )
    samples[1].update(change)
    path = write(samples)
    settings = dict(layout='nturgb+d', num_classes=3)
    with pytest.raises(ValueError, match=message) as caught:
        load(path, **settings)
    text = str(caught.value)
    assert 'ann.pkl' in text and "'wrong' (number 1)" in text
    assert len(load(path, check=False, **settings)) == 3


@pytest.mark.parametrize('key', ['label', 'keypoint'])
def test_missing_keys(samples, write, key):
    del samples[2][key]
    with pytest.raises(ValueError, match=f'single_frame.*no {key}'):
        load(write(samples))


def test_scores_are_checked(sample, write):
    one = sample('flat', joints=17, channels=2)
    one['keypoint_score'] = np.ones((1, 4, 17), np.float16)
    assert len(load(write([one]), layout='coco_new')) == 1
    one['keypoint_score'][0, 2, 5] = np.nan
    with pytest.raises(ValueError, match='keypoint_score value nan at perso'):
        load(write([one]), layout='coco_new')
    one['keypoint_score'] = np.ones((1, 4, 16), np.float16)
    with pytest.raises(ValueError, match='keypoint_score of shape'):
        load(write([one]), layout='coco_new')


def test_two_samples_of_one_name(samples, sample, write):
    samples.append(sample('two'))
    with pytest.raises(ValueError, match="'two' is there twice") as caught:
        load(write(samples))
    assert 'number 1 and number 3' in str(caught.value)


def test_places_are_those_of_the_file(samples, write):
    samples[2]['label'] = -1
    path = write(samples, split=dict(train=['single_frame']))
    with pytest.raises(ValueError, match=r"'single_frame' \(number 2\)"):
        load(path, split='train')


def test_integers_become_what_the_host_takes(samples, write):
    pose = np.arange(2 * 4 * 25 * 3, dtype=np.uint16).reshape(2, 4, 25, 3)
    samples[0].update(
        label=np.int64(1), total_frames=np.int32(4), keypoint=pose
    )
    info = load(write(samples)).get_data_info(0)
    assert type(info['label']) is int and type(info['total_frames']) is int
    assert info['keypoint'].dtype == np.float32
    np.testing.assert_array_equal(info['keypoint'], pose)


def test_classes_become_metainfo(samples, write):
    content = dict(annotations=samples, classes=['a', 'b'])
    assert load(write(content)).metainfo['classes'] == ['a', 'b']
    content['classes'] = 'ab'
    with pytest.raises(ValueError, match='"classes"'):
        load(write(content))


KINETICS = dict(
    keypoint=np.ones((6, 17, 3), np.float16),
    frame_inds=np.array([0, 0, 1, 2, 2, 3]),
)
BAD_FILES = [
    ([1], 'a list of 1 item'),
    ({1: 2}, 'a dict of 1 item'),
    ({}, 'no keypoint'),
    (KINETICS | dict(frame_inds=[0, 0, 1, 2, 2, 3]), 'no NumPy array'),
    (KINETICS | dict(frame_inds=np.zeros(6)), 'no NumPy array of integers'),
    (KINETICS | dict(frame_inds=np.zeros(5, int)), '6 skeletons but 5'),
    (KINETICS | dict(frame_inds=np.zeros((6, 1), int)), r'shape \(6, 1\)'),
    (KINETICS | dict(frame_inds=np.array(0)), 'but 1 frame_inds'),
    (KINETICS | dict(frame_inds=np.arange(6) + 1), 'from 1 to 6'),
    (KINETICS | dict(frame_inds=np.arange(6) // 2 - 1), 'from -1 to 1'),
    (KINETICS | dict(frame_inds=np.arange(6)[::-1] // 2), 'do not ascend'),
    (KINETICS | dict(keypoint=np.ones((0, 17, 3))), 'no skeleton at all'),
    (KINETICS | dict(keypoint=np.ones((6, 17, 2))), 'have 3'),
    (KINETICS | dict(keypoint=np.full((6, 17, 3), 7e4)), 'value 70000'),
    (KINETICS | dict(total_frames='4'), "'4' as total_frames"),
    (KINETICS | dict(box_score=np.ones(5)), 'box_score of shape'),
    (KINETICS | dict(label='x'), "label 'x'"),
    (KINETICS | dict(frame_dir=[]), 'as frame_dir'),
]


@pytest.mark.parametrize(('content', 'message'), BAD_FILES)
def test_bad_files_of_one_sample(tmp_path, write, content, message):
    (tmp_path / 'clip.pkl').write_bytes(pickle.dumps(content))
    entry = dict(frame_dir='clip', label=1, total_frames=4)
    prefix = dict(skeleton=str(tmp_path))
    dataset = load(write([entry]), data_prefix=prefix, layout='coco_new')
    with pytest.raises(ValueError, match=message) as caught:
        dataset.get_data_info(0)
    text = str(caught.value)
    assert 'clip.pkl' in text and 'number 0' in text


def test_no_file_of_a_sample(tmp_path, write):
    prefix = dict(skeleton=str(tmp_path))
    dataset = load(write([dict(frame_dir='c', label=1)]), data_prefix=prefix)
    with pytest.raises(FileNotFoundError, match=r"c\.pkl.*sample 'c'.*ann"):
        dataset.get_data_info(0)
    dataset = load(write([dict(label=1)]), data_prefix=prefix)
    with pytest.raises(ValueError, match=r'number 0.*no frame_dir'):
        dataset.get_data_info(0)


def valid_samples(sample):
    for number in range(4):
        one = sample(f'clip{number}')
        one['valid'] = {0.5: number, 0.7: 0}
        one['box_score'] = np.array([0.6, 0.4])
        yield one


def test_what_valid_ratio_filters_is_logged(sample, write):
    path = write(list(valid_samples(sample)))
    with listening() as messages:
        dataset = load(path, valid_ratio=0.5)
    assert len(dataset) == 2
    assert dataset[0]['anno_inds'].tolist() == [True, False]
    assert any('2 of 4 samples are left out' in m for m in messages.infos)
    with pytest.raises(ValueError, match='leaves none of the 4 samples'):
        load(path, valid_ratio=0.5, box_thr=0.7)
    with pytest.raises(ValueError, match=r"'clip0' .*threshold 0\.9"):
        load(path, valid_ratio=0.5, box_thr=0.9)


def test_skeletons_in_files_of_their_own(tmp_path, write):
    rng = np.random.default_rng(0)
    inner = dict(
        keypoint=rng.normal(size=(6, 17, 3)).astype(np.float16),
        frame_inds=np.array([0, 0, 1, 2, 2, 3]),
    )
    (tmp_path / 'clip.pkl').write_bytes(pickle.dumps(inner))
    entry = dict(frame_dir='clip', label=1, total_frames=4)
    settings = dict(
        data_prefix=dict(skeleton=str(tmp_path)), layout='coco_new'
    )
    dataset = load(write([entry]), **settings)
    np.testing.assert_array_equal(dataset[0]['keypoint'], inner['keypoint'])
    inner['keypoint'][3, 2, 0] = np.nan
    (tmp_path / 'clip.pkl').write_bytes(pickle.dumps(inner))
    with pytest.raises(ValueError, match='skeleton 3, joint 2'):
        load(write([entry]), **settings).get_data_info(0)
    (tmp_path / 'clip.pkl').write_bytes(pickle.dumps(os.system))
    with pytest.raises(pickle.UnpicklingError, match=re.escape('clip.pkl')):
        load(write([entry]), **settings).get_data_info(0)


def test_multi_class_labels(samples, write):
    for one in samples:
        one['label'] = [one['label'], 0]
    dataset = load(write(samples), multi_class=True, num_classes=3)
    assert dataset[1]['label'].tolist() == [1.0, 1.0, 0.0]
    samples[0]['label'] = [0, 5]
    with pytest.raises(ValueError, match='label 5'):
        load(write(samples), multi_class=True, num_classes=3)
