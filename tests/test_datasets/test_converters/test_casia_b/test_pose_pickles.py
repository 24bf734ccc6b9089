"""A pickle for each walk: equal arrays, and every kind of damage."""

import pickle

import numpy as np
import pytest

from aclnet_plugin.datasets.converters import BadFile
from aclnet_plugin.datasets.converters.casia_b.pose_files import (
    LOST,
    convert_folder,
    convert_pickle,
)
from aclnet_plugin.utils.safe_pickle import atomic_dump
from tests.test_datasets.test_converters.test_casia_b.casia_files import (
    WALKS,
    folder_of,
    pose_of,
    write_folder,
)


class Evil:
    def __reduce__(self):
        return print, ('it ran',)


@pytest.fixture
def root(tmp_path):
    return write_folder(tmp_path / 'CASIA-B-pose')


@pytest.mark.parametrize('workers', [1, 2])
@pytest.mark.parametrize('above', [False, True])
def test_equal_arrays(root, workers, above):
    folder = root.parent if above else root
    done = convert_folder(folder, workers=workers, quiet=True)
    assert [s['frame_dir'] for s in done.samples] == sorted(WALKS)
    for sample in done.samples:
        name = sample['frame_dir']
        pose = pose_of(name)
        subject, condition, seq, view = name.split('-')
        arrays = ('keypoint', 'keypoint_score')
        assert {k: v for k, v in sample.items() if k not in arrays} == dict(
            frame_dir=name,
            label=int(subject) - 1,
            total_frames=len(pose),
            img_shape=(240, 320),
            original_shape=(240, 320),
            subject=int(subject),
            condition=condition,
            seq=int(seq),
            view=int(view),
        )
        for key in arrays:
            assert sample[key].dtype == np.float32
        np.testing.assert_array_equal(sample['keypoint'][0], pose[..., :2])
        score = sample['keypoint_score'][0]
        np.testing.assert_array_equal(score, pose[..., 2])
    assert not done.problems and not done.left_out


CONTENTS = {
    'nested lists': lambda pose: pose.tolist(),
    'a tuple': tuple,
    'double precision': np.float64,
    'the other byte order': lambda pose: pose.astype('>f4'),
    'another layout in memory': np.asfortranarray,
}


@pytest.mark.parametrize('kind', CONTENTS)
def test_other_ways_to_store_it(root, kind):
    path = folder_of(root, WALKS[0])
    atomic_dump(CONTENTS[kind](pose_of(WALKS[0])), path)
    (sample,) = convert_pickle(path)
    pose = pose_of(WALKS[0])[None]
    np.testing.assert_array_equal(sample['keypoint'], pose[..., :2])
    np.testing.assert_array_equal(sample['keypoint_score'], pose[..., 2])


def damaged(pose, value):
    pose = pose.astype(np.float64)
    pose[3, 13, 0] = value
    return pose


POSE = pose_of(WALKS[5])
DAMAGE = [
    (np.zeros((70, 64, 44)), r'shape \(70, 64, 44\), expected \(frames, 17'),
    (POSE[..., :2], r'shape \(63, 17, 2\)'),
    (POSE[None], r'shape \(1, 63, 17, 3\)'),
    (POSE[:, :16], 'has 16 joints, expected the 17 of COCO'),
    (np.zeros((70, 18, 3)), 'has 18 joints, expected the 17 of COCO'),
    (POSE[:0], 'has no frame'),
    ([], 'has no frame'),
    (np.float32(3), 'holds'),
    (dict(pose=POSE), 'holds a dict of 1 item'),
    (None, 'holds None'),
    ([*POSE, POSE[0, :16]], 'the frames have different shapes'),
    ([['1'] * 3] * 17, 'where numbers were expected'),
    ([None] * 60, 'object where numbers were expected'),
    (POSE > 1, 'bool where numbers were expected'),
    (POSE * 1j, 'complex64 where numbers were expected'),
    (POSE * np.nan, 'no usable frame; in the first one nose has nan as x'),
    (np.full((5, 17, 3), -(2**63)), r'no usable frame.* nose has -9\.2'),
]  # fmt: skip


@pytest.mark.parametrize(('content', 'message'), DAMAGE)
def test_pickles_that_hold_no_walk(root, content, message):
    path = folder_of(root, WALKS[5])
    atomic_dump(content, path)
    with pytest.raises(BadFile, match=rf'090\.pkl.*{message}'):
        convert_folder(root, quiet=True)
    done = convert_folder(root, 'skip', quiet=True)
    assert len(done.samples) == len(WALKS) - 1
    assert [str(path) in problem for problem in done.problems] == [True]


@pytest.mark.parametrize('value', [np.nan, np.inf, 1e300, -2e6])
def test_frames_without_51_numbers_are_left_out(root, value):
    name = WALKS[5]
    pose = damaged(pose_of(name), value)
    pose[7, 0, 2] = np.nan
    path = folder_of(root, name)
    atomic_dump(pose, path)
    done = convert_folder(root, quiet=True)
    sample = next(s for s in done.samples if s['frame_dir'] == name)
    kept = np.delete(pose_of(name), [3, 7], axis=0)
    np.testing.assert_array_equal(sample['keypoint'][0], kept[..., :2])
    assert sample['total_frames'] == len(kept)
    assert done.left_out == {LOST: 2}
    (problem,) = done.problems
    assert problem.startswith(f'{path}, frame 4: left_knee has')
    assert problem.endswith('as x (and 1 more frames)')
    assert len(done.samples) == len(WALKS)


RAW = [
    (b'', 'is empty'),
    (pickle.dumps(pose_of(WALKS[0]))[:-50], 'is not a complete pickle'),
    (pickle.dumps(Evil()), r'refers to builtins\.print'),
    (pickle.dumps([Evil()] * 60), r'refers to builtins\.print'),
    (pickle.dumps(np.array([Evil()])), 'refers to|array of objects|type'),
]


@pytest.mark.parametrize(('raw', 'message'), RAW)
def test_damaged_and_malicious_pickles(root, capfd, raw, message):
    path = folder_of(root, WALKS[0])
    path.write_bytes(raw)
    with pytest.raises(BadFile, match=rf'000\.pkl.*({message})'):
        convert_folder(root, quiet=True)
    done = convert_folder(root, 'skip', quiet=True)
    assert len(done.samples) == len(WALKS) - 1 and len(done.problems) == 1
    assert 'it ran' not in capfd.readouterr().out


PLACES = [
    ('000/nm-01/090/090.pkl', 'subject 0'),
    ('125/nm-01/090/090.pkl', 'subject 125'),
    ('001/xx-01/090/090.pkl', "condition 'xx'"),
    ('001/nm-07/090/090.pkl', 'walk 7'),
    ('001/nm-01/017/017.pkl', 'view 17'),
    ('001/nm-02/090/000.pkl', r'should be named 090\.pkl'),
    ('all.pkl', 'is not like 001-nm-01-090'),
]


@pytest.mark.parametrize(('place', 'message'), PLACES)
def test_files_in_odd_places(root, place, message):
    path = root / place
    atomic_dump(pose_of(WALKS[0]), path)
    with pytest.raises(BadFile, match=rf'{path.name}: .*{message}'):
        convert_folder(root, quiet=True)
    done = convert_folder(root, 'skip', quiet=True)
    assert len(done.samples) == len(WALKS) and str(path) in done.problems[0]


def test_a_walk_that_is_there_twice(root):
    other = folder_of(root / 'old', WALKS[0])
    atomic_dump(pose_of(WALKS[1]), other)
    with pytest.raises(BadFile, match=rf'{WALKS[0]} is in .*, too\. Remove'):
        convert_folder(root, quiet=True)
    done = convert_folder(root, 'skip', quiet=True)
    assert len(done.samples) == len(WALKS)
    np.testing.assert_array_equal(
        done.samples[0]['keypoint'][0], pose_of(sorted(WALKS)[0])[..., :2]
    )


def test_nothing_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'no folder .*gone'):
        convert_folder(tmp_path / 'gone')
    with pytest.raises(ValueError, match=r'no file like 001/nm-01/090/090'):
        convert_folder(tmp_path)
    atomic_dump([], tmp_path / 'a.pkl')
    with pytest.raises(ValueError, match=r'no file like .*a\.pkl'):
        convert_folder(tmp_path, 'skip')
    atomic_dump([], folder_of(tmp_path, WALKS[0]))
    with pytest.raises(ValueError, match=r'no usable walk .*has no frame'):
        convert_folder(tmp_path, 'skip')


def test_files_of_a_system_are_no_walks(root):
    path = folder_of(root, WALKS[0])
    path.with_name(f'._{path.name}').write_bytes(b'left by some system')
    assert len(convert_folder(root, quiet=True).samples) == len(WALKS)


@pytest.mark.parametrize('kind', ['folder', 'dead link'])
def test_what_cannot_be_read_is_told_in_words(root, kind):
    path = folder_of(root, WALKS[0])
    path.unlink()
    if kind == 'folder':
        path.mkdir()
    else:
        path.symlink_to(root / 'gone.pkl')
    with pytest.raises(BadFile) as refusal:
        convert_pickle(path)
    message = str(refusal.value)
    assert message.startswith(f'{path} cannot be read (')
    assert 'None' not in message
