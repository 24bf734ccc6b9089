"""The NW-UCLA converter on a made-up handful of files."""

import importlib.util
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from aclnet_plugin.datasets import SkeletonDataset
from aclnet_plugin.utils.safe_pickle import safe_load

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'data' / 'nw_ucla.py'
_spec = importlib.util.spec_from_file_location('nw_ucla_tool', TOOL)
nw_ucla = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(nw_ucla)

ACTIONS = (1, 2, 3, 4, 5, 6, 8, 9, 11, 12)
NAMES = [
    f'a{action:02d}_s{subject:02d}_e00_v{view:02d}'
    for action in ACTIONS
    for subject in (1, 2)
    for view in (1, 2, 3)
]


def record(name, frames=3):
    rng = np.random.default_rng(NAMES.index(name))
    return dict(
        file_name=name,
        skeletons=rng.normal(size=(frames, 20, 3)).round(4).tolist(),
        label=ACTIONS.index(int(name[1:3])) + 1,
    )


@pytest.fixture
def tree(tmp_path):
    folder = tmp_path / 'raw' / 'all_sqe'
    folder.mkdir(parents=True)
    for name in NAMES:
        (folder / f'{name}.json').write_text(json.dumps(record(name)))
    (folder / 'readme.txt').write_text('not a sample')
    return folder


@pytest.fixture
def archive(tree, tmp_path):
    path = tmp_path / 'raw.tar.xz'
    with tarfile.open(path, 'w:xz') as tar:
        tar.add(tree, arcname='all_sqe')
    return path


def run(*arguments):
    return nw_ucla.main([*map(str, arguments), '--quiet'])


def test_folder_and_archive_give_the_same(tree, archive, tmp_path, capsys):
    assert run(tree, tmp_path / 'a.pkl') == 0
    assert run(archive, tmp_path / 'b.pkl') == 0
    one, two = (safe_load(tmp_path / f'{x}.pkl') for x in 'ab')
    assert one['split'] == two['split']
    for a, b in zip(one['annotations'], two['annotations'], strict=True):
        np.testing.assert_array_equal(a.pop('keypoint'), b.pop('keypoint'))
        assert a == b
    text = capsys.readouterr().out
    assert '60 sequences (complete: 1484)' in text
    assert 'view 3: 20 (complete: 464)' in text
    assert 'not complete' in text


def test_content(tree, tmp_path):
    run(tree, tmp_path / 'out.pkl')
    content = safe_load(tmp_path / 'out.pkl')
    assert len(content['classes']) == 10
    assert content['classes'][9] == 'carry'
    for one in content['annotations']:
        raw = record(one['frame_dir'])
        np.testing.assert_array_equal(
            one['keypoint'], np.float32([raw['skeletons']])
        )
        assert one['label'] == raw['label'] - 1
        parts = f's{one["subject"]:02d}_e{one["execution"]:02d}'
        assert f'{parts}_v{one["view"]:02d}' in one['frame_dir']
    split = content['split']
    assert split['xview_val'] == split['xview3_val']
    assert all(name.endswith('_v03') for name in split['xview_val'])
    assert all('_s01_' in name for name in split['xsub_train'])
    assert all(name.endswith('_v01') for name in split['xview_dev_train'])
    assert all(name.endswith('_v02') for name in split['xview_dev_val'])
    dev = split['xview_dev_train'] + split['xview_dev_val']
    assert sorted(dev) == sorted(split['xview_train'])
    for kind in ('xview', 'xview1', 'xview2', 'xview3', 'xsub'):
        halves = split[f'{kind}_train'] + split[f'{kind}_val']
        assert sorted(halves) == sorted(NAMES)
    dataset = SkeletonDataset(
        str(tmp_path / 'out.pkl'),
        pipeline=[],
        split='xview_train',
        layout='kinect_v1',
        num_classes=10,
    )
    assert len(dataset) == 40


def test_what_is_tested_and_trained_on_is_left_out(tree, tmp_path, capsys):
    assert run(tree, tmp_path / 'a.pkl') == 0
    split = safe_load(tmp_path / 'a.pkl')['split']
    assert split['xview_val_unseen'] == split['xview_val']
    assert 'with the same key points' not in capsys.readouterr().out
    third = next(name for name in NAMES if name.endswith('_v03'))
    second = third.replace('_v03', '_v02')
    content = record(third) | dict(skeletons=record(second)['skeletons'])
    (tree / f'{third}.json').write_text(json.dumps(content))

    assert run(tree, tmp_path / 'b.pkl') == 0
    split = safe_load(tmp_path / 'b.pkl')['split']
    others = [name for name in split['xview_val'] if name != third]
    assert split['xview_val_unseen'] == split['xview3_val_unseen'] == others
    assert second not in split['xview2_val_unseen']
    assert split['xview1_val_unseen'] == split['xview1_val']
    assert '1 of the 20 sequences of xview_val' in capsys.readouterr().out


def test_half_precision(tree, tmp_path):
    run(tree, tmp_path / 'out.pkl', '--dtype', 'float16')
    first = safe_load(tmp_path / 'out.pkl')['annotations'][0]
    assert first['keypoint'].dtype == np.float16


def test_existing_output(tree, tmp_path, capsys):
    out = tmp_path / 'out.pkl'
    out.write_text('precious')
    assert run(tree, out) == 1
    assert out.read_text() == 'precious'
    assert '--overwrite' in capsys.readouterr().err
    assert run(tree, out, '--overwrite') == 0


BROKEN = [
    ('{"skeletons": [', 'is broken'),
    ('[]', 'is broken'),
    (json.dumps(dict(skeletons=[[[0, 0, 0]]], label=1)), r'shape \(1, 1, 3\)'),
    (json.dumps(dict(skeletons=[], label=1)), 'shape'),
    (json.dumps(dict(skeletons=[[['x']]], label=1)), 'is broken'),
    (json.dumps(dict(label=1)), "KeyError: 'skeletons'"),
    (json.dumps(record(NAMES[0]) | dict(label=4)), 'label 4 does not belong'),
]


@pytest.mark.parametrize(('text', 'message'), BROKEN)
def test_broken_files_are_named(tree, tmp_path, capsys, text, message):
    (tree / f'{NAMES[0]}.json').write_text(text)
    with pytest.raises(nw_ucla.BadFile, match=f'{NAMES[0]}.json.*{message}'):
        nw_ucla.convert(tree, quiet=True)
    out = tmp_path / 'out.pkl'
    assert run(tree, out) == 1 and not out.exists()
    assert '--on-error skip' in capsys.readouterr().err
    assert run(tree, out, '--on-error', 'skip') == 0
    assert f'skipped: {NAMES[0]}.json' in capsys.readouterr().out
    assert len(safe_load(out)['annotations']) == 59


def test_infinite_coordinate(tree):
    raw = record(NAMES[5])
    raw['skeletons'][1][7][2] = float('nan')
    (tree / f'{NAMES[5]}.json').write_text(json.dumps(raw))
    with pytest.raises(nw_ucla.BadFile, match='frame 1, joint 7'):
        nw_ucla.convert(tree, quiet=True)


def test_unknown_action(tree):
    (tree / 'a07_s01_e00_v01.json').write_text('{}')
    with pytest.raises(nw_ucla.BadFile, match='no action 07'):
        nw_ucla.convert(tree, quiet=True)


@pytest.mark.parametrize(
    ('name', 'kind'),
    [
        ('/etc/a01_s01_e00_v01.json', tarfile.REGTYPE),
        ('x/../../a01_s01_e00_v01.json', tarfile.REGTYPE),
        ('all_sqe/a01_s01_e00_v01.json', tarfile.SYMTYPE),
        ('all_sqe/a01_s01_e00_v01.json', tarfile.LNKTYPE),
        ('all_sqe/pipe', tarfile.FIFOTYPE),
    ],
)
def test_odd_members_are_rejected(tmp_path, name, kind):
    path = tmp_path / 'odd.tar'
    with tarfile.open(path, 'w') as tar:
        member = tarfile.TarInfo(name)
        member.type = kind
        member.linkname = '/etc/passwd'
        tar.addfile(member, io.BytesIO())
    with pytest.raises(ValueError, match='odd member'):
        nw_ucla.convert(path, quiet=True)


def test_oversized_members_are_rejected(archive, monkeypatch):
    monkeypatch.setattr(nw_ucla, 'MAX_BYTES', 10)
    with pytest.raises(ValueError, match='the limit is 10'):
        nw_ucla.convert(archive, quiet=True)


def test_not_an_archive(tmp_path, archive, capsys):
    (tmp_path / 'text.tar').write_text('hello')
    assert run(tmp_path / 'text.tar', tmp_path / 'out.pkl') == 1
    assert 'cannot be read as a tar archive' in capsys.readouterr().err
    assert run(tmp_path / 'gone.tar', tmp_path / 'out.pkl') == 1
    assert 'gone.tar' in capsys.readouterr().err
    archive.write_bytes(archive.read_bytes()[:-200])
    assert run(archive, tmp_path / 'out.pkl') == 1
    (tmp_path / 'empty').mkdir()
    assert run(tmp_path / 'empty', tmp_path / 'out.pkl') == 1
    assert 'no usable file' in capsys.readouterr().err


def test_a_file_that_occurs_twice(tmp_path):
    path = tmp_path / 'twice.tar'
    text = json.dumps(record(NAMES[0])).encode()
    with tarfile.open(path, 'w') as tar:
        for folder in 'xy':
            member = tarfile.TarInfo(f'{folder}/{NAMES[0]}.json')
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    with pytest.raises(nw_ucla.BadFile, match='occurs twice'):
        nw_ucla.convert(path, quiet=True)
