"""The command line of the synthetic walks."""

import pytest

from aclnet_plugin.datasets import GaitPoseDataset
from aclnet_plugin.utils.safe_pickle import safe_load
from tests.scripts import load_script

tool = load_script('tools/data/synthetic_gait.py')

SMALL = '--subjects 4 --views 0 90 --walks 2 1 1 --num-frames 61 63'.split()


def run(out, *more):
    return tool.main([str(out), *SMALL, *more])


@pytest.mark.parametrize('ending', ['pkl', 'store'])
def test_writes_both_forms(tmp_path, capsys, ending):
    out = tmp_path / 'new' / f'gait.{ending}'
    assert run(out) == 0
    text = capsys.readouterr().out
    assert '32 sequences written to' in text and '  reid_test: 16' in text
    assert len(GaitPoseDataset(str(out), pipeline=[], split='train')) == 16


def test_settings_arrive(tmp_path):
    out = tmp_path / 'gait.pkl'
    more = ['--layout', 'openpose14', '--noise', '0', '--quiet']
    assert run(out, *more) == 0
    first = safe_load(out)['annotations'][0]
    assert first['keypoint'].shape[2:] == (14, 3)
    assert run(out, *more, '--seed', '1', '--overwrite') == 0
    other = safe_load(out)['annotations'][0]
    assert (first['keypoint'][:, :61] != other['keypoint'][:, :61]).any()


def test_overwrites_only_when_told(tmp_path, capsys):
    out = tmp_path / 'gait.pkl'
    run(out)
    written = out.read_bytes()
    assert run(out, '--seed', '1') == 1
    assert 'error:' in capsys.readouterr().err
    assert out.read_bytes() == written
    assert run(out, '--seed', '1', '--overwrite') == 0
    assert out.read_bytes() != written


def test_bad_settings(tmp_path, capsys):
    out = tmp_path / 'gait.pkl'
    assert run(out, '--subjects', '3') == 1
    assert 'error: num_subjects must be 4 to 999' in capsys.readouterr().err
    assert not out.exists()
    assert run(tmp_path / 'gait.npz') == 1
    assert 'must end in .pkl or .store' in capsys.readouterr().err


def test_help_has_an_example(capsys):
    with pytest.raises(SystemExit):
        tool.main(['--help'])
    assert 'tools/data/synthetic_gait.py data/' in capsys.readouterr().out
