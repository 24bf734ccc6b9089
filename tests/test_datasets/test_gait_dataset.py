"""Walks: rules, labels of persons, messages; from pickles and stores."""

import copy
import pickle

import numpy as np
import pytest
from mmaction.registry import DATASETS
from torch.utils.data import DataLoader

from aclnet_plugin.datasets import (
    GaitPoseDataset,
    GaitPoseStoreDataset,
    SkeletonDataset,
    check_labels,
)
from aclnet_plugin.datasets.store import write_store
from aclnet_plugin.utils.safe_pickle import safe_load
from tests.test_datasets.equality import same
from tests.test_datasets.messages import listening

META = ('frame_dir', 'subject', 'condition', 'seq', 'view', 'sample_idx')
CROP = dict(type='SampleFrames', clip_len=60, frame_interval=1, num_clips=1)
LAST = [
    dict(type='PoseDecode'),
    dict(type='FormatGCNInput', num_person=1),
    dict(type='PackActionInputs', meta_keys=META),
]


def make_walk(subject, condition='nm', seq=1, view=90, frames=61, **others):
    name = f'{subject:03d}-{condition}-{seq:02d}-{view:03d}'
    rng = np.random.default_rng([subject, seq, view])
    return dict(
        frame_dir=name,
        label=subject - 1,
        total_frames=frames,
        keypoint=rng.uniform(0, 240, (1, frames, 17, 2)).astype('f4'),
        keypoint_score=rng.uniform(0, 1, (1, frames, 17)).astype('f4'),
        img_shape=(240, 320),
        original_shape=(240, 320),
        subject=subject,
        condition=condition,
        seq=seq,
        view=view,
        **others,
    )


def make_walks():
    """Persons 3, 5 and 8; of person 5 only short walks are not in a coat."""
    for subject in (8, 3, 5):
        for condition, seq in (('nm', 1), ('nm', 2), ('cl', 1)):
            for view in (0, 90):
                short = subject == 5 and condition == 'nm'
                frames = 60 if short else 61 + seq
                yield make_walk(subject, condition, seq, view, frames)


@pytest.fixture(params=['pkl', 'store'])
def ann_file(request, write, tmp_path):
    """Write walks as one or the other; returns the path."""

    def ann_file(walks, split=None):
        path = write(list(walks), split)
        if request.param == 'pkl':
            return path
        store = tmp_path / 'ann.store'
        write_store(safe_load(path), store, overwrite=True)
        return str(store)

    return ann_file


def load(path, pipeline=(), **settings):
    return GaitPoseDataset(path, pipeline=list(pipeline), **settings)


def names(dataset):
    return [dataset[index]['frame_dir'] for index in range(len(dataset))]


def test_the_path_decides_the_class(ann_file):
    path = ann_file(make_walks())
    dataset = DATASETS.build(
        dict(
            type='GaitPoseDataset',
            ann_file=path,
            pipeline=[],
            stream='bm',
            layout='coco',
        )
    )
    store = path.endswith('store')
    kind = GaitPoseStoreDataset if store else GaitPoseDataset
    assert type(dataset) is kind
    assert isinstance(dataset, SkeletonDataset)
    sample = dataset[0]
    assert sample['stream'] == 'bm' and sample['layout'].name == 'coco'


def test_stock_dataset_reads_the_same(ann_file):
    path = ann_file(make_walks())
    ours = load(path, min_frames=0, test_mode=True)
    plain = SkeletonDataset(path, pipeline=[], test_mode=True)
    assert len(ours) == len(plain) == 18
    for index in range(18):
        one, two = ours[index], plain[index]
        assert one.keys() == two.keys()
        assert all(same(one[key], two[key]) for key in one)


def test_short_walks_are_removed_and_counted(ann_file):
    path = ann_file(make_walks())
    with listening() as messages:
        dataset = load(path)
    assert len(dataset) == 14 and dataset.rules.removed['min_frames'] == 4
    told = '14 of 18 walks are used (4 removed by min_frames=61)'
    assert any(told in message for message in messages.infos)
    assert not messages.warnings
    assert len(load(path, min_frames=60)) == 18
    with listening() as messages:
        assert len(load(path, min_frames=0)) == 18
    assert any('short walks are repeated' in one for one in messages.infos)


def test_the_rule_holds_for_the_test_walks_as_well(ann_file):
    assert len(load(ann_file(make_walks()), test_mode=True)) == 14


@pytest.mark.parametrize(
    ('settings', 'expected'),
    [
        (dict(conditions=['cl']), 6),
        (dict(conditions=('nm', 'cl')), 14),
        (dict(views=[90]), 7),
        (dict(views=range(0, 90, 18)), 7),
        (dict(subjects=[5, 8]), 8),
        (dict(subjects=(5,), conditions=['cl'], views=[0]), 1),
    ],
)
def test_filters_by_loop(ann_file, settings, expected):
    dataset = load(ann_file(make_walks()), **settings)
    kept = [
        walk['frame_dir']
        for walk in make_walks()
        if walk['total_frames'] >= 61
        and walk['condition'] in settings.get('conditions', ['nm', 'cl'])
        and walk['view'] in settings.get('views', [0, 90])
        and walk['subject'] in settings.get('subjects', [3, 5, 8])
    ]
    assert names(dataset) == kept and len(kept) == expected


def test_all_that_was_removed_is_told(ann_file):
    path = ann_file(make_walks())
    with listening() as messages:
        load(path, subjects=[5, 8], conditions=['nm'], views=[0, 180])
    (warning,) = messages.warnings
    assert 'no walk has a value of views: 180' in warning
    (told,) = [one for one in messages.infos if 'walks are used' in one]
    assert "2 of 18 walks are used (6 removed by conditions=('nm'); " in told
    assert '6 removed by views=(0, 180); ' in told
    assert '2 removed by subjects=(5, 8); 2 removed by min_frames=61' in told


def test_labels_of_persons_to_train_on_are_contiguous(ann_file):
    path = ann_file(make_walks())
    dataset = load(path, num_classes=3)
    ranks = {3: 0, 5: 1, 8: 2}
    for index in range(len(dataset)):
        sample = dataset[index]
        assert sample['label'] == ranks[sample['subject']]
        assert dataset.get_cat_ids(index) == [sample['label']]
    assert check_labels(dataset, 3) == 14
    assert dataset.metainfo['classes'] == ['003', '005', '008']
    # Without the walks in a coat, nothing is left of person 5.
    assert load(path, conditions=['nm'])[0]['label'] == 1


def test_labels_of_test_persons_stay(ann_file):
    dataset = load(ann_file(make_walks()), test_mode=True, num_classes=2)
    assert [dataset[0]['label'], dataset.get_cat_ids(4)] == [7, [7]]
    assert {dataset.get_cat_ids(index)[0] for index in range(14)} == {2, 4, 7}


def test_identities_need_no_pipeline(ann_file):
    def fail(results):
        raise AssertionError

    dataset = load(ann_file(make_walks()), [fail])
    labels = [dataset.get_cat_ids(index)[0] for index in range(14)]
    assert labels == [2] * 6 + [0] * 6 + [1] * 2


def test_metainfo(ann_file):
    meta = load(ann_file(make_walks()), views=[0]).metainfo
    assert meta == dict(
        classes=['003', '005', '008'],
        subjects=[3, 5, 8],
        conditions=['cl', 'nm'],
        views=[0],
        min_frames=61,
        test_mode=False,
    )


def test_a_test_that_was_taken_for_a_training_is_told(ann_file):
    path = ann_file(make_walks())
    middle = [dict(CROP, test_mode=True), *LAST]
    with listening() as messages:
        dataset = load(path, middle)
    (warning,) = messages.warnings
    assert warning.startswith(f'{path}: SampleFrames has test_mode=True, but')
    assert 'set test_mode=True of the dataset' in warning
    assert not dataset.metainfo['test_mode']
    with listening() as messages:
        dataset = load(path, middle, test_mode=True)
        load(path, [CROP, *LAST])
    assert not messages.warnings and dataset.metainfo['test_mode']


def test_classes_of_the_file_are_kept_by_label(write):
    content = dict(
        annotations=list(make_walks()), classes=[f'p{i}' for i in range(9)]
    )
    dataset = load(write(content))
    assert dataset.metainfo['classes'] == ['p2', 'p4', 'p7']
    test = load(write(content), test_mode=True)
    assert len(test.metainfo['classes']) == 9


def test_split_then_rules(ann_file):
    walks = list(make_walks())
    split = dict(some=[walk['frame_dir'] for walk in walks[6:]])
    dataset = load(ann_file(walks, split), split='some', conditions=['cl'])
    assert names(dataset) == [
        '003-cl-01-000', '003-cl-01-090', '005-cl-01-000', '005-cl-01-090',
    ]  # fmt: skip
    assert [dataset.get_cat_ids(i)[0] for i in range(4)] == [0, 0, 1, 1]


def test_unknown_subjects_go_by_their_labels(ann_file):
    walks = [make_walk(9), make_walk(4), make_walk(9, seq=2)]
    for walk in walks:
        walk.update(subject=-1, condition='na', seq=-1, view=-1)
    dataset = load(ann_file(walks))
    assert [dataset[index]['label'] for index in range(3)] == [1, 0, 1]
    assert dataset.metainfo['classes'] == ['3', '8']


@pytest.mark.parametrize('test_mode', [False, True])
def test_metadata_arrive_in_the_data_sample(ann_file, test_mode):
    pipeline = [dict(CROP, test_mode=test_mode), *LAST]
    dataset = load(ann_file(make_walks()), pipeline, test_mode=test_mode)
    packed = dataset[9]
    assert packed['inputs'].shape == (1, 1, 60, 17, 3)
    assert packed['data_samples'].metainfo == dict(
        frame_dir='003-nm-02-090',
        subject=3,
        condition='nm',
        seq=2,
        view=90,
        sample_idx=9,
    )
    walk = make_walk(3, 'nm', 2, 90, 63)
    if test_mode:
        np.testing.assert_array_equal(
            packed['inputs'][0, 0, ..., :2], walk['keypoint'][0, 1:61]
        )
        np.testing.assert_array_equal(
            packed['inputs'][0, 0, ..., 2], walk['keypoint_score'][0, 1:61]
        )


def test_samples_are_completed(ann_file):
    walks = list(make_walks())
    for walk in walks:
        del walk['total_frames']
        walk['keypoint'] = walk['keypoint'].astype(np.int16)
        walk['label'] = np.int64(walk['label'])
    dataset = load(ann_file(walks))
    assert len(dataset) == 14
    sample = dataset[13]
    assert sample['keypoint'].dtype == np.float32
    assert sample['total_frames'] == 62
    assert type(sample['label']) is int and sample['label'] == 1


def test_short_walks_are_repeated(ann_file):
    walks = [make_walk(1, frames=25)]
    dataset = load(ann_file(walks), [CROP, *LAST], min_frames=0)
    clip = dataset[0]['inputs'][0, 0, ..., :2].numpy()
    for frame in range(60):
        np.testing.assert_array_equal(
            clip[frame], walks[0]['keypoint'][0, frame % 25]
        )


def test_copies_and_workers(ann_file):
    dataset = load(ann_file(make_walks()), [CROP, *LAST])
    for other in (copy.deepcopy(dataset), pickle.loads(pickle.dumps(dataset))):
        assert type(other) is type(dataset)
        assert other.get_cat_ids(13) == [1]
    loader = DataLoader(
        dataset, 7, num_workers=1, collate_fn=lambda batch: batch
    )
    labels = [int(s['data_samples'].gt_label) for b in loader for s in b]
    assert labels == [2] * 6 + [0] * 6 + [1] * 2
    part = dataset.get_subset([12, 0])
    assert [part.get_cat_ids(i)[0] for i in range(2)] == [1, 2]
    assert len(load(dataset.ann_file, indices=5)) == 5


@pytest.mark.parametrize(
    'key', ['subject', 'condition', 'seq', 'view', 'label']
)
def test_missing_keys(ann_file, key):
    walks = list(make_walks())
    del walks[4][key]
    with pytest.raises(ValueError, match=f"'008-cl-01-000' .*has no {key}"):
        load(ann_file(walks))


@pytest.mark.parametrize(
    ('key', 'value', 'message'),
    [
        ('subject', '008', "has '008' as subject; it must be an integer"),
        ('subject', None, 'has None as subject'),
        ('view', 90.0, r'has 90\.0 as view; it must be an integer'),
        ('seq', True, 'has True as seq'),
        ('condition', 1, 'has 1 as condition; it must be a text'),
        ('condition', '', "has '' as condition"),
        ('label', [7], 'has a list of 1 item as label'),
    ],
)
def test_wrong_keys(ann_file, key, value, message):
    walks = list(make_walks())
    walks[4][key] = value
    with pytest.raises(ValueError, match=f'number 4.*{message}') as caught:
        load(ann_file(walks))
    assert 'ann.' in str(caught.value)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(label=2), "'008-nm-01-000' and '008-cl-01-000'.*subject 8"),
        (dict(subject=3), 'same subject 3, but the labels 7 and 2'),
        (dict(subject=6), 'same label 7, but the subjects 8 and 6'),
    ],
)
def test_labels_that_contradict_subjects(ann_file, change, message):
    walks = list(make_walks())
    walks[4].update(change)
    path = ann_file(walks)
    with pytest.raises(ValueError, match=message):
        load(path)
    assert len(load(path, test_mode=True)) == 14


def test_number_of_persons(ann_file):
    path = ann_file(make_walks())
    with pytest.raises(
        ValueError, match='num_classes=2, but the persons are 3; set'
    ):
        load(path, num_classes=2)
    with listening() as messages:
        load(path, num_classes=74)
    (warning,) = messages.warnings
    assert 'num_classes=74, but the persons are 3; is this' in warning


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(min_frames=-1), 'min_frames is -1'),
        (dict(min_frames=61.0), r'min_frames is 61\.0'),
        (dict(min_frames=True), 'min_frames is True'),
        (dict(conditions='nm'), "conditions is 'nm'; it must be a list"),
        (dict(conditions=[]), 'conditions is a list of 0 items'),
        (dict(conditions=[1]), 'it must be a list of texts'),
        (dict(views=90), 'views is 90; it must be a list of integers'),
        (dict(views=['090']), 'it must be a list of integers'),
        (dict(subjects=(1.0,)), 'it must be a list of integers'),
        (dict(multi_class=True), 'multi_class has no meaning'),
        (dict(min_frames=500), 'none of the 18 walks is left.*18 removed'),
        (dict(conditions=['xy']), r"none of.*removed by conditions=\('xy'\)"),
    ],
)
def test_bad_settings(ann_file, settings, message):
    path = ann_file(make_walks())
    with pytest.raises(ValueError, match=message):
        load(path, **settings)
