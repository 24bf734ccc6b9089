"""Tables of key points: equal arrays, and every kind of damage."""

import re

import numpy as np
import pytest

from aclnet_plugin.datasets.converters import BadFile
from aclnet_plugin.datasets.converters.casia_b import told
from aclnet_plugin.datasets.converters.casia_b.csv_tables import (
    REPEATED,
    STRANGE,
    UNREADABLE,
    convert_tables,
)
from tests.test_datasets.test_converters.test_casia_b.casia_files import (
    HEADER,
    WALKS,
    frames_of,
    pose_of,
    row,
    rows_of,
    table_of,
    write_table,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'walks.csv'


def check(sample, name):
    """Compare a sample with the pose that its file was made of."""
    pose = pose_of(name)
    subject, condition, seq, view = name.split('-')
    arrays = ('keypoint', 'keypoint_score', 'frame_ids')
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
    np.testing.assert_array_equal(sample['keypoint'], pose[None, ..., :2])
    np.testing.assert_array_equal(sample['keypoint_score'], pose[None, ..., 2])
    assert sample['keypoint'].dtype == sample['keypoint_score'].dtype
    assert sample['keypoint'].dtype == np.float32
    np.testing.assert_array_equal(sample['frame_ids'], frames_of(name))


def test_equal_arrays(path):
    done = convert_tables([write_table(path, table_of())], quiet=True)
    assert [s['frame_dir'] for s in done.samples] == sorted(WALKS)
    for sample in done.samples:
        check(sample, sample['frame_dir'])
    assert not done.problems and not done.left_out


def test_several_tables_and_mixed_rows(path, tmp_path):
    rng = np.random.default_rng(0)
    first = table_of(WALKS[:9])
    first[1:] = rng.permutation(first[1:]).tolist()
    second = table_of(WALKS[9:])
    write_table(path, first)
    other = tmp_path / 'other.csv'
    other.write_text('\ufeff' + '\r\n'.join(second) + '\r\n\r\n')
    done = convert_tables([path, other], quiet=True)
    assert [s['frame_dir'] for s in done.samples] == sorted(WALKS)
    for sample in done.samples:
        check(sample, sample['frame_dir'])
    assert not done.problems


def test_a_frame_that_comes_again_keeps_its_last_row(path):
    lines = table_of(WALKS[:2])
    old = pose_of(WALKS[0])[4] + 1
    lines.insert(1, row(WALKS[0], frames_of(WALKS[0])[4], old))
    lines.insert(2, row(WALKS[0], frames_of(WALKS[0])[4], old + 1))
    done = convert_tables([write_table(path, lines)], quiet=True)
    check(done.samples[0], WALKS[0])
    assert done.left_out == {REPEATED: 2}
    assert done.problems == [
        f'{path}, line 2: frame 7 of {WALKS[0]} comes again in line 3',
        f'{path}, line 3: frame 7 of {WALKS[0]} comes again in line 8',
    ]


def test_the_last_of_many_rows_of_a_frame_stays(path):
    """So many that a sort which is not stable would mix them."""
    frames = np.random.default_rng(0).integers(0, 20, 600)
    pose = pose_of(WALKS[0])[0]
    lines = [
        # The number of the row is what tells one from another.
        row(WALKS[0], frame, np.full_like(pose, number))
        for number, frame in enumerate(frames)
    ]
    done = convert_tables([write_table(path, [HEADER, *lines])], quiet=True)
    (sample,) = done.samples
    assert sample['frame_ids'].tolist() == list(range(20))
    last = [int(np.flatnonzero(frames == frame)[-1]) for frame in range(20)]
    assert sample['keypoint'][0, :, 0, 0].tolist() == last
    assert done.left_out == {REPEATED: 580}


def edit(line, place, new):
    cells = line.split(',')
    cells[place : place + 1] = new
    return ','.join(cells)


DAMAGE = [
    (['1', '2'], '52 values, expected 51'),
    ([], '50 values, expected 51'),
    ([''], "'' as right_eye_x is no number"),
    (['x'], "'x' as right_eye_x is no number"),
    (['1_0'], "'1_0' as right_eye_x is no number"),
    (['"1"'], 'as right_eye_x is no number'),
    (['1\0'], 'as right_eye_x is no number'),
    (['é'], 'as right_eye_x is no number'),
    (['nan'], 'right_eye has nan as x'),
    (['-inf'], 'right_eye has -inf as x'),
    (['1e300'], 'right_eye has inf as x'),
    (['2e6'], r'right_eye has 2e\+06 as x'),
]


@pytest.mark.parametrize(('new', 'message'), DAMAGE)
def test_a_row_without_51_numbers(path, new, message):
    name = WALKS[0]
    lines = table_of([name])
    good = lines[12]
    lines.insert(12, edit(row(name, 900, pose_of(name)[0]), 7, new))
    done = convert_tables([write_table(path, lines)], quiet=True)
    check(done.samples[0], name)
    assert done.left_out == {UNREADABLE: 1}
    (problem,) = done.problems
    assert problem.startswith(f'{path}, line 13: ')
    assert re.search(message, problem)
    # An unusable row does not replace a usable one.
    lines[12] = edit(good, 7, new)
    lines.insert(13, lines.pop(12))
    done = convert_tables([write_table(path, lines)], quiet=True)
    check(done.samples[0], name)


def test_numbers_in_other_forms_are_kept(path):
    lines = table_of(WALKS[:1])
    lines[1] = edit(edit(lines[1], 1, [' 1.25e+01']), 2, ['7'])
    (sample,) = convert_tables([write_table(path, lines)]).samples
    assert sample['keypoint'][0, 0, 0].tolist() == [12.5, 7]


def test_many_faults_are_counted(path, monkeypatch):
    monkeypatch.setattr(told, 'SHOWN', 3)
    lines = table_of(WALKS[:1]) + ['x'] * 20
    done = convert_tables([write_table(path, lines)], quiet=True)
    assert done.left_out == {UNREADABLE: 20} and len(done.problems) == 4
    assert done.problems[-1] == (
        f'and 17 more rows of {path} that have not 51 numbers'
    )


STRANGERS = [
    ('000-nm-01-090', 'subject 0'),
    ('125-nm-01-090', 'subject 125'),
    ('001-fx-01-090', "condition 'fx'"),
    ('001-nm-01-017', 'view 17'),
    ('001-nm-01', 'is not like 001-nm-01-090'),
]


@pytest.mark.parametrize(('name', 'message'), STRANGERS)
def test_walks_that_there_cannot_be(path, name, message):
    lines = table_of(WALKS[:1])
    pose = pose_of(WALKS[0])[0]
    lines[5:5] = [row(name, 1, pose), row(name, 2, pose)]
    write_table(path, lines)
    with pytest.raises(BadFile, match=rf'walks\.csv, line 6: .*{message}'):
        convert_tables([path], quiet=True)
    done = convert_tables([path], 'skip', quiet=True)
    check(done.samples[0], WALKS[0])
    assert done.left_out == {STRANGE: 2} and len(done.samples) == 1
    assert 'line 6' in done.problems[0] and 'line 7' in done.problems[1]


@pytest.mark.parametrize(
    'image', ['000001.jpg', '', 'x/frame.jpg', 'x/1.2.3', f'x/{10**12}.jpg']
)
def test_names_of_images(path, image):
    lines = table_of(WALKS[:1])
    lines.append(edit(lines[1], 0, [image]))
    with pytest.raises(BadFile, match=r'is not like \./001-nm-01-090/000042'):
        convert_tables([write_table(path, lines)], quiet=True)


def test_a_walk_in_two_tables(path, tmp_path):
    write_table(path, table_of(WALKS[:2]))
    changed = [row(WALKS[1], 1, pose_of(WALKS[0])[0])]
    other = write_table(
        tmp_path / 'b.csv', [HEADER, *changed, *rows_of(WALKS[2])]
    )
    with pytest.raises(BadFile, match=rf'b\.csv: {WALKS[1]} is in .*walks\.c'):
        convert_tables([path, other], quiet=True)
    done = convert_tables([path, other], 'skip', quiet=True)
    assert len(done.samples) == 3
    for sample in done.samples:
        check(sample, sample['frame_dir'])
    (problem,) = done.problems
    assert problem == f'{other}: {WALKS[1]}, which {path} has, too'


HEADERS = [
    ('', 'is empty'),
    ('\n', 'is empty'),
    (HEADER, 'has no usable row'),
    (HEADER + '\nx', r'no usable row; the first fault is: .*line 2: 1 values'),
    (HEADER + ',neck_x,neck_y,neck_conf', 'has 18 joints, but .* 17 joints'),
    (HEADER.rsplit(',', 3)[0], 'has 16 joints, but .* 17 joints'),
    (HEADER.replace('nose_x', 'neck_x'), "column 2 .* is 'neck_x', expected"),
    (HEADER + ',view', "column 53 .* is 'view', expected nothing more"),
    (HEADER.replace(',', ';'), 'line 1: column 1 of the header is'),
    ('frame' + HEADER[10:], "column 1 of the header is 'frame'"),
]  # fmt: skip


@pytest.mark.parametrize(('text', 'message'), HEADERS)
def test_tables_that_are_none(path, tmp_path, text, message):
    path.write_text(text)
    with pytest.raises(BadFile, match=rf'walks\.csv.*{message}'):
        convert_tables([path], quiet=True)
    good = write_table(tmp_path / 'good.csv', table_of(WALKS[:1]))
    done = convert_tables([path, good], 'skip', quiet=True)
    assert len(done.samples) == 1 and str(path) in done.problems[0]
    with pytest.raises(ValueError, match='no walk was found'):
        convert_tables([path], 'skip', quiet=True)


def test_a_table_without_a_header(path):
    lines = table_of(WALKS[:1])[1:]
    with pytest.raises(BadFile, match=r'line 1: column 1 .* the header is'):
        convert_tables([write_table(path, lines)], quiet=True)


def test_a_table_that_is_cut_short(path):
    lines = table_of(WALKS[:1])
    path.write_text('\n'.join(lines)[:-30])
    done = convert_tables([path], quiet=True)
    assert done.left_out == {UNREADABLE: 1}
    assert f'line {len(lines)}: ' in done.problems[0]
    assert done.samples[0]['total_frames'] == len(pose_of(WALKS[0])) - 1


def test_tables_that_are_not_there(path):
    with pytest.raises(FileNotFoundError, match=r'no file .*walks\.csv'):
        convert_tables([path])
    write_table(path, table_of(WALKS[:1]))
    with pytest.raises(ValueError, match=r'walks\.csv is given twice'):
        convert_tables([path, path.parent / '.' / path.name])
