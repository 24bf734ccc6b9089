"""A store instead of a pickle makes no difference but in time."""

import copy
import pickle
import random
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from torch.utils.data import DataLoader

from aclnet_plugin.datasets import (
    SkeletonDataset,
    SkeletonStoreDataset,
    check_labels,
)
from aclnet_plugin.datasets.store import write_store
from aclnet_plugin.utils.safe_pickle import safe_load
from tests.test_datasets.equality import same
from tests.test_datasets.messages import listening

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def both(write, tmp_path):
    """Write samples as a pickle and as a store; returns both paths."""

    def both(samples, split=None, **extra):
        content = dict(annotations=samples, **extra)
        if split is not None:
            content['split'] = split
        path = write(content)
        write_store(safe_load(path), tmp_path / 'ann.store', overwrite=True)
        return path, str(tmp_path / 'ann.store')

    return both


def load(path, pipeline=(), **kwargs):
    return SkeletonDataset(path, pipeline=list(pipeline), **kwargs)


def drawn(dataset, rounds=2):
    """What comes out of the pipeline, with the same random numbers."""
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    indices = [*range(len(dataset))] * rounds
    return [dataset[index] for index in indices]


def described(value):
    return re.sub(r' at 0x\w+', '', str(value))


def assert_equal(ours, other):
    assert len(ours) == len(other) > 0
    for one, two in zip(drawn(ours), drawn(other), strict=True):
        assert one.keys() == two.keys()
        for key, value in one.items():
            if key == 'data_samples':
                assert described(value) == described(two[key])
            else:
                assert same(value, two[key]), key


def three_d(sample, joints=25):
    sizes = [(1, 4), (2, 30), (1, 1), (2, 12), (1, 150)]
    for number, (persons, frames) in enumerate(sizes):
        yield sample(f's{number}', number % 3, persons, frames, joints)


def flat(sample):
    for number in range(4):
        one = sample(f'gym{number}', number, 1 + number % 2, 9, 17, 2)
        one['keypoint'] = one['keypoint'] * np.float16(50) + np.float16(200)
        one['keypoint_score'] = np.full(
            one['keypoint'].shape[:-1], 0.5 + number / 10, np.float16
        )
        one.update(img_shape=(480, 640), original_shape=(480, 640))
        yield one


def listed(sample):
    for number in range(4):
        rows = np.sort(np.arange(20 + number) % 11)
        one = sample(f'clip{number}', number, 1, len(rows), 17)
        one['keypoint'] = np.abs(one['keypoint'][0]) * np.float16(100)
        one.update(
            total_frames=12,
            frame_inds=rows.astype(np.int32),
            img_shape=(340, 256),
            original_shape=(340, 256),
            box_score=np.linspace(0.3, 0.9, len(rows), dtype=np.float16),
            valid={0.5: 4 + number, 0.6: number, 0.7: 0, 0.8: 0, 0.9: 0},
        )
        yield one


FLAT = [
    dict(type='UniformSampleFrames', clip_len=8),
    dict(type='PoseDecode'),
    dict(
        type='Flip',
        flip_ratio=0.5,
        left_kp=[1, 3, 5, 7, 9, 11, 13, 15],
        right_kp=[2, 4, 6, 8, 10, 12, 14, 16],
    ),
    dict(type='AddVirtualJoints', layout='coco_new'),
    dict(type='ToStream', layout='coco_new'),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]
IN_PLACE = [
    dict(type='PreNormalize2D'),
    dict(type='GenSkeFeat', dataset='coco', feats=['jm']),
    dict(type='UniformSampleFrames', clip_len=8),
    dict(type='PoseDecode'),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]
HOST_3D = [
    dict(type='PreNormalize3D'),
    dict(type='GenSkeFeat', dataset='nturgb+d', feats=['bm']),
    dict(type='PadTo', length=200),
    dict(type='UniformSampleFrames', clip_len=8),
    dict(type='PoseDecode'),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]
NTU = Config.fromfile(ROOT / 'configs/_base_/datasets/ntu_3d.py')
UCLA = Config.fromfile(ROOT / 'configs/_base_/datasets/nw_ucla_3d.py')
CASES = [
    (three_d, NTU.train_pipeline, dict(layout='nturgb+d', stream='bm')),
    (three_d, NTU.test_pipeline, dict(layout='nturgb+d', test_mode=True)),
    (three_d, HOST_3D, {}),
    (
        lambda sample: three_d(sample, 20),
        UCLA.train_pipeline,
        dict(layout='kinect_v1', stream='km'),
    ),
    (flat, FLAT, dict(layout='coco_new', stream='b')),
    (flat, IN_PLACE, dict(serialize_data=False)),
    (
        listed,
        [dict(type='DecompressPose'), *FLAT],
        dict(layout='coco_new', valid_ratio=0.0),
    ),
    (listed, [dict(type='DecompressPose'), *FLAT], dict(valid_ratio=0.4)),
    (three_d, [], dict(multi_class=True, num_classes=3)),
    (three_d, [], dict(data_prefix=dict(video='videos'))),
]


@pytest.mark.parametrize(('make', 'pipeline', 'settings'), CASES)
def test_same_samples(sample, both, make, pipeline, settings):
    samples = list(make(sample))
    names = [one['frame_dir'] for one in samples]
    split = dict(some=[*names[::-2], 'gone'], every=names)
    path, folder = both(samples, split)
    for name in ('some', 'every', None):
        # Some transforms write into what they are given.
        settings = settings | dict(split=name, pipeline=pipeline)
        pickled = SkeletonDataset(path, **copy.deepcopy(settings))
        stored = SkeletonDataset(folder, **copy.deepcopy(settings))
        assert type(stored) is SkeletonStoreDataset
        assert_equal(stored, pickled)


def test_samples_are_free_to_be_changed(samples, both):
    _, folder = both(samples)
    dataset = load(folder)
    before = dataset.get_data_info(1)
    changed = dataset.get_data_info(1)
    changed['keypoint'][:] = 7
    assert changed['keypoint'].flags.writeable
    assert same(dataset.get_data_info(1), before)


def test_integers_and_defaults(samples, both):
    pose = np.arange(2 * 4 * 25 * 3, dtype=np.uint16).reshape(2, 4, 25, 3)
    samples[0].update(label=np.int64(1), keypoint=pose)
    del samples[0]['total_frames']
    samples[1]['keypoint'] = np.asfortranarray(samples[1]['keypoint'])
    path, folder = both(samples)
    assert_equal(load(folder), load(path))
    assert load(folder)[0]['keypoint'].dtype == np.float32


SUBSETS = [0, 1, 2, -1, -2, [0], [2, 0, 0], (1,), [-1], []]


@pytest.mark.parametrize('indices', SUBSETS)
def test_subsets(samples, both, indices):
    path, folder = both(samples, dict(a=['two', 'single_frame', 'one']))
    settings = dict(split='a', serialize_data=False)
    for whole in (load(path, **settings), load(folder, **settings)):
        part = whole.get_subset(indices)
        again = whole.get_subset(indices)
        whole.get_subset_(indices)
        direct = load(whole.ann_file, indices=indices, **settings)
        for other in (part, again, whole, direct):
            assert type(other) is type(whole)
            names = [other[i]['frame_dir'] for i in range(len(other))]
            if whole.ann_file == path:
                expected = names
            assert names == expected


def test_subsets_do_not_share_a_memo(samples, both, monkeypatch):
    (memo,) = BaseDataset._copy_without_annotation.__defaults__
    for path in both(samples):
        dataset = load(path)
        monkeypatch.setitem(memo, id(dataset.pipeline), 'of long ago')
        assert len(dataset.get_subset(2)[1]['keypoint'])


def test_bad_subsets(samples, both):
    _, folder = both(samples)
    with pytest.raises(IndexError, match='3'):
        load(folder, indices=[3])
    for indices in ('a', [0.5], [[0, 1]], ['a']):
        with pytest.raises(TypeError, match='indices'):
            load(folder, indices=indices)
    dataset = load(folder)
    for index in (3, -4):
        with pytest.raises(IndexError):
            dataset[index]


def test_wrappers(samples, both):
    path, folder = both(samples)

    def build(type, **kwargs):
        results = []
        for file in (path, folder):
            inner = dict(type='SkeletonDataset', ann_file=file, pipeline=[])
            inner = [inner] if type == 'ConcatDataset' else inner
            key = 'datasets' if type == 'ConcatDataset' else 'dataset'
            results.append(DATASETS.build({'type': type, key: inner} | kwargs))
        return results

    for type, kwargs in (
        ('RepeatDataset', dict(times=2)),
        ('ConcatDataset', {}),
        ('ClassBalancedDataset', dict(oversample_thr=0.9)),
    ):
        pickled, stored = build(type, **kwargs)
        assert_equal(stored, pickled)
        assert check_labels(stored, 3) == check_labels(pickled, 3)
        with pytest.raises(ValueError, match="'single_frame'"):
            check_labels(stored, 2)


def test_classes_of_several_labels(samples, both):
    samples[0]['label'] = [2, 0]
    samples[1]['label'] = np.int64(1)
    for path in both(samples):
        dataset = load(path, multi_class=True, num_classes=3)
        assert [dataset.get_cat_ids(i) for i in range(3)] == [[2, 0], [1], [2]]
        assert dataset[0]['label'].tolist() == [1, 0, 1]


def test_lazy_and_root_and_pathlike(samples, both):
    _, folder = both(samples, classes=['a', 'b'])
    folder = Path(folder)
    dataset = load('ann.store', data_root=str(folder.parent), lazy_init=True)
    assert type(dataset) is SkeletonStoreDataset
    assert 'classes' not in dataset.metainfo
    dataset.full_init()
    assert dataset.metainfo['classes'] == ['a', 'b']
    assert len(load(folder)) == 3
    named = load(folder, metainfo=dict(classes=['c']))
    assert named.metainfo['classes'] == ['c']


def test_messages_are_those_of_the_pickle(samples, sample, both):
    samples.append(sample('less', label=5, joints=20))
    split = dict(
        good=['one', 'two', 'gone', 'one'], bad=['gone'], last=['less']
    )
    path, folder = both(samples, split)

    def told(file, **settings):
        settings = dict(split='good', layout='nturgb+d') | settings
        with listening() as messages:
            try:
                dataset = load(file, **settings)
                messages.warnings.append(dataset.left_out)
            except ValueError as error:
                messages.warnings.append(str(error))
        return [
            re.sub(r'\S+/ann\.\w+', 'FILE', str(text))
            for text in (*messages.warnings, *messages.infos)
        ]

    for settings in (
        {},
        dict(split='bad'),
        dict(split='none'),
        dict(split=None),
        dict(split='last'),
        dict(split='last', check=False),
        dict(num_classes=1),
        dict(layout='coco_new'),
        dict(split=None, layout='kinect_v1', num_classes=5),
        dict(split=None, layout=None, num_classes=5),
        dict(split=None, layout=None, num_classes=1),
        dict(valid_ratio=0.5),
    ):
        expected = told(path, **settings)
        assert expected and told(folder, **settings) == expected


def test_filter_leaves_the_same(sample, both):
    path, folder = both(list(listed(sample)))
    for ratio in (0.4, 1, 0.0, None):
        pickled, stored = (load(p, valid_ratio=ratio) for p in (path, folder))
        assert_equal(stored, pickled)
    with pytest.raises(ValueError, match='leaves none of the 4 samples'):
        load(folder, valid_ratio=0.4, box_thr=0.9)


def test_a_folder_of_skeletons_is_not_needed(samples, both):
    _, folder = both(samples)
    with listening() as messages:
        dataset = load(folder, data_prefix=dict(skeleton='elsewhere'))
    (warning,) = messages.warnings
    assert 'holds the skeletons themselves' in warning
    assert len(dataset[0]['keypoint'])


class Derived(SkeletonDataset):
    pass


def test_refusals(samples, both, tmp_path):
    _, folder = both(samples)
    with pytest.raises(FileNotFoundError, match=r'build_store\.py'):
        load(str(tmp_path / 'none.store'))
    with pytest.raises(ValueError, match='is no store'):
        load(str(tmp_path))
    with pytest.raises(ValueError, match='derive that class from'):
        Derived(folder, pipeline=[])


def test_a_copy_for_a_worker_is_small(sample, both):
    samples = [sample(f'{n:04}', 0, 1, 1, 1) for n in range(2000)]
    names = [one['frame_dir'] for one in samples]
    _, folder = both(samples, dict(train=names[::-1]))
    for split in (None, 'train'):
        dataset = load(folder, split=split)
        sent = pickle.dumps(dataset)
        assert len(sent) < 5000
        back = pickle.loads(sent)
        assert type(back) is SkeletonStoreDataset
        assert same(back[7], dataset[7])
        assert same(copy.deepcopy(dataset)[7], dataset[7])


@pytest.mark.parametrize('start', ['fork', 'spawn'])
def test_workers(sample, both, start):
    samples = list(three_d(sample))
    _, folder = both(samples, dict(a=[s['frame_dir'] for s in samples]))
    dataset = load(folder, NTU.val_pipeline, split='a', layout='nturgb+d')
    loader = DataLoader(
        dataset,
        batch_size=None,
        num_workers=2,
        multiprocessing_context=start,
    )
    received = list(loader)
    assert len(received) == 5
    for index, one in enumerate(received):
        assert same(one['inputs'], dataset[index]['inputs'])
