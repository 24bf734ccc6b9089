"""The check of the data tells the same of a store and of its pickle."""

import dataclasses
import re

import numpy as np
import pytest
from mmengine.dataset import RepeatDataset
from torch.utils.data import ConcatDataset, Subset

from aclnet_plugin.datasets import GaitPoseDataset, SkeletonDataset
from aclnet_plugin.datasets.inspection import Expectation, inspect_data
from aclnet_plugin.datasets.inspection.survey import members, survey
from aclnet_plugin.datasets.store import write_store
from aclnet_plugin.utils.safe_pickle import safe_load

PIPELINE = [
    dict(type='UniformSampleDecode', clip_len=4),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]


@pytest.fixture
def load(write, tmp_path):
    """The same samples from a pickle and from a store."""

    def load(samples, split, kind=SkeletonDataset, **more):
        path = write(samples, split)
        folder = str(tmp_path / 'ann.store')
        write_store(safe_load(path), folder, overwrite=True)
        more |= dict(pipeline=PIPELINE, check=False)
        return [
            {name: kind(file, split=name, **more) for name in split}
            for file in (path, folder)
        ]

    return load


@pytest.fixture
def odd(samples, sample):
    """Samples with all that the check looks for."""
    samples += [sample('twin', 3, 2, 30), sample('blank', frames=6)]
    samples[3]['keypoint'] = samples[1]['keypoint'].copy()
    samples[4]['keypoint'][:] = 0
    samples[0]['label'] = [2, np.int64(0)]
    samples[2]['label'] = np.int32(7)
    samples.append(sample('half', frames=9))
    samples[5]['keypoint'][:, 4] = 0
    samples[5]['keypoint'] = samples[5]['keypoint'].astype(np.float32)
    whole = np.arange(2 * 4 * 20 * 3, dtype=np.uint8).reshape(2, 4, 20, 3)
    samples.append(sample('whole') | dict(keypoint=whole))
    listed = sample('listed', joints=17)
    listed.update(
        keypoint=np.ones((6, 17, 3), np.float32),
        frame_inds=np.array([0, 0, 1, 2, 2, 3]),
    )
    return [*samples, listed]


def split_of(samples):
    names = [one['frame_dir'] for one in samples]
    return dict(train=[*names[:3], *names[4:]], val=names[3:5])


def told(problem):
    return re.sub(r'\S+/ann\.\w+', 'FILE', str(problem))


def test_same_findings(odd, load):
    pickled, stored = load(odd, split_of(odd), layout='nturgb+d')
    expectation = Expectation(4, 25, 'nturgb+d', 3)
    expected = inspect_data(pickled, expectation)
    report = inspect_data(stored, expectation)
    assert list(map(told, report.problems)) == list(
        map(told, expected.problems)
    )
    assert len(report.problems) > 8
    for one, two in zip(report.splits, expected.splits, strict=True):
        assert dataclasses.replace(one, files=()) == dataclasses.replace(
            two, files=()
        )


def wrapped(parts):
    repeated = RepeatDataset(parts['train'], 2)
    both = ConcatDataset([parts['val'], repeated])
    return Subset(both, [0, 3, 4, 9, 10])


@pytest.mark.parametrize('wrap', [wrapped, lambda parts: parts['train']])
def test_same_survey(odd, load, wrap):
    pickled, stored = load(
        odd, split_of(odd), data_prefix=dict(video='videos')
    )
    seen = []

    def track(items, description, total):
        seen.append(total)
        return items

    surveys = [
        [survey(*member, track) for member in members(wrap(parts))]
        for parts in (pickled, stored)
    ]
    for one, two in zip(*surveys, strict=True):
        for field in dataclasses.fields(one):
            if field.name not in ('dataset', 'file'):
                values = getattr(one, field.name), getattr(two, field.name)
                assert values[0] == values[1], field.name
        for place, shape in enumerate(one.shapes):
            assert one.keypoint(place).shape == shape
            np.testing.assert_array_equal(
                one.keypoint(place), two.keypoint(place)
            )
    assert all(seen)


def test_labels_numbered_anew(samples, load):
    """The index knows those of the file: 40, 50 and 60."""
    for place, one in enumerate(samples):
        one['label'] = 40 + 10 * place
        one.update(subject=place, condition='nm', seq=1, view=90)
    split = dict(train=['single_frame', 'one'], val=['two'])
    settings = dict(kind=GaitPoseDataset, min_frames=0)
    reports = [
        inspect_data(datasets, Expectation(2))
        for datasets in load(samples, split, **settings)
    ]
    for report in reports:
        assert not report.of('error')
        assert report.splits[0].class_counts == {0: 1, 1: 1}
    assert list(map(told, reports[0].problems)) == list(
        map(told, reports[1].problems)
    )
    for datasets in load(samples, split, **settings, test_mode=True):
        (_, val) = inspect_data(datasets, Expectation(2)).splits
        assert val.identity_counts == {50: 1}


def test_copies_are_found_between_store_and_pickle(odd, load):
    pickled, stored = load(odd, split_of(odd))
    for train, val in ((pickled, stored), (stored, pickled)):
        report = inspect_data(
            dict(train=train['train'], val=val['val']), Expectation()
        )
        assert any('twin = two' in str(p) for p in report.problems)


def test_key_points_are_not_read(odd, load, monkeypatch):
    _, stored = load(odd, split_of(odd))

    def none(*args):
        raise AssertionError

    monkeypatch.setattr(
        'aclnet_plugin.datasets.inspection.survey.content_hash', none
    )
    monkeypatch.setattr(type(stored['val'].data_list), '__iter__', none)
    assert inspect_data(stored, Expectation()).splits
