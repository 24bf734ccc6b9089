"""tools/data/arrays.py: labels, splits and what can be wrong with them."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from aclnet_plugin.datasets import SkeletonDataset
from aclnet_plugin.utils.safe_pickle import safe_load

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'data' / 'arrays.py'
_spec = importlib.util.spec_from_file_location('arrays_tool', TOOL)
arrays = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(arrays)

CLASSES = ('wave', 'kick', 'bow')
ROWS = [
    (f'{c}_{s}_{r}', c, s)
    for c in CLASSES
    for s in (1, 3, 5)
    for r in range(2)
]
NAMES = [name for name, *_ in ROWS]


def pose_of(name):
    rng = np.random.default_rng(NAMES.index(name))
    return rng.normal(size=(4 + NAMES.index(name), 13, 3)).astype('float32')


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / 'raw'
    folder.mkdir()
    for name in NAMES:
        np.save(folder / f'{name}.npy', pose_of(name))
    return folder


@pytest.fixture
def table(tmp_path):
    """Write the table of labels; returns its path."""

    def table(rows=ROWS, header='name,label,subject'):
        path = tmp_path / 'labels.csv'
        lines = [header, *(','.join(map(str, row)) for row in rows)]
        path.write_text('\n'.join(lines) + '\n')
        return path

    return table


@pytest.fixture
def convert(folder, tmp_path, capsys):
    """Run the tool; (status, annotations or None, output in one line)."""

    def convert(*flags, out='out.pkl'):
        out = tmp_path / out
        capsys.readouterr()
        status = arrays.main(
            [str(folder), str(out), '--quiet', *map(str, flags)]
        )
        text = ' '.join(''.join(capsys.readouterr()).split())
        content = None
        if out.suffix == '.pkl' and status == 0:
            content = safe_load(out)
        return status, content, text

    return convert


def by_subject(*values):
    return ('--split-by', 'subject', '--val', *(values or (3,)))


def test_a_table_of_labels(convert, table, tmp_path):
    status, content, text = convert('--labels', table(), *by_subject('03'))
    assert status == 0, text
    assert content['classes'] == sorted(CLASSES)
    assert [s['frame_dir'] for s in content['annotations']] == sorted(NAMES)
    for sample in content['annotations']:
        name = sample['frame_dir']
        np.testing.assert_array_equal(sample['keypoint'][0], pose_of(name))
        label, subject = name.split('_')[:2]
        assert content['classes'][sample['label']] == label
        assert sample['subject'] == int(subject)
    split = content['split']
    assert all('_3_' in name for name in split['val'])
    assert sorted(split['train'] + split['val']) == sorted(NAMES)
    for piece in (
        '18 sequences written to',
        'train: 12 val: 6',
        '13 joints with x, y, z; 4 to 21 frames; at most 1 person',
        '3 classes, sequences of each: 0 bow: 6 1 kick: 6 2 wave: 6',
    ):
        assert piece in text, piece
    assert 'WARNING' not in text
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        'labels.csv',
        'out.pkl',
        'raw',
    ]


def test_a_store_holds_the_same(convert, table, tmp_path):
    flags = ('--labels', table(), *by_subject())
    assert convert(*flags)[0] == 0
    assert convert(*flags, out='out.store')[0] == 0
    one, two = (
        SkeletonDataset(str(tmp_path / f'out.{end}'), [], split='train')
        for end in ('pkl', 'store')
    )
    assert len(one) == len(two) == 12
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a.pop('keypoint'), b.pop('keypoint'))
        assert a['label'] == b['label'] and a['frame_dir'] == b['frame_dir']


def test_several_processes_give_the_same(convert, table):
    flags = ('--labels', table(), *by_subject())
    one = convert(*flags)[1]
    two = convert(*flags, '--workers', 2, '--overwrite')[1]
    for a, b in zip(one['annotations'], two['annotations'], strict=True):
        np.testing.assert_array_equal(a.pop('keypoint'), b.pop('keypoint'))
        assert a == b


def test_a_column_for_the_split(convert, table):
    rows = [(*row, 'val' if row[2] == 5 else 'train') for row in ROWS]
    header = 'Name;Label;Subject;Split'
    path = table([(';'.join(map(str, row)),) for row in rows], header)
    status, content, text = convert('--labels', path)
    assert status == 0, text
    assert all('_5_' in name for name in content['split']['val'])
    assert 'split' not in content['annotations'][0]
    status, _, text = convert('--labels', path, *by_subject(), '--overwrite')
    assert status == 1
    assert 'the column split and --split-by say different things' in text
    path.write_text(path.read_text().replace(';val\n', ';\n'))
    _, _, text = convert('--labels', path, '--overwrite')
    assert "the column split is empty for 'bow_5_0'" in text


def test_a_random_split(convert, table):
    flags = ('--labels', table(), '--val-fraction', 0.3, '--overwrite')
    status, content, text = convert(*flags)
    assert status == 0, text
    assert 'the same person may be in training and validation' in text
    val = content['split']['val']
    assert [sum(c in name for name in val) for c in CLASSES] == [2, 2, 2]
    assert convert(*flags)[1]['split'] == content['split']
    assert convert(*flags, '--seed', 1)[1]['split'] != content['split']
    assert 'between 0 and 1' in convert(*flags, '--val-fraction', 20)[2]


def test_a_folder_for_each_class(convert, folder):
    assert 'without --labels each class' in convert('--val-fraction', 0.5)[2]
    for name in NAMES:
        target = folder / name.split('_')[0]
        target.mkdir(exist_ok=True)
        (folder / f'{name}.npy').rename(target / f'{name}.npy')
    status, content, text = convert('--val-fraction', 0.5)
    assert status == 0, text
    sample = content['annotations'][0]
    assert sample['frame_dir'] == 'bow/bow_1_0'
    assert content['classes'][sample['label']] == 'bow'


def test_the_order_of_the_classes(convert, table, tmp_path):
    order = tmp_path / 'classes.txt'
    order.write_text('\n'.join(CLASSES))
    flags = ('--classes', order, *by_subject(), '--overwrite')
    content = convert('--labels', table(), *flags)[1]
    assert content['classes'] == list(CLASSES)
    numbers = [(n, CLASSES.index(c), s) for n, c, s in ROWS]
    same = convert('--labels', table(numbers), *flags)[1]
    assert same['classes'] == list(CLASSES)
    pairs = zip(content['annotations'], same['annotations'], strict=True)
    assert all(a['label'] == b['label'] for a, b in pairs)
    wrong = [('wave_1_0', 'wafe', 1), *ROWS[1:]]
    text = convert('--labels', table(wrong), *flags)[2]
    assert (
        "line 2, column 2 (label): the class 'wafe' is not in --classes; is "
        "it 'wave'?"
    ) in text
    order.write_text('wave\nkick\nwave\n')
    text = convert('--labels', table(), *flags)[2]
    assert "the class 'wave' is there twice" in text


def test_labels_that_leave_out_numbers(convert, table):
    rows = [(n, CLASSES.index(c) + 1, s) for n, c, s in ROWS]
    status, _, text = convert('--labels', table(rows), *by_subject())
    assert status == 1
    assert (
        'They go from 1 to 3, but no sequence has 0. Pass --renumber' in text
    )
    assert 'labels.csv, line 14, column 2 (label)' in text
    content = convert('--labels', table(rows), *by_subject(), '--renumber')[1]
    assert content['classes'] == ['1', '2', '3']


def wrong_row(index, *row):
    return [*ROWS[:index], row, *ROWS[index + 1 :]]


@pytest.mark.parametrize(
    ('rows', 'header', 'message'),
    [
        (ROWS, 'file,label,subject', "no column 'name', but 'file', 'label'"),
        (ROWS, 'name,label,keypoint', "rename the column 'keypoint'"),
        (
            wrong_row(2, 'wave_3_9', 'wave', 3),
            'name,label,subject',
            "line 4, column 1 (name): there is no file 'wave_3_9' (is it "
            "'wave_3_",
        ),
        (ROWS[1:], 'name,label,subject', "has no row for 'wave_1_0'"),
        (
            [*ROWS, ROWS[0]],
            'name,label,subject',
            "line 20, column 1 (name): 'wave_1_0' is in line 2 already",
        ),
        (
            wrong_row(1, 'wave_1_1', '', 1),
            'name,label,subject',
            'line 3, column 2 (label): the label is empty',
        ),
        (
            wrong_row(1, 'wave_1_1', '3', 1),
            'name,label,subject',
            "line 3, column 2 (label): '3' among labels of another kind",
        ),
        (
            [(name, '9' * 5000, s) for name, _, s in ROWS],
            'name,label,subject',
            'line 2, column 2 (label): a label of 5000 digits',
        ),
        (
            [(name, '1.0', s) for name, _, s in ROWS],
            'name,label,subject',
            "line 2, column 2 (label): '1.0' is no whole number",
        ),
        (
            [(name, i * 10**15, s) for i, (name, _, s) in enumerate(ROWS)],
            'name,label,subject',
            'no sequence has 1, 2, 3 and 16999999999999980 more. Pass',
        ),
    ],
)
def test_wrong_tables(convert, table, rows, header, message):
    status, _, text = convert('--labels', table(rows, header), *by_subject())
    assert status == 1
    assert message in text
    assert 'leaves it out' not in text, 'a table cannot be skipped'


def test_without_files_or_rows_that_fit(convert, table):
    rows = [*ROWS[1:], ('nobody', 'wave', 1)]
    flags = ('--labels', table(rows), *by_subject(), '--on-error', 'skip')
    status, content, text = convert(*flags)
    assert status == 0, text
    assert len(content['annotations']) == 17
    assert 'skipped: ' in text and "there is no file 'nobody'" in text


def test_names_with_endings_and_folders(convert, table, folder):
    for name in NAMES:
        (folder / name).mkdir()
        (folder / f'{name}.npy').rename(folder / name / 'pose.npy')
    rows = [(f'{n}/pose.npy', c, s) for n, c, s in ROWS]
    status, content, text = convert('--labels', table(rows), *by_subject())
    assert status == 0, text
    assert content['annotations'][0]['frame_dir'] == 'bow_1_0/pose'
    rows[0] = ('pose', *rows[0][1:])
    text = convert('--labels', table(rows), *by_subject(), '--overwrite')[2]
    assert "'pose' may be 'bow_1_0/pose'" in text


@pytest.mark.parametrize(
    ('flags', 'message'),
    [
        ((), 'nothing says what is for training'),
        (('--split-by', 'age', '--val', 3), "no such column, but 'subject'"),
        (by_subject(4), "no sequence has '4' in the column subject; there"),
        (by_subject(1, 3, 5), 'but not all of them'),
        (('--split-by', 'subject'), 'needs --val with some of the values'),
        ((*by_subject(), '--joints', 0), '--joints must be positive'),
        ((*by_subject(), '--scale', 'inf'), 'must be positive and finite'),
        (('--val-fraction', 0.5, '--val', 3), '--val goes with --split-by'),
        (('--val-fraction', 0.5, '--seed', -1), '--seed must be at least 0'),
        ((*by_subject(), '--joints', 14), '13 joints, but --joints says 14'),
        ((*by_subject(), '--classes', 'none.txt'), 'no file none.txt'),
    ],
)
def test_wrong_flags(convert, table, flags, message):
    status, _, text = convert('--labels', table(), *flags)
    assert status == 1
    assert message in text


def test_a_file_unlike_the_others(convert, table, folder):
    np.save(folder / 'kick_3_0.npy', np.ones((9, 12, 3)))
    flags = ('--labels', table(), *by_subject())
    status, _, text = convert(*flags)
    assert status == 1
    assert (
        'kick_3_0.npy: 12 joints with 3 coordinates, but most files have 13 '
        'with 3, such as '
    ) in text
    status, content, text = convert(*flags, '--on-error', 'skip')
    assert status == 0
    assert len(content['annotations']) == 17
    assert 'kick_3_0' not in content['split']['val']
    assert '17 sequences written' in text and 'skipped: ' in text


def test_a_broken_file_costs_nothing_but_itself(convert, table, folder):
    (folder / 'kick_3_0.npy').write_text('?')
    flags = ('--labels', table(), *by_subject())
    status, _, text = convert(*flags)
    assert status == 1
    assert 'kick_3_0.npy' in text and '--on-error skip leaves it out' in text
    status, content, text = convert(*flags, '--on-error', 'skip')
    assert status == 0 and len(content['annotations']) == 17


def test_joints_in_another_order(convert, table, folder):
    header = ['head_x', 'head_y', 'head_z', 'foot_x', 'foot_y', 'foot_z']
    for name in NAMES:
        (folder / f'{name}.npy').unlink()
        pose = pose_of(name)[:, :2].reshape(-1, 6)
        columns = [*range(6)] if '_1_' in name else [3, 4, 5, 0, 1, 2]
        lines = [','.join(header[c] for c in columns)]
        lines += [','.join(str(row[c]) for c in columns) for row in pose]
        (folder / f'{name}.csv').write_text('\n'.join(lines))
    flags = ('--labels', table(), *by_subject(), '--overwrite')
    status, content, text = convert(*flags)
    assert status == 0, text
    assert 'joints: 0 head, 1 foot' in text
    assert 'detected in 12 files: columns in another order' in text
    for sample in content['annotations']:
        np.testing.assert_array_equal(
            sample['keypoint'][0], pose_of(sample['frame_dir'])[:, :2]
        )
    path = folder / 'wave_5_1.csv'
    path.write_text(path.read_text().replace('foot', 'hand'))
    text = convert(*flags)[2]
    assert "wave_5_1.csv: the joint 'foot' is only in" in text


def test_odd_coordinates_are_reported(convert, table, folder):
    for name in NAMES:
        np.save(folder / f'{name}.npy', 1000 * pose_of(name))
    np.save(folder / 'wave_1_0.npy', np.zeros((4, 13, 3)))
    status, _, text = convert('--labels', table(), *by_subject())
    assert status == 0
    assert 'looks like millimetres' in text and '--scale 0.001' in text
    assert 'all coordinates are 0 in 1 files, such as wave_1_0' in text


def test_two_dimensions(convert, table, folder):
    for name in NAMES:
        np.save(folder / f'{name}.npy', np.abs(pose_of(name)[..., :2]) / 4)
    flags = ('--labels', table(), *by_subject(), '--overwrite')
    assert 'Pass --image-size' in convert(*flags)[2]
    status, content, text = convert(*flags, '--image-size', 480, 640)
    assert status == 0
    assert tuple(content['annotations'][0]['img_shape']) == (480, 640)
    assert 'are they shares?' in text
    assert 'shares' not in convert(*flags, '--image-size', 4, 4)[2]


def test_classes_without_training(convert, table):
    rows = [(n, c, 3 if c == 'wave' else s) for n, c, s in ROWS]
    status, _, text = convert('--labels', table(rows), *by_subject())
    assert status == 0
    assert "WARNING: train has no sequence of 'wave'." in text
