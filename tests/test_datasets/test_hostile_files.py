"""A thousand and more damaged annotation files: read right, or refused."""

import pickle

import numpy as np
import pytest
import torch

from aclnet_plugin.datasets import SkeletonDataset
from tests.test_datasets.messages import listening
from tests.test_datasets.mutations import (
    BYTE_OPERATORS,
    STRUCTURE_OPERATORS,
    duplicate,
    flip_bits,
    good_content,
    swap_instructions,
)

REFUSALS = (ValueError, FileNotFoundError, pickle.UnpicklingError)
LAYOUTS = ('nturgb+d', 'coco')
FILES_PER_BYTE_OPERATOR = 120
FILES_PER_STRUCTURE_OPERATOR = 40
OFTEN_HARMLESS = (flip_bits, duplicate, swap_instructions)


def load(path, layout='nturgb+d', stream='j', serialize_data=False):
    return SkeletonDataset(
        str(path),
        split='train',
        serialize_data=serialize_data,
        layout=layout,
        num_classes=3,
        stream=stream,
        pipeline=[
            dict(type='CenterSkeleton', layout=layout),
            dict(type='ToStream', layout=layout),
            dict(type='UniformSampleDecode', clip_len=4),
            dict(type='FormatGCNInput', num_person=2),
            dict(type='PackActionInputs'),
        ],
    )


def outcome(path, seed):
    """A dataset, or the one refusal that is allowed."""
    layout = LAYOUTS[seed % 2]
    stream = ('j', 'bm', 'km')[seed % 3]
    try:
        # As in training, but seldom: the host then collects all garbage.
        return load(path, layout, stream, not seed % 8), None
    except REFUSALS as error:
        # ValueError has subclasses that nobody raises on purpose.
        assert type(error) in REFUSALS, repr(error)
        text = str(error)
        assert path.name in text, text
        assert len(text) < 1200 and '\n' not in text, text
        return None, text


def run_all(dataset):
    for index in range(len(dataset)):
        packed = dataset[index]
        assert packed['inputs'].isfinite().all()
        assert packed['inputs'].ndim == 5
        assert packed['data_samples'].gt_label.dtype == torch.int64


@pytest.mark.parametrize('operator', BYTE_OPERATORS)
def test_damaged_bytes(tmp_path, operator):
    path = tmp_path / 'bytes.pkl'
    read = refused = 0
    for seed in range(FILES_PER_BYTE_OPERATOR):
        rng = np.random.default_rng([seed, len(operator.__name__)])
        content = good_content(rng, LAYOUTS[seed % 2])
        data = pickle.dumps(content, protocol=seed // 2 % 6)
        path.write_bytes(operator(rng, data))
        dataset, refusal = outcome(path, seed)
        read, refused = read + (not refusal), refused + bool(refusal)
        if dataset is None:
            continue
        for index in range(len(dataset)):
            info = dataset.get_data_info(index)
            assert type(info['label']) is int and 0 <= info['label'] < 3
            pose = info['keypoint']
            assert pose.shape[1] == info['total_frames'] > 0
            assert np.isfinite(pose.astype(np.float32)).all()
        run_all(dataset)
    print(f'{operator.__name__}: {read} read, {refused} refused')
    least = FILES_PER_BYTE_OPERATOR // 20
    assert refused > 2 * least

    assert read >= least or operator not in OFTEN_HARMLESS


@pytest.mark.parametrize('operator', STRUCTURE_OPERATORS)
def test_damaged_content(tmp_path, operator):
    path = tmp_path / 'content.pkl'
    read = refused = 0
    for seed in range(FILES_PER_STRUCTURE_OPERATOR):
        rng = np.random.default_rng([seed, len(operator.__name__)])
        content = good_content(rng, LAYOUTS[seed % 2])
        expected = operator(rng, content)
        path.write_bytes(pickle.dumps(content, protocol=2 + seed // 2 % 4))
        dataset, refusal = outcome(path, seed)
        if expected is not None:
            assert refusal is not None, f'seed {seed} was read'
            for part in expected:
                assert part in refusal, f'seed {seed}: {refusal}'
            refused += 1
        else:
            assert refusal is None, f'seed {seed}: {refusal}'
            compare(dataset, content)
            run_all(dataset)
            read += 1
    print(f'{operator.__name__}: {read} read, {refused} refused')
    assert read + refused == FILES_PER_STRUCTURE_OPERATOR


def compare(dataset, content):
    """With what was put into the file, without the code under test."""
    wanted = list(content['split']['train'])
    samples = [s for s in content['annotations'] if s['frame_dir'] in wanted]
    assert len(dataset) == len(samples) > 0
    for index, sample in enumerate(samples):
        info = dataset.get_data_info(index)
        for key, value in sample.items():
            if isinstance(value, np.ndarray):
                np.testing.assert_array_equal(info[key], value)
            elif value == value:
                assert info[key] == value
        assert info['total_frames'] == sample['keypoint'].shape[1]
        assert isinstance(info['label'], int)
    classes = content.get('classes')
    assert dataset.metainfo.get('classes') == classes


def test_enough_files():
    byte_files = len(BYTE_OPERATORS) * FILES_PER_BYTE_OPERATOR
    structures = len(STRUCTURE_OPERATORS) * FILES_PER_STRUCTURE_OPERATOR
    assert byte_files + structures > 1000


def test_what_is_left_out_is_counted_and_logged(tmp_path):
    content = good_content(np.random.default_rng(0))
    names = ['alpha', 'lost', 'alpha', 'beta', *'pqrst']
    content['split']['train'] = names
    path = tmp_path / 'absent.pkl'
    path.write_bytes(pickle.dumps(content))
    with listening() as messages:
        assert len(load(path)) == 2
    absent, twice = messages.warnings
    assert "6 of the 8 samples of split 'train'" in absent
    assert "'lost', 'p', 'q' and 3 more" in absent
    assert 'names 1 samples more than once' in twice and "'alpha'" in twice
    assert 'absent.pkl' in absent and 'absent.pkl' in twice
    assert any('2 of 3 annotated samples' in m for m in messages.infos)
