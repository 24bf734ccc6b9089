"""Stores whose checksum is right, but not what they tell."""

import itertools
import json
import os

import numpy as np
import pytest

from aclnet_plugin.datasets import SkeletonDataset
from aclnet_plugin.datasets.inspection.survey import survey
from aclnet_plugin.datasets.store import (
    SkeletonStore,
    verify_store,
    write_store,
)
from aclnet_plugin.datasets.store import header as header_module
from aclnet_plugin.datasets.store.format import ROW
from aclnet_plugin.datasets.store.header import header_text
from tests.test_datasets.conftest import make_sample

FORMAT = [
    dict(type='UniformSampleDecode', clip_len=4),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]
HOST = [dict(type='UniformSampleFrames', clip_len=4), dict(type='PoseDecode')]
GONE = object()


@pytest.fixture
def folder(samples, tmp_path):
    """A store of six samples; the last are no probes of ``train``."""
    samples += [make_sample(f's{at}', at % 2, 1, 6) for at in range(3)]
    names = [one['frame_dir'] for one in samples]
    split = dict(train=names, val=names[:2])
    path = tmp_path / 'x.store'
    write_store(dict(annotations=samples, split=split, classes=['a']), path)
    return path


def header(folder, *path, value):
    """Change the header, with the right checksum."""
    file = folder / 'header.json'
    body = json.loads(file.read_text())['body']
    inner = body
    for key in path[:-1]:
        inner = inner[key]
    if value is GONE:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    file.write_text(header_text(body))


def row(folder, column, value, at=4):
    rows = np.fromfile(folder / 'index.bin', ROW)
    rows[column][at] = value
    rows.tofile(folder / 'index.bin')


def record(folder, change, at=4):
    """Change a record; the index and the size in the header fit."""
    rows = np.fromfile(folder / 'index.bin', ROW)
    text = (folder / 'records.bin').read_bytes()
    ends = rows['record'].tolist()
    parts = [text[a:b] for a, b in itertools.pairwise(ends)]
    changed = change(json.loads(parts[at]))
    if not isinstance(changed, bytes):
        changed = json.dumps(changed).encode()
    parts[at] = changed
    rows['record'] = np.cumsum([0, *map(len, parts)])
    rows.tofile(folder / 'index.bin')
    (folder / 'records.bin').write_bytes(b''.join(parts))
    size = sum(map(len, parts))
    header(folder, 'files', 'records.bin', 'bytes', value=size)


def untracked(items, what, total):
    return items


def load(folder, split='train', **more):
    more = dict(num_classes=3, layout='nturgb+d') | more
    return SkeletonDataset(str(folder), pipeline=FORMAT, split=split, **more)


BAD = [None, -1, 1.5, 'x', True, 2**70, [1], [None], {'a': 1}]
FIELDS = [
    *[(key,) for key in ('sequences', 'kinds', 'classes', 'probes')],
    *[('splits',), ('splits', 'val'), ('files',), ('files', 'index.bin')],
    *[('files', 'index.bin', key) for key in ('bytes', 'sha256')],
    *[
        ('splits', 'train', key)
        for key in ('start', 'count', 'warnings', 'problem', 'probes')
    ],
]
FINE = [('sha256', 'x'), ('probes', [1]), ('val', GONE)]


@pytest.mark.parametrize('path', FIELDS, ids='.'.join)
def test_what_a_header_tells_is_looked_at(folder, path):
    before = (folder / 'header.json').read_text()
    for value in [*BAD, GONE]:
        if (path[-1], value) in FINE:
            continue
        (folder / 'header.json').write_text(before)
        header(folder, *path, value=value)
        for use in (SkeletonStore, verify_store, load):
            with pytest.raises(ValueError, match=r'header\.json is damaged'):
                use(folder)


@pytest.mark.parametrize(
    ('path', 'value', 'message'),
    [
        (('sequences',), 5, 'tells of 5 sequences'),
        (('sequences',), 0, 'tells of 0 sequences'),
        (('probes',), [6], 'expected places below 6'),
        (('splits', 'val', 'start'), 7, r'outside of places\.bin'),
        (('splits', 'val', 'count'), 0, r'outside of places\.bin'),
        (('kinds',), [['<f2', 4, '25', 3, False]], 'kind of sequences'),
        (('files', '../x'), dict(bytes=1, sha256=''), 'list the files'),
    ],
)
def test_impossible_headers(folder, path, value, message):
    header(folder, *path, value=value)
    with pytest.raises(ValueError, match=message):
        SkeletonStore(folder)


@pytest.mark.parametrize('depth', [300, 900, 980, 100_000])
def test_deep_headers(folder, depth):
    deep = '[' * depth + ']' * depth
    (folder / 'header.json').write_text(
        '{"format": "aclnet_plugin skeleton store", "version": 1, '
        f'"checksum": "", "body": {{"a": {deep}}}}}'
    )
    with pytest.raises(ValueError, match=r'header\.json is damaged'):
        SkeletonStore(folder)


def test_long_headers(folder, samples, monkeypatch):
    monkeypatch.setattr(header_module, 'MAX_BYTES', 99)
    with pytest.raises(ValueError, match='more than 99 bytes'):
        SkeletonStore(folder)
    with pytest.raises(ValueError, match='at most 99 are possible'):
        write_store(samples, folder, overwrite=True)


@pytest.mark.parametrize('place', [-1, -64, -(2**63), 2**62, 2**63 - 1])
def test_arrays_outside_of_the_file(folder, place):
    # NumPy itself would read there.
    row(folder, 'arrays', place)
    with pytest.raises(ValueError, match=r'4 is damaged.*outside of arrays'):
        SkeletonStore(folder)[4]


@pytest.mark.parametrize(
    'array',
    [
        ['<f2', [-1, 6, 25, 3], False, 0],
        ['<f2', [1, 6, 25, 3], False, -(10**6)],
        ['<f2', [1, 6, 25, 3], False, 2**70],
        ['<f2', [2**62, 6, 25, 3], False, 0],
        ['<f2', [2**62, 2**62, 4, 3], False, 0],
        ['<f2', [0, 2**62, 25, 3], False, 0],
        ['<f2', [1] * 70, False, 0],
        ['<f2', [1.0, 6, 25, 3], False, 0],
        ['|S99999999', [1, 6, 25, 3], False, 0],
        ['|O', [1], False, 0],
        [5, [1], False, 0],
        None,
    ],
)
def test_lying_arrays(folder, array):
    record(folder, lambda r: r | dict(keypoint={'array': array}))
    for use in (lambda: SkeletonStore(folder)[4], lambda: load(folder)[4]):
        with pytest.raises(ValueError, match='number 4 is damaged'):
            use()


@pytest.mark.parametrize(
    'text',
    [b'', b'{', b'\xff', b'1', b'[]', b'{}', b'[' * 9999, b'9' * 5000],
)  # fmt: skip
def test_records_that_are_none(folder, text):
    for at in (4, 6):
        record(folder, lambda r: text, at)
    with pytest.raises(ValueError, match='number 4 is damaged'):
        load(folder)[4]
    with pytest.raises(ValueError, match='number 4 is damaged'):
        load(folder).get_cat_ids(4)
    with pytest.raises(ValueError, match='is damaged'):
        SkeletonStore(folder).to_content()
    assert len(load(folder)[0]['inputs'])


@pytest.mark.parametrize('content', [{}, [], 5, {'dict': []}, 'x'])
def test_a_content_that_is_none(folder, content):
    record(folder, lambda r: dict(content=content), 6)
    with pytest.raises(ValueError, match='is damaged'):
        SkeletonStore(folder).to_content()


@pytest.mark.parametrize('key', ['label', 'keypoint'])
def test_keys_that_are_missing(folder, key):
    record(folder, lambda r: {k: v for k, v in r.items() if k != key})
    with pytest.raises(ValueError, match='not what the index says'):
        load(folder)[4]


@pytest.mark.parametrize(
    ('column', 'value'),
    [('label', 2), ('size', 3), ('frames', 9), ('kind', 1), ('several', 1)],
)
def test_index_and_record_disagree(folder, column, value):
    row(folder, column, value)
    with pytest.raises(ValueError, match=r'4 is damaged.*index says'):
        load(folder)[4]
    if column in ('label', 'several'):
        with pytest.raises(ValueError, match='index says'):
            load(folder).get_cat_ids(4)


@pytest.mark.parametrize('place', [-1, 6, 2**62, -(2**63)])
def test_places_outside_of_the_store(folder, place):
    places = np.fromfile(folder / 'places.bin', '<i8')
    places[4] = place
    places.tofile(folder / 'places.bin')
    dataset = load(folder)
    for use in (
        lambda: dataset[4],
        lambda: list(dataset.data_list),
        lambda: dataset.get_cat_ids(4),
        lambda: survey(dataset, None, untracked),
    ):
        with pytest.raises(ValueError, match=r'places\.bin is damaged'):
            use()


@pytest.mark.parametrize(('column', 'value'), [('kind', 9), ('frames', -1)])
def test_the_check_of_the_data_reads_no_bad_row(folder, column, value):
    row(folder, column, value)
    with pytest.raises(ValueError, match=r'index\.bin is damaged'):
        survey(load(folder), None, untracked)


def test_a_transform_that_fails_at_a_bad_sample(folder):
    # What the index does not tell, and the checksum of the header neither.
    record(folder, lambda r: r | dict(total_frames=10**6))
    with pytest.raises(ValueError, match=r"'s1' \(number 4\) says total"):
        SkeletonDataset(str(folder), pipeline=HOST, split='train')[4]


def test_a_transform_that_fails_by_itself(folder):
    def broken(info):
        raise ZeroDivisionError

    dataset = SkeletonDataset(str(folder), pipeline=[broken], split='train')
    with pytest.raises(ZeroDivisionError):
        dataset[4]


@pytest.mark.parametrize('name', ['arrays.bin', 'index.bin', 'header.json'])
def test_endless_files(folder, name):
    (folder / name).unlink()
    os.symlink('/dev/zero', folder / name)
    with pytest.raises(ValueError, match=name):
        SkeletonStore(folder)


def test_records_of_another_store(folder, samples, tmp_path):
    for one in samples:
        one['label'] = 2 - one['label']
    other = tmp_path / 'other.store'
    write_store(samples, other)
    text = (other / 'records.bin').read_bytes()
    (folder / 'records.bin').write_bytes(text)
    header(folder, 'files', 'records.bin', 'bytes', value=len(text))
    with pytest.raises(ValueError, match='number 0 is damaged'):
        SkeletonStore(folder)[0]
