"""Reading the text files of PKU-MMD, and every kind of damage."""

import numpy as np
import pytest

from aclnet_plugin.datasets.converters import BadFile
from aclnet_plugin.datasets.converters.pku_mmd.files import (
    read_labels,
    read_skeletons,
    read_split,
)
from tests.raw_skeletons import VALIDATION, video_text


@pytest.fixture
def file(tmp_path):
    return tmp_path / '0002-L.txt'


def test_skeletons(file):
    frames = np.random.default_rng(0).normal(size=(7, 2, 25, 3)).round(6)
    frames[:, 1] = 0
    text = video_text(frames)
    for version in (text, text.replace('\n', '\r\n'), text.rstrip()):
        file.write_text(version)
        read = read_skeletons(file)
        assert read.dtype == np.float32
        np.testing.assert_array_equal(read, np.float32(frames))


def edit(line, place, new):
    values = line.split()
    values[place : place + 1] = new.split()
    return ' '.join(values)


DAMAGE = [
    ('', 'line 3: 149 values, expected 150'),
    ('1 2', 'line 3: 151 values, expected 150'),
    ('x', "line 3: body 0, joint 24 has 'x' as z"),
    ('nan', "line 3: body 0, joint 24 has 'nan' as z"),
    ('-inf', "line 3: body 0, joint 24 has '-inf' as z"),
    ('1e9', "line 3: body 0, joint 24 has '1e9' as z"),
]


@pytest.mark.parametrize(('new', 'message'), DAMAGE)
def test_damaged_skeletons(file, new, message):
    lines = video_text(np.ones((5, 2, 25, 3))).splitlines()
    lines[2] = edit(lines[2], 74, new)
    file.write_text('\n'.join(lines))
    with pytest.raises(BadFile, match=rf'0002-L\.txt, {message}'):
        read_skeletons(file)


def test_lines_that_are_empty_or_cut(file):
    text = video_text(np.ones((5, 2, 25, 3)))
    file.write_text(text.replace('\n', '\n\n', 1))
    with pytest.raises(BadFile, match='line 2: 0 values'):
        read_skeletons(file)
    file.write_text(text[:-200])
    with pytest.raises(BadFile, match=r'line 5: \d+ values'):
        read_skeletons(file)
    file.write_text(text.rstrip() + '#')
    with pytest.raises(BadFile, match=r"line 5: body 1, joint 24 has '1.*#'"):
        read_skeletons(file)
    file.write_text('\n')
    with pytest.raises(BadFile, match='is empty'):
        read_skeletons(file)
    with pytest.raises(BadFile, match='cannot be read'):
        read_skeletons(file.with_name('0003-L.txt'))


def test_labels(file):
    file.write_text('21,75,191,2\r\n1, 200, 230, 1\n\n51,0,1,0')
    instances, problems = read_labels(file)
    assert [tuple(row) for row in instances] == [
        (20, 75, 191, 1),
        (0, 200, 230, 2),
        (50, 0, 1, 4),
    ]
    assert not problems


ROWS = [
    ('21,191,75,2', 'line 2: frames 191 to 75 are no interval'),
    ('21,75,75,2', 'line 2: frames 75 to 75 are no interval'),
    ('21,-1,75,2', 'line 2: frames -1 to 75 are no interval'),
    ('0,75,191,2', 'line 2: label 0 is not one of 1 to 51'),
    ('52,75,191,2', 'line 2: label 52 is not one of 1 to 51'),
    ('21,75,191', "line 2: expected label,start,end,confidence, got '21,75"),
    ('21,75,x,2', "line 2: expected label,start,end,confidence, got '21,75"),
    ('3,10,20,1', 'line 2: repeats line 1'),
]


@pytest.mark.parametrize(('row', 'message'), ROWS)
def test_rows_that_cannot_be_used(file, row, message):
    file.write_text(f'3,10,20,2\n{row}\n3,30,40,2\n')
    instances, (problem,) = read_labels(file)
    assert [row.line for row in instances] == [1, 3]
    assert problem.startswith(f'{file}, {message}')


def test_labels_without_actions(file):
    file.write_text('\n')
    with pytest.raises(BadFile, match='has no action'):
        read_labels(file)


def test_split(tmp_path):
    path = tmp_path / 'cross-view.txt'
    path.write_text(
        'Training videos: \n0002-M, 0002-R, 0002-M, \n'
        f'{VALIDATION}\n0002-L,0003-L\n'
    )
    assert read_split(path) == dict(
        train=['0002-M', '0002-R'], val=['0002-L', '0003-L']
    )


SPLITS = [
    (
        '0002-L\nTraining videos:\n',
        "line 1: expected Training videos:, got '0",
    ),
    ('Training videos:\n0002-L\n', 'does not name videos for training and'),
    ('Training videos:\nValidation videos:\n0002-L', 'does not name videos'),
    (
        'Training videos:\nA10N08-L\n',
        "line 2: expected 0002-L, got 'A10N08-L'",
    ),
    ('Other videos:\n0002-L\n', "line 1: unexpected 'Other videos:'"),
    ('Training videos:\n0002-L\nTraining videos:\n', 'line 3: unexpected'),
    (
        f'Training videos:\n0002-L\n{VALIDATION}\n0002-L\n',
        'line 4: 0002-L is in line 2, too',
    ),
    ('', 'does not name videos'),
]


@pytest.mark.parametrize(('text', 'message'), SPLITS)
def test_split_files_that_are_none(tmp_path, text, message):
    path = tmp_path / 'cross-view.txt'
    path.write_text(text)
    with pytest.raises(ValueError, match=rf'cross-view\.txt.*{message}'):
        read_split(path)
