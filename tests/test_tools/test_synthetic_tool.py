"""The command line of the synthetic generator."""

import importlib.util
from pathlib import Path

import pytest

from aclnet_plugin.utils.safe_pickle import safe_load

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'data' / 'synthetic.py'
_spec = importlib.util.spec_from_file_location('synthetic_tool', TOOL)
tool = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tool)

SMALL = (
    '--num-classes 4 --num-subjects 2 --num-views 2 --samples-per-cell 1 '
    '--num-frames 5 9 --layout kinect_v1'
).split()


@pytest.fixture
def out(tmp_path):
    return tmp_path / 'new' / 'synthetic.pkl'


def run(out, *more):
    return tool.main(['--out', str(out), *SMALL, *more])


def test_writes_a_file(out, capsys):
    assert run(out) == 0
    content = safe_load(out)
    assert len(content['annotations']) == 16
    assert content['annotations'][0]['keypoint'].shape[2:] == (20, 3)
    assert content['settings']['num_frames'] == [5, 9]
    text = capsys.readouterr().out
    assert '16 sequences of 4 classes' in text and 'xview_val: 8' in text


def test_overwrites_only_when_told(out, capsys):
    run(out)
    written = out.read_bytes()
    assert run(out) == 0
    assert 'same settings' in capsys.readouterr().out
    assert run(out, '--seed', '1') == 1
    assert '--overwrite' in capsys.readouterr().err
    assert out.read_bytes() == written
    assert run(out, '--seed', '1', '--overwrite') == 0
    assert out.read_bytes() != written
    out.write_text('something else')
    assert run(out) == 1


def test_bad_settings(out, capsys):
    assert run(out, '--group-size', '9') == 1
    assert 'group_size must be 1 to 8' in capsys.readouterr().err
    assert not out.exists()
