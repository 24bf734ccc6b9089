"""Sequences in plain files: every form, and what is wrong with a file."""

import io
import json
import os
import zipfile
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from aclnet_plugin.datasets.converters import BadFile
from aclnet_plugin.datasets.converters.arrays.convert import (
    find_sequences,
    read_sequence,
)
from aclnet_plugin.datasets.converters.arrays.pose import ArrayOptions

NAMES = ('head', 'left hand', 'right hand', 'foot')
FRAMES = 6
RNG = np.random.default_rng(0)
POSE = RNG.normal(size=(2, FRAMES, len(NAMES), 3)).round(3)
SCORE = RNG.uniform(size=(2, FRAMES, len(NAMES))).round(3)
IMAGE = dict(image_size=(480, 640))


def text_of(rows, separator=',', comma=False):
    cells = [[str(cell) for cell in row] for row in rows]
    if comma:
        cells = [[cell.replace('.', ',') for cell in row] for row in cells]
    return '\n'.join(separator.join(row) for row in cells) + '\n'


def wide(pose, axes='xyz', form='{0}_{1}'):
    """A header and a row for each frame of ``(T, V, C)``."""
    header = [form.format(n, a) for n, a in product(NAMES, axes)]
    return [header, *pose.reshape(len(pose), -1)]


def long(pose):
    """A header and a row for each joint of ``(T, V, C)``."""
    rows = [('frame', 'joint', 'x', 'y', 'z')]
    for frame, joint in np.ndindex(pose.shape[:2]):
        rows.append((frame, NAMES[joint], *pose[frame, joint]))
    return rows


@pytest.fixture
def read(tmp_path):
    """Write a file and read it as a sequence."""

    def read(content, name='a.csv', **options):
        path = tmp_path / name
        if isinstance(content, (bytes, str)):
            content = content.encode() if isinstance(content, str) else content
            path.write_bytes(content)
        elif path.suffix == '.npy':
            np.save(path, content)
        elif path.suffix == '.npz':
            np.savez(path, **content)
        else:
            path.write_text(json.dumps(content))
        (sample,) = read_sequence(path, tmp_path, ArrayOptions(**options))
        return sample

    return read


def refused(read, match, *args, kind=BadFile, **options):
    with pytest.raises(kind, match=match):
        read(*args, **options)


def agrees(sample, pose, score=None):
    np.testing.assert_array_equal(sample['keypoint'], np.float32(pose))
    assert sample['keypoint'].dtype == np.float32
    assert sample['total_frames'] == len(pose[0])
    if score is None:
        assert 'keypoint_score' not in sample
    else:
        np.testing.assert_array_equal(
            sample['keypoint_score'], np.float32(score)
        )


def test_arrays(read):
    agrees(read(POSE, 'a.npy'), POSE)
    agrees(read(POSE[0], 'a.npy'), POSE[:1])
    agrees(read(POSE[0].reshape(FRAMES, -1), 'a.npy', dims=3), POSE[:1])
    agrees(read(POSE[:1, :1], 'a.npy'), POSE[:1, :1])
    flat = POSE[..., :2]
    agrees(read(flat, 'a.npy', **IMAGE), flat)
    third = np.concatenate([flat, SCORE[..., None]], axis=-1)
    agrees(read(third, 'a.npy', dims=2, **IMAGE), flat, SCORE)


def test_named_arrays(read):
    agrees(read(dict(keypoint=POSE, more=1), 'a.npz'), POSE)
    flat = POSE[..., :2]
    both = dict(keypoint=flat, keypoint_score=SCORE)
    sample = read(both, 'a.npz', **IMAGE)
    agrees(sample, flat, SCORE)
    assert sample['img_shape'] == (480, 640)
    both = dict(keypoint=flat[0].tolist(), keypoint_score=SCORE[0].tolist())
    agrees(read(both, 'a.json', **IMAGE), flat[:1], SCORE[:1])


def test_nested_lists(read):
    agrees(read(POSE.tolist(), 'a.json'), POSE)
    agrees(read(POSE[0].tolist(), 'a.json'), POSE[:1])
    agrees(
        read(b'\xef\xbb\xbf' + json.dumps(POSE.tolist()).encode(), 'a.json'),
        POSE,
    )


@pytest.mark.parametrize(
    'form',
    ['{0}_{1}', '{0}.{1}', '{0} {1}', '{1}_{0}', '{0}:{1}'],
)
def test_names_of_columns(read, form):
    sample = read(text_of(wide(POSE[0], form=form)))
    agrees(sample, POSE[:1])
    assert sample['names'] == list(NAMES)


@pytest.mark.parametrize('form', ['j{0}_{1}', '{0}{1}', '{1}{0}', '{1}_{0}'])
def test_numbered_joints_are_put_in_order(read, form):
    pose = RNG.normal(size=(3, 12, 3)).round(3)
    order = sorted(range(12), key=str)
    header = [form.format(v, a) for v in order for a in 'xyz']
    rows = [header, *pose[:, order].reshape(3, -1)]
    agrees(read(text_of(rows)), pose[None])
    del rows[0][3:6]
    rows = [rows[0], *(np.delete(row, (3, 4, 5)) for row in rows[1:])]
    refused(read, r'numbered 0 to 11.* 11 of them \(no 1\)', text_of(rows))


def test_columns_in_any_order(read):
    rows = [list(row) for row in wide(POSE[0])]
    order = RNG.permutation(len(rows[0]))
    rows = [[row[column] for column in order] for row in rows]
    sample = read(text_of(rows))
    back = [sample['names'].index(name) for name in NAMES]
    agrees(sample | {'keypoint': sample['keypoint'][:, :, back]}, POSE[:1])


def test_without_a_header(read):
    text = text_of(POSE[0].reshape(FRAMES, -1))
    agrees(read(text, dims=3), POSE[:1])
    agrees(read(text, dims=3, joints=4), POSE[:1])
    scored = read(text, dims=2, joints=4, **IMAGE)
    agrees(scored, POSE[:1, ..., :2], POSE[:1, ..., 2])
    refused(read, '12 numbers in a row, and nothing', text, kind=ValueError)
    refused(
        read,
        '6 joints with 2 or 4 joints with 3 numbers each. Pass --joints',
        text,
        dims=2,
        kind=ValueError,
    )
    refused(read, 'cannot be split', text, dims=3, joints=5)
    counted = text_of([range(12), *POSE[0].reshape(FRAMES, -1)])
    refused(read, 'line 1: it counts', counted, dims=3, kind=ValueError)
    agrees(read(counted, dims=3, header='yes'), POSE[:1])
    assert read(counted, dims=3, header='no')['total_frames'] == FRAMES + 1


@pytest.mark.parametrize('separator', [',', ';', '\t', ' '])
def test_separators_and_decimal_commas(read, separator):
    rows = wide(POSE[0], form='{0}_{1}')
    rows[0] = [name.replace(' ', '') for name in rows[0]]
    agrees(read(text_of(rows, separator)), POSE[:1])
    if separator != ',':
        sample = read(text_of(rows, separator, comma=True))
        agrees(sample, POSE[:1])
        assert 'decimal commas' in sample['notes']
    trailing = '\n'.join(
        line + separator for line in text_of(rows, separator).splitlines()
    )
    agrees(read(trailing), POSE[:1])


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16'])
def test_encodings(read, encoding):
    text = text_of(wide(POSE[0])).replace('foot', 'Fuß').replace('\n', '\r\n')
    sample = read(text.encode(encoding))
    agrees(sample, POSE[:1])
    assert sample['names'][-1] == 'Fuß'
    refused(
        read,
        r'a\.csv, line 1: the text is not in UTF-8 \(byte 0xdf\)',
        text.encode('latin-1'),
    )


def test_what_numpy_and_pandas_write(read):
    header = ','.join(wide(POSE[0])[0])
    stream = io.StringIO()
    rows = POSE[0].reshape(FRAMES, -1)
    np.savetxt(stream, rows, delimiter=',', header=header)
    agrees(read(stream.getvalue()), POSE[:1])
    numbered = [['', *wide(POSE[0])[0]]]
    numbered += [[t, *row] for t, row in enumerate(rows)]
    refused(read, r'column 1 has no name.*index=False', text_of(numbered))


def test_persons_in_a_table_of_frames(read):
    header = ['frame', 'person', *wide(POSE[0])[0]]
    rows = [
        [7 + t, f'id{m}', *POSE[m, t].ravel()]
        for t in range(FRAMES)
        for m in range(2)
        if (m, t) != (1, 2)
    ]
    expected = POSE.copy()
    expected[1, 2] = 0
    agrees(read(text_of([header, *rows])), expected)
    header[1] = 'weight'
    text = text_of([header, *rows])
    refused(read, "columns 'weight' are not understood", text)
    refused(
        read,
        r'line 3, column 1 \(frame\): frame 7 comes after frame 7. .* person',
        text,
        ignore=('weight',),
    )


def test_a_row_for_each_joint(read):
    rows = long(POSE[0])
    agrees(read(text_of(rows)), POSE[:1])
    mixed = [rows[0], *(rows[1 + i] for i in RNG.permutation(len(rows) - 1))]
    sample = read(text_of(mixed))
    back = [sample['names'].index(name) for name in NAMES]
    agrees(sample | {'keypoint': sample['keypoint'][:, :, back]}, POSE[:1])
    gone = [row for i, row in enumerate(rows) if i != 6]
    refused(
        read, "frame of line 6, joint 'left hand': the value is", text_of(gone)
    )
    sample = read(text_of(gone), missing='zero')
    expected = POSE[:1].copy()
    expected[0, 1, 1] = 0
    agrees(sample, expected)
    assert sample['missing'] == 1
    refused(
        read,
        'line 26: frame and joint are those of line 7',
        text_of([*rows, rows[6]]),
    )


def test_scores_in_columns(read):
    both = np.concatenate([POSE[0, ..., :2], SCORE[0, ..., None]], axis=-1)
    for axes in (('x', 'y', 'score'), ('x', 'y', 'likelihood')):
        sample = read(text_of(wide(both, axes)), **IMAGE)
        agrees(sample, POSE[:1, ..., :2], SCORE[:1])
    rows = long(both)
    rows[0] = (*rows[0][:4], 'conf')
    agrees(read(text_of(rows), **IMAGE), POSE[:1, ..., :2], SCORE[:1])
    every = np.concatenate([POSE[0], SCORE[0, ..., None]], axis=-1)
    text = text_of(wide(every, ('x', 'y', 'z', 'score')))
    refused(read, 'three coordinates and a score', text)


def test_missing_values(read):
    rows = [list(row) for row in wide(POSE[0])]
    rows[3][4] = ''
    rows[4][9] = rows[4][10] = 'NaN'
    refused(
        read,
        r'a\.csv, line 4, column 5 \(left hand_y\): the value is missing '
        r'\(and 2 more',
        text_of(rows),
    )
    sample = read(text_of(rows), missing='zero')
    expected = POSE[:1].copy()
    expected[0, 2, 1] = expected[0, 3, 3] = 0
    agrees(sample, expected)
    assert sample['missing'] == 2
    pose = POSE.copy()
    pose[1, 2, 3, 0] = np.nan
    place = 'person 1, frame 2, joint 3, channel 0: the value is missing'
    refused(read, place, pose, 'a.npy')
    lists = pose.tolist()
    lists[1][2][3][0] = None
    refused(read, place, lists, 'a.json')


def test_scale(read):
    sample = read(POSE * 1000, 'a.npy', scale=0.001)
    np.testing.assert_allclose(sample['keypoint'], POSE, rtol=1e-5)


BROKEN_TABLES = [
    ('', 'a.csv is empty'),
    ('\n \n', 'a.csv is empty'),
    ('head_x,head_y\n', 'no row below the header'),
    ('head_x,head_y\n1,2\n3\n', 'line 3: 1 cells, but line 1 has 2'),
    ('a_x,a_y\n1,5,2,5\n', 'line 2: 4 cells.*decimal commas'),
    ('a_x,a_y\n1,2\n1,two\n', r"line 3, column 2 \(a_y\): 'two' is not a n"),
    ('a_x,a_y\n1,1_000\n', "'1_000' is not a number"),
    ('a_x;a_y\n1,5;2\n1.5;2\n', None),
    ('a_x;a_y\n1,5;1.234,5\n', "'1.234,5' is not a number"),
    ('a_x,a_y\n1,inf\n', 'line 2, column 2.*inf is no sensible coordinate'),
    ('a_x,a_y\n1,1e9\n', r'1e\+09 is no sensible coordinate.*--scale'),
    ('a_x,a_x\n1,2\n', "columns 1 and 2 are both called 'a_x'"),
    ('a_x,A_Z\n1,2\n', "joint 'a' has no column for y"),
    ('a_x,a_y,b_x\n1,2,3\n', "joint 'b' has no column for y"),
    ('a_x,a_y,b_x,b_z\n1,2,3,4\n', "joint 'a' has no column for z"),
    ('index,a_x,a_y\n1,2,3\n', "columns 'index' are not understood"),
    ('joint,x,y\nhead,1,2\n', 'none called frame'),
    ('person,a_x,a_y\n1,2,3\n', 'none called frame'),
    ('frame,a_x,a_y\n1.5,2,3\n', "'1.5' is not the number of a frame"),
    ('frame,a_x,a_y\n2,2,3\n1,2,3\n', 'frame 1 comes after frame 2'),
    ('a_x,a_y\n"1,2\n', 'quotation mark'),
    (b'a_x,a_y\n1,\x00\n', 'no text file'),
]


@pytest.mark.parametrize(('text', 'match'), BROKEN_TABLES)
def test_broken_tables(read, text, match):
    if match is None:
        agrees(read(text, **IMAGE), [[[[1.5, 2]], [[1.5, 2]]]])
        return
    refused(read, match, text, **IMAGE)


def huge_header():
    """An array of which only the claim of its size is there."""
    stream = io.BytesIO()
    shape = (10**13, 13, 3)
    header = dict(descr='<f8', fortran_order=False, shape=shape)
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue()


def text_in_archive():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, 'w') as archive:
        archive.writestr('keypoint', 'hello')
    return stream.getvalue()


BROKEN_FILES = [
    ('a.npy', b'', 'is empty'),
    ('a.npy', b'nonsense', 'no array file of NumPy'),
    ('a.npy', huge_header(), 'is damaged: Unable to allocate'),
    ('a.npz', text_in_archive(), 'keypoint is of type bytes'),
    ('a.npy', np.array([{}]), 'holds Python objects'),
    ('a.npy', np.array([['a', 'b']]), 'must be numbers'),
    ('a.npy', np.zeros(3), r'shape \(3,\); it must be'),
    ('a.npy', np.zeros((3, 60, 13)), 'the last axis of .* must hold'),
    ('a.npy', np.zeros((60, 2, 13, 3)), '60 persons'),
    ('a.npy', np.zeros((0, 13, 3)), 'no number in it'),
    ('a.npy', np.zeros((5, 13, 4)), '4 numbers per joint'),
    ('a.npz', b'PK\x03\x04 cut', 'damaged'),
    (
        'a.npz',
        dict(poses=np.zeros((5, 13, 3))),
        'no "keypoint", but \'poses\'',
    ),
    ('a.json', '', 'line 1, column 1: this is no JSON'),
    ('a.json', '[[[1, 2, 3],\n [1, 2 3]]]', 'line 2, column 8'),
    ('a.json', '{"pose": []}', 'no "keypoint", but \'pose\''),
    ('a.json', '[[[1, 2, 3]], [[1, 2]]]', r'list\[1\]\[0\] has 2 entries'),
    ('a.json', '[[[1, 2, 3]], 4]', r'list\[1\] and list\[0\] are nested'),
    ('a.json', '[[[1, 2, "x"]]]', r"list\[0\]\[0\]\[2\] is 'x'"),
    ('a.json', '[[[1, 2, NaN]]]', 'channel 2: the value is missing'),
    ('a.json', b'[\xff]', 'not in UTF-8'),
    ('a.json', '[' * 100000, 'nested too deeply'),
    ('a.json', '[[[1, 2, ' + '9' * 5000 + ']]]', 'a number is too long'),
    ('a.csv', 'frame,a_x,a_y\ninf,1,2\n', "line 2.*'inf' is not the number"),
]


@pytest.mark.parametrize(('name', 'content', 'match'), BROKEN_FILES)
def test_broken_files(read, name, content, match):
    refused(read, rf'{name}\b.*(?:{match})', content, name)


def test_scores_are_not_taken_for_a_coordinate(read):
    pose = np.concatenate([POSE[..., :2] * 500, SCORE[..., None]], axis=-1)
    refused(read, 'is it a score', pose, 'a.npy', kind=ValueError)
    agrees(read(pose, 'a.npy', dims=3), pose)
    agrees(read(pose, 'a.npy', dims=2, **IMAGE), pose[..., :2], SCORE)


def test_flags_that_contradict_the_file(read):
    refused(read, '4 joints, but --joints says 5', POSE, 'a.npy', joints=5)
    flat = POSE[..., :2]
    refused(read, '2 coordinates .* --dims says 3', flat, 'a.npy', dims=3)
    refused(read, '--image-size', flat, 'a.npy', kind=ValueError)
    text = text_of(wide(POSE[0]))
    refused(read, '3 coordinates .* --dims says 2', text, dims=2)


def test_links_and_names_that_are_broken(tmp_path):
    (tmp_path / 'a.csv').symlink_to('none.csv')
    with pytest.raises(ValueError, match=r'a\.csv is a link to nothing'):
        find_sequences(tmp_path)
    (tmp_path / 'a.csv').unlink()
    try:
        Path(os.fsdecode(bytes(tmp_path) + b'/\xff.csv')).write_text('1')
    except OSError:
        pytest.skip('this file system has no such names')
    with pytest.raises(ValueError, match=r"xff\.csv' is not in UTF-8"):
        find_sequences(tmp_path)


def test_files_of_a_folder(tmp_path):
    for name in ('b.npy', 'x/a.csv', '.hidden.csv', 'notes.md', 'l.csv'):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text('1')
    files, others = find_sequences(tmp_path, [tmp_path / 'l.csv'])
    assert list(files) == ['b', 'x/a'] and others == 1
    (tmp_path / 'b.csv').write_text('1')
    with pytest.raises(ValueError, match='have the same name'):
        find_sequences(tmp_path)
    with pytest.raises(ValueError, match='There is no folder'):
        find_sequences(tmp_path / 'none')
    (tmp_path / 'y').mkdir()
    with pytest.raises(ValueError, match='has no file that ends in'):
        find_sequences(tmp_path / 'y')
