"""check_labels looks through wrappers and stock datasets."""

import numpy as np
import pytest
from mmaction.datasets import PoseDataset
from mmaction.registry import DATASETS
from mmengine.dataset import (
    ClassBalancedDataset,
    ConcatDataset,
    RepeatDataset,
)
from torch.utils.data import ConcatDataset as AnyConcat
from torch.utils.data import Subset

from aclnet_plugin.datasets import SkeletonDataset, check_labels
from aclnet_plugin.datasets.checks import label_problem


@pytest.fixture(params=[PoseDataset, SkeletonDataset])
def dataset(request, samples, write):
    return request.param(write(samples), pipeline=[])


def wrappers(dataset):
    yield dataset
    yield RepeatDataset(dataset, times=3)
    yield ConcatDataset([dataset, dataset])
    yield AnyConcat([dataset, RepeatDataset(dataset, times=2)])
    yield Subset(dataset, [0])


def test_looks_through_wrappers(dataset):
    for wrapped in wrappers(dataset):
        assert check_labels(wrapped, 3) % 3 == 0
        with pytest.raises(ValueError, match=r"'single_frame'.*label 2") as e:
            check_labels(wrapped, 2)
        assert 'ann.pkl' in str(e.value)
        assert 'num_classes' in str(e.value)


def test_looks_at_every_part_of_a_concatenation(samples, write):
    *fine, _ = samples
    good = SkeletonDataset(write(fine), pipeline=[])
    mixed = SkeletonDataset(write(samples), pipeline=[])
    for parts in ([good, mixed], [mixed, good]):
        with pytest.raises(ValueError, match='single_frame'):
            check_labels(ConcatDataset(parts), 2)


def test_class_balanced(samples, write):
    class WithIds(SkeletonDataset):
        def get_cat_ids(self, idx):
            return [self.get_data_info(idx)['label']]

    wrapped = ClassBalancedDataset(WithIds(write(samples), pipeline=[]), 0.5)
    with pytest.raises(ValueError, match='label 2'):
        check_labels(wrapped, 2)


def test_without_serialization_and_lazily(samples, write):
    path = write(samples)
    for extra in (dict(serialize_data=False), dict(lazy_init=True)):
        assert check_labels(PoseDataset(path, [], **extra), 3) == 3


def test_many_offenders_are_counted(sample, write):
    bad = [sample(f'bad{i}', label=9) for i in range(5)]
    dataset = DATASETS.build(
        dict(type='PoseDataset', ann_file=write(bad), pipeline=[])
    )
    with pytest.raises(ValueError, match=r'bad0.*bad1.*bad2.*and 2 more'):
        check_labels(dataset, 9)


def test_labels_the_host_would_accept_silently(sample, write):
    for label in (-1, 1.5, 'x', None):
        dataset = PoseDataset(write([sample('odd', label=label)]), [])
        with pytest.raises(ValueError, match='odd'):
            check_labels(dataset, 9)


def test_messages_about_labels_are_short_whatever_the_label():
    endless = []
    endless.append(endless)
    for label in (
        endless,
        [[1]],
        {},
        'x' * 10**6,
        10**5000,
        -(10**5000),
        2**31,
        np.zeros(10**5),
        np.array(1),
        [1, None],
        np.bool_(True),
    ):
        assert len(label_problem(label, None)) < 200
    for label in (0, np.int8(3), [0, 3], (np.uint64(1),)):
        assert label_problem(label, 4) is None
