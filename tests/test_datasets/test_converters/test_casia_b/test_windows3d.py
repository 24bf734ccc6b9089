"""3D windows: equal arrays, and every kind of damage."""

import pickle

import numpy as np
import pytest

from aclnet_plugin.datasets.converters import BadFile
from aclnet_plugin.datasets.converters.casia_b.window_files import LOST
from aclnet_plugin.datasets.converters.casia_b.windows3d import (
    convert_windows,
    summarize_windows,
)
from tests.test_datasets.test_converters.test_casia_b.casia_files import (
    PERSONS,
    part_folder,
    windows_of,
    write_windows,
)

# Persons of training by rank, then those who are in the tests only.
LABELS = {3: 0, 7: 1, 20: 2, 4: 3, 21: 4}


class Evil:
    def __reduce__(self):
        return print, ('it ran',)


@pytest.fixture
def root(tmp_path):
    return write_windows(tmp_path / 'CASIA_B_match' / '40')


def file_of(root, part, kind, length=40):
    prefix = '' if part == 'train' or kind == 'frame_id' else 't_'
    name = kind if kind == 'frame_id' else f'source_{kind}'
    return part_folder(root, part) / f'{prefix}{name}_CASIA_B_{length}.npy'


@pytest.mark.parametrize('length', [40, 60])
def test_equal_arrays(tmp_path, length):
    root = write_windows(tmp_path, length)
    content, done = convert_windows(root, quiet=True)
    assert not done.problems and not done.left_out
    samples = iter(content['annotations'])
    for part, persons in PERSONS.items():
        windows = np.float32(windows_of(part, length))
        for place, person in enumerate(persons):
            sample = next(samples)
            keypoint = sample.pop('keypoint')
            assert sample == dict(
                frame_dir=f'{part}-{place:06d}',
                label=LABELS[person],
                total_frames=length,
                subject=person,
                condition='na' if part == 'train' else part,
                seq=-1,
                view=-1,
            )
            assert type(sample['subject']) is type(sample['label']) is int
            assert keypoint.dtype == np.float32
            np.testing.assert_array_equal(keypoint, windows[None, place])
    assert not list(samples)
    split = content['split']
    assert split['reid_train'] == [f'train-{n:06d}' for n in range(6)]
    assert len(split['reid_test']) == 7 and list(split) == [
        'reid_train',
        'reid_test',
    ]


def test_counts(root):
    content, _ = convert_windows(root, quiet=True)
    train, nm, *_ = summarize_windows(content)
    assert train == dict(
        split='reid_train',
        condition='na',
        windows=6,
        persons=3,
        fewest=1,
        most=3,
    )
    assert nm['condition'] == 'nm' and (nm['windows'], nm['persons']) == (3, 2)


def test_choosing_a_length(root):
    write_windows(root, 60)
    with pytest.raises(ValueError, match='40, 60 frames; choose with --len'):
        convert_windows(root, quiet=True)
    content, _ = convert_windows(root, 60, quiet=True)
    assert content['annotations'][0]['total_frames'] == 60
    with pytest.raises(BadFile, match=r'no file .*source_x_CASIA_B_50\.npy'):
        convert_windows(root, 50, quiet=True)


def test_folders_that_are_none(root, tmp_path):
    with pytest.raises(ValueError, match=r"folders in it: '40'"):
        convert_windows(root.parent, quiet=True)
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ValueError, match='give the folder CASIA_B_match/40'):
        convert_windows(tmp_path / 'empty', quiet=True)
    with pytest.raises(FileNotFoundError, match='no folder'):
        convert_windows(tmp_path / 'gone', quiet=True)


def check_bad(root, path, message, left):
    with pytest.raises(BadFile, match=rf'{message}') as caught:
        convert_windows(root, quiet=True)
    assert str(path) in str(caught.value)
    content, done = convert_windows(root, on_error='skip', quiet=True)
    assert len(content['annotations']) == left
    assert str(path) in done.problems[0]
    return content, done


def test_files_that_are_cut_short(root):
    path = file_of(root, 'bg', 'y')
    path.write_bytes(path.read_bytes()[:-8])
    check_bad(root, path, r'is no complete \.npy file', 11)
    path.write_bytes(path.read_bytes()[:40])
    check_bad(root, path, r'is no complete \.npy file', 11)
    path.write_bytes(b'')
    check_bad(root, path, 'is empty', 11)
    path.unlink()
    check_bad(root, path, 'There is no file', 11)


def test_pickles_are_not_opened(root, capfd):
    path = file_of(root, 'nm', 'frame_id')
    for raw in (pickle.dumps(Evil()), pickle.dumps(dict(a=[1]))):
        path.write_bytes(raw)
        check_bad(root, path, r'is no complete \.npy file', 10)
    np.save(path, np.array([Evil()] * 3), allow_pickle=True)
    check_bad(root, path, r'is no complete \.npy file of numbers \(', 10)
    assert 'it ran' not in capfd.readouterr().out


CONTENTS = [
    ('cl', 'z', np.zeros((3, 40, 14)), 'there are 2 of x, 2 of y, 3 of z'),
    ('cl', 'x', np.zeros((1, 40, 14)), 'there are 1 of x, 2 of y, 2 of z'),
    ('cl', 'x', np.zeros((2, 40, 15)), r'1,200 numbers .* 14 joints has 560'),
    ('cl', 'x', np.zeros((2, 39, 14)), r'1,092 numbers .*40 frames'),
    ('cl', 'x', np.zeros((0, 40, 14)), '(has 0 numbers|is no complete)'),
    ('cl', 'x', np.zeros((2, 40, 14), complex), 'complex128 where numbers'),
    ('cl', 'x', np.full((2, 40, 14), 'a'), '<U1 where numbers'),
    ('cl', 'x', np.zeros((2, 40, 14), 'f4,f4'), 'where numbers were exp'),
    ('cl', 'frame_id', np.arange(3), '3 labels for 2 windows'),
    ('cl', 'frame_id', np.arange(1), '1 labels for 2 windows'),
    ('cl', 'frame_id', np.array([1, -1]), 'label 1 is -1; expected'),
    ('cl', 'frame_id', np.array([1.5, 1]), r'label 0 is 1\.5; expected'),
    ('cl', 'frame_id', np.array([1, np.nan]), 'label 1 is nan; expected'),
    ('cl', 'frame_id', np.array([1, 2**40]), 'label 1 is .*; expected'),
    ('cl', 'frame_id', np.array(['1', '2']), 'where numbers were expected'),
]  # fmt: skip


@pytest.mark.parametrize(('part', 'kind', 'content', 'message'), CONTENTS)
def test_files_with_something_else(root, part, kind, content, message):
    path = file_of(root, part, kind)
    np.save(path, content)
    where = path.parent if 'there are' in message else path
    check_bad(root, where, message, 11)


def test_an_archive(root):
    path = file_of(root, 'train', 'x')
    with open(path, 'wb') as file:
        np.savez(file, np.zeros((6, 40, 14)))
    content, _ = check_bad(root, path, 'is an archive', 7)
    # Without persons of training the others are counted from 0.
    labels = {s['subject']: s['label'] for s in content['annotations']}
    assert labels == {4: 0, 21: 1} and not content['split']['reid_train']


@pytest.mark.parametrize('value', [np.nan, -np.inf, 1e300, 2e6])
def test_windows_with_other_numbers(root, value):
    path = file_of(root, 'train', 'z')
    values = np.load(path).reshape(6, 40, 14)
    values[2, 5, 13] = values[4, 0, 0] = value
    np.save(path, values)
    message = 'window 2: frame 5, joint 13 has .* as z; 2 of 6 windows'
    content, done = check_bad(root, path.parent, message, 11)
    assert done.left_out == {LOST: 2} and len(done.problems) == 2
    train = content['annotations'][:4]
    assert [s['frame_dir'][-1] for s in train] == ['0', '1', '3', '5']
    assert [s['subject'] for s in train] == [3, 3, 7, 20]
    np.testing.assert_array_equal(
        train[2]['keypoint'][0], np.float32(windows_of('train')[3])
    )


def test_nothing_is_left(root):
    for part in PERSONS:
        file_of(root, part, 'frame_id').unlink()
    with pytest.raises(ValueError, match=r'no usable window .*There is no f'):
        convert_windows(root, on_error='skip', quiet=True)
