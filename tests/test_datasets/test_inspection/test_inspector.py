"""Every fault that the check of the data knows, and its message."""

import pickle
import random

import numpy as np
import pytest
import torch
from mmaction.datasets import PoseDataset
from mmengine.dataset import ClassBalancedDataset, RepeatDataset
from mmengine.runner.runner import _SlicedDataset
from torch.utils.data import ConcatDataset, Subset

from aclnet_plugin.datasets import GaitPoseDataset, SkeletonDataset
from aclnet_plugin.datasets.inspection import Expectation, inspect_data

PIPELINE = [
    dict(type='UniformSampleDecode', clip_len=4),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]
ANY = Expectation()


@pytest.fixture
def load(write, tmp_path):
    """A dataset of samples, each time in a file of its own."""
    taken = []

    def load(samples, kind=PoseDataset, split=None, pipeline=(), **more):
        taken.append(None)
        path = tmp_path / f'{len(taken)}.pkl'
        content = (
            samples
            if split is None
            else dict(
                annotations=samples,
                split={split: [s['frame_dir'] for s in samples]},
            )
        )
        path.write_bytes(pickle.dumps(content))
        more |= dict(split=split, pipeline=list(pipeline))
        return kind(str(path), **more)

    return load


def only(report, severity):
    """The single problem of this severity."""
    (problem,) = report.of(severity)
    return problem


def many(sample, total, start=0):
    """Samples of different content."""
    return [
        sample(f's{i:03d}', frames=i + 4) for i in range(start, start + total)
    ]


def test_good_data(samples, load):
    report = inspect_data({'train': load(samples[:2])}, Expectation(2))
    assert not report.problems
    (split,) = report.splits
    assert (split.sequences, split.drawn) == (2, 2)
    assert split.class_counts == {0: 1, 1: 1}
    assert split.lengths == {4: 1, 30: 1}
    assert split.length_range() == (4, 17, 30)
    assert split.persons == {1: 1, 2: 1}
    assert (split.joints, split.channels) == ({25: 2}, {3: 2})
    assert split.dtypes == {'float16': 2}
    assert list(report.lines()) == [
        'Data, train: 2 sequences, 2 classes of 1, 4 to 30 frames (median '
        '17), 1 to 2 persons, 25 joints, 3 channels, float16'
    ]
    report.raise_errors()


@pytest.fixture(autouse=True)
def no_short_sequences(monkeypatch):
    """The samples of these tests have four frames."""
    path = 'aclnet_plugin.datasets.inspection.part_problems.FEW_FRAMES'
    monkeypatch.setattr(path, 2)


def test_wrappers_are_looked_through(sample, load):
    class WithIds(PoseDataset):
        def get_cat_ids(self, idx):
            return [self.get_data_info(idx)['label']]

    first, second = load(many(sample, 3)), load(many(sample, 2, 3))
    joined = ConcatDataset([first, RepeatDataset(second, times=2)])
    balanced = ClassBalancedDataset(
        load([sample('rare', label=1), *many(sample, 9)], WithIds), 0.5
    )
    for dataset, sequences, drawn in [
        (RepeatDataset(first, times=4), 3, 12),
        (joined, 5, 7),
        (balanced, 10, 12),
        (Subset(first, [2, 0]), 2, 2),
        (Subset(joined, [0, 4, 6]), 2, 3),
        (Subset(RepeatDataset(first, times=2), [1, 4, 5]), 2, 3),
        (Subset(Subset(joined, [0, 4, 5]), [1, 2]), 2, 2),
    ]:
        (split,) = inspect_data({'train': dataset}, ANY).splits
        assert (split.sequences, split.drawn) == (sequences, drawn)


def test_limited_epochs_are_looked_through(samples, load):
    dataset = _SlicedDataset(load(samples), 2)
    (split,) = inspect_data({'train': dataset}, ANY).splits
    assert (split.sequences, split.drawn) == (3, 2)


def test_labels_out_of_range(sample, load):
    bad = [sample(f'bad{i}', label=9 + i) for i in range(5)]
    dataset = load([sample('fine'), *bad], split='a')
    problem = only(inspect_data({'train': dataset}, Expectation(9)), 'error')
    assert problem.file == f"{dataset.ann_file}, split 'a'"
    assert problem.what == (
        "sample 'bad0' (number 1) has label 9, but there are 9 classes (0 to "
        "8); sample 'bad1' (number 2) has label 10, but there are 9 classes "
        "(0 to 8); sample 'bad2' (number 3) has label 11, but there are 9 "
        'classes (0 to 8); and 2 more.'
    )
    assert problem.mend == (
        'Set num_classes=14 of the head if the data has so many classes, or '
        'correct the annotation.'
    )


@pytest.mark.parametrize('label', [-1, 1.0, True, 'x', None, [0, 7], {}])
def test_labels_that_are_none(sample, load, label):
    """True and 1.0 are not taken for 1, lists are looked into."""
    dataset = load([sample('one', label=1), sample('odd', label=label)])
    report = inspect_data({'val': dataset}, Expectation(2))
    assert "sample 'odd' (number 1) has" in only(report, 'error').what


def test_multi_label(sample, load):
    dataset = load([sample('one', label=[0, 2]), sample('two', label=[2])])
    (split,) = inspect_data({'val': dataset}, Expectation(3)).splits
    assert split.class_counts == {0: 1, 2: 2}


def test_more_classes_than_the_data_has(samples, load):
    report = inspect_data({'train': load(samples[:2])}, Expectation(60))
    problem = only(report, 'warning')
    assert str(problem) == (
        'model: the head has 60 classes, but the highest label is 1. Set '
        'num_classes=2 of the head, unless the others are left free on '
        'purpose.'
    )


def test_classes_that_training_lacks(sample, load):
    datasets = {
        'train': load([sample('a', 0), sample('c', 2)]),
        'val': load([sample('b', 1, frames=9)]),
    }
    datasets['train']._metainfo['classes'] = ['sit', 'stand', 'fall']
    problem = only(inspect_data(datasets, Expectation(3)), 'warning')
    assert problem.what == (
        "1 class without a sequence: 'stand'; there are some in val."
    )


@pytest.fixture
def load_walks(sample, load):
    """Three walks each of some persons, the labels one below."""

    def load_walks(*subjects, **more):
        walks = [
            sample(f'{subject:03d}-{seq}', subject - 1, frames=subject)
            | dict(subject=subject, condition='nm', seq=seq, view=90)
            for subject in subjects
            for seq in (1, 2, 3)
        ]
        for walk in walks:
            walk['keypoint'] += walk['seq']
        return load(walks, GaitPoseDataset, min_frames=0, **more)

    return load_walks


def test_persons_of_the_tests_are_no_classes(load_walks):
    datasets = {
        'train': load_walks(4, 7),
        'val': load_walks(75, 80, 99, test_mode=True),
    }
    report = inspect_data(datasets, Expectation(2))
    assert not report.problems
    train, val = report.splits
    assert (train.class_counts, train.identity_counts) == ({0: 3, 1: 3}, {})
    assert val.class_counts == {}
    assert val.identity_counts == {74: 3, 79: 3, 98: 3}
    assert '9 sequences, 3 identities of 3, 75 to 99 frames' in str(val)
    # Those to train on are, and labels have to be labels in any case.
    report = inspect_data({'train': load_walks(4, 7, 9)}, Expectation(2))
    assert "'009-1' (number 6) has label 2" in only(report, 'error').what
    odd = load_walks(75, test_mode=True)
    odd.data_list = [odd.get_data_info(0) | dict(label=-1)]
    odd.serialize_data = False
    report = inspect_data({'val': odd}, Expectation(2))
    assert 'the negative label -1' in only(report, 'error').what


def test_persons_beside_classes(load_walks, sample, load):
    """What one of several joined datasets says holds for it alone."""
    joined = ConcatDataset(
        [load([sample('a', 5)]), load_walks(75, test_mode=True)]
    )
    report = inspect_data({'val': joined}, Expectation(5))
    assert "sample 'a' (number 0)" in only(report, 'error').what
    (split,) = report.splits
    assert (split.class_counts, split.identity_counts) == ({5: 1}, {74: 3})


def test_uneven_classes(sample, load):
    dataset = load([sample('rare', 1), *many(sample, 20)])
    problem = only(inspect_data({'train': dataset}, Expectation(2)), 'info')
    assert problem.what == (
        "the largest class, '0' with 20 sequences, has 20 times as many as "
        "the smallest, '1'."
    )


def test_different_numbers_of_joints(sample, load):
    dataset = load([*many(sample, 2), sample('odd', joints=20)])
    report = inspect_data({'train': dataset}, ANY)
    assert only(report, 'error').what == (
        'the sequences differ in their number of joints: 25 '
        "('s000', 's001'), 20 ('odd')."
    )


def test_joints_that_do_not_fit_the_layout_of_the_dataset(sample, load):
    more = dict(kind=SkeletonDataset, layout='nturgb+d', check=False)
    dataset = load([sample('odd', joints=20)], **more)
    assert only(inspect_data({'train': dataset}, ANY), 'error').what == (
        "1 sequence ('odd') without the 25 joints of the layout 'nturgb+d' "
        'of the dataset, with 20.'
    )


def test_a_layout_with_as_many_but_other_joints(sample, load):
    dataset = load(
        [sample('a', joints=20)],
        SkeletonDataset,
        layout='kinect_v1',
        pipeline=PIPELINE,
    )
    expectation = Expectation(joints=20, layout='coco_new')
    report = inspect_data({'train': dataset}, expectation)
    assert only(report, 'warning').what == (
        "the dataset has the layout 'kinect_v1', the graph of the backbone "
        "'coco_new': as many joints, but not the same ones."
    )


@pytest.mark.parametrize(
    ('joints', 'layout', 'has', 'mend'),
    [
        (
            20,
            'nturgb+d',
            25,
            "for 20 joints that is 'coco_new' or 'kinect_v1'.",
        ),
        (17, 'coco_new', 20, "Put dict(type='AddVirtualJoints', layout="),
        (21, None, 25, 'a dict with num_node, inward'),
    ],
)
def test_joints_that_do_not_fit_the_graph(
    sample, load, joints, layout, has, mend
):
    dataset = load([sample('a', joints=joints)], pipeline=PIPELINE)
    expectation = Expectation(joints=has, layout=layout)
    problem = only(inspect_data({'train': dataset}, expectation), 'error')
    graph = f'graph, {layout!r},' if layout else 'graph'
    assert problem.what == (
        f"sample 'a' (number 0) reaches the backbone with {joints} joints, "
        f'but its {graph} has {has}.'
    )
    assert mend in problem.mend


def test_virtual_joints_and_scores_count_as_the_pipeline_makes_them(
    sample, load
):
    one = sample('a', joints=17, channels=2)
    one['keypoint_score'] = np.ones((1, 4, 17), np.float16)
    virtual = dict(type='AddVirtualJoints', layout='coco_new')
    dataset = load([one], pipeline=[virtual, *PIPELINE])
    fits = Expectation(joints=20, layout='coco_new', in_channels=3)
    assert not inspect_data({'train': dataset}, fits).problems


def test_channels_that_do_not_fit(sample, load):
    dataset = load([sample('a', channels=2)], pipeline=PIPELINE)
    expectation = Expectation(joints=25, in_channels=3)
    problem = only(inspect_data({'train': dataset}, expectation), 'error')
    assert problem.what == (
        "sample 'a' (number 0) reaches the backbone with 2 channels, but it "
        'takes 3 (backbone.in_channels).'
    )


def test_a_pipeline_that_fails(sample, load):
    wrong = dict(type='ToStream', layout='kinect_v1', stream='j')
    dataset = load([sample('a')], pipeline=[wrong, *PIPELINE])
    problem = only(
        inspect_data({'train': dataset}, Expectation(joints=25)), 'error'
    )
    assert problem.what == (
        "the pipeline fails at sample 'a' (number 0): ValueError: ToStream: "
        "the sample has 25 joints, the layout 'kinect_v1' has 20."
    )


def test_the_trial_leaves_the_random_generators_alone(sample, load):
    pipeline = [dict(type='RandomRot', theta=0.2), *PIPELINE]
    dataset = load([sample('a')], pipeline=pipeline)

    def draw():
        return random.random(), np.random.rand(), torch.rand(1).item()

    drawn = []
    for check in (False, True):
        random.seed(0), np.random.seed(0), torch.manual_seed(0)
        if check:
            inspect_data({'train': dataset}, Expectation(joints=25))
        drawn.append(draw())
    assert drawn[0] == drawn[1]


def test_relation_vectors(samples, load):
    expectation = Expectation(
        joints=20, relation_dim=625, backbone='ACLGCN', layout='kinect_v1'
    )
    assert str(only(inspect_data({}, expectation), 'error')) == (
        'model: the head takes relation vectors of length 625, but ACLGCN '
        'with 20 joints returns 20 * 20 = 400 numbers. Set '
        'cls_head.relation_dim=400.'
    )


def test_sequences_of_no_use(sample, load, monkeypatch):
    monkeypatch.undo()
    empty = sample('blank', frames=9)
    empty['keypoint'][:] = 0
    # An empty frame in the middle does not make an empty sequence.
    half = sample('half', frames=8)
    half['keypoint'][:, 4] = 0
    again = sample('again', frames=7)
    dataset = load([empty, half, sample('short'), again, again])
    report = inspect_data({'train': dataset}, ANY)
    assert [(p.severity, p.what) for p in report.problems] == [
        ('warning', "1 sequence with fewer than 5 frames: 'short'."),
        ('warning', "1 sequence with key points that are all zero: 'blank'."),
        ('warning', "1 sequence with a name that occurs before: 'again'."),
    ]


def test_an_empty_split(samples, load):
    dataset = load(samples, serialize_data=False, indices=[])
    problem = only(inspect_data({'val': dataset}, ANY), 'error')
    assert problem.what == 'there is no sequence.'
    assert 'valid_ratio' in problem.mend


def test_overlap_by_name(sample, load):
    dataset = load(many(sample, 10))
    datasets = {
        'train': Subset(dataset, range(8)),
        'val': Subset(dataset, range(6, 10)),
    }
    problem = only(inspect_data(datasets, ANY), 'warning')
    assert problem.what == (
        '2 of the 4 sequences are in the training data too (by name: '
        "'s006', 's007')."
    )
    apart = datasets | {'val': Subset(dataset, range(8, 10))}
    assert not inspect_data(apart, ANY).problems


def test_overlap_by_content(sample, load):
    """Under another name, in another file; equal frames are not enough."""
    train = [sample('a', frames=8), sample('bb', frames=8)]
    copy = dict(train[0], frame_dir='copy')
    similar = sample('similar', frames=8)
    similar['keypoint'][:, 4] = train[1]['keypoint'][:, 4]
    dark = [sample(name, frames=8) for name in ('dark', 'darker')]
    for one in dark:
        one['keypoint'][:, 4] = 0
    datasets = {
        'train': load([*train, dark[0]]),
        'test': load([copy, similar, dark[1]]),
    }
    problem = only(inspect_data(datasets, ANY), 'warning')
    assert (problem.split, problem.what) == (
        'test',
        '1 of the 3 sequences are in the training data too (by content: '
        "'copy = a').",
    )


@pytest.mark.parametrize('allowed', [False, True])
def test_validation_on_the_training_split(sample, load, allowed):
    dataset = load(many(sample, 6), split='all')
    datasets = {'train': RepeatDataset(dataset, times=2), 'val': dataset}
    report = inspect_data(datasets, ANY, allow_overlap=allowed)
    problem = only(report, 'warning' if allowed else 'error')
    assert problem.what == (
        'all 6 sequences are in the training data too (by name: '
        "'s000', 's001', 's002' and 3 more)."
    )
    assert ('allow_overlap=True' in problem.mend) is not allowed


def test_samples_without_names_do_not_overlap(sample, load):
    dataset = load(many(sample, 2), serialize_data=False)
    for one in dataset.data_list:
        del one['frame_dir']
    datasets = {'train': Subset(dataset, [0]), 'val': Subset(dataset, [1])}
    assert not inspect_data(datasets, ANY).problems


def test_what_cannot_be_loaded_does_not_hide_the_rest(samples, load):
    lazy = SkeletonDataset('nowhere.pkl', [], lazy_init=True)
    datasets = {
        'train': KeyError('xsub_train'),
        'val': load(samples),
        'test': lazy,
    }
    report = inspect_data(datasets, Expectation(2))
    assert [split.name for split in report.splits] == ['val']
    train, val, test = report.of('error')
    assert str(train) == (
        'train: the dataset cannot be loaded: '
        "KeyError: 'xsub_train'. Correct train_dataloader.dataset. With "
        "type='SkeletonDataset' the message says more."
    )
    assert "There is no file 'nowhere.pkl'" in test.what
    assert "'single_frame'" in val.what


def test_skeletons_in_files_of_their_own(sample, load):
    apart = {k: v for k, v in sample('a', frames=9).items() if k != 'keypoint'}
    (split,) = inspect_data({'train': load([apart])}, ANY).splits
    assert (split.lengths, split.joints) == ({9: 1}, {})


def test_lists_of_single_skeletons(sample, load):
    one = sample('a', frames=7)
    one['keypoint'] = one['keypoint'][0]
    one['frame_inds'] = np.arange(7)
    (split,) = inspect_data({'train': load([one])}, ANY).splits
    assert (split.lengths, split.persons) == ({7: 1}, {})
    assert (split.joints, split.channels) == ({25: 1}, {3: 1})


def test_a_dataset_of_another_kind():
    class Other(torch.utils.data.Dataset):
        def __len__(self):
            return 3

    problem = only(inspect_data({'train': Other()}, ANY), 'info')
    assert problem.what == 'samples of a Other cannot be looked at.'


def test_one_exception_lists_the_errors(sample, load):
    datasets = {
        split: load(
            [sample(f'{split}{i}', label=7, frames=9 + i) for i in range(2)]
        )
        for split in ('train', 'val')
    }
    report = inspect_data(datasets, Expectation(3))
    with pytest.raises(ValueError, match='does not fit this training') as e:
        report.raise_errors(show=1)
    assert "'train0'" in str(e.value) and "'val0'" not in str(e.value)
    assert str(e.value).endswith('and 1 more errors.')


def test_progress_is_told(samples, load):
    told = []

    def track(iterable, description, total):
        told.append((description, total))
        return iterable

    dataset = load(samples)
    inspect_data({'train': dataset}, ANY, track=track)
    assert told == [(dataset.ann_file, 3)]
