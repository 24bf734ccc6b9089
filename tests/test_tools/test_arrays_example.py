"""tools/data/arrays_example.py: the made-up folder of the guide."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
_spec = importlib.util.spec_from_file_location(
    'arrays_example', ROOT / 'tools' / 'data' / 'arrays_example.py'
)
tool = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tool)


@pytest.mark.parametrize('dims', [2, 3])
def test_a_folder_is_written_once(tmp_path, capsys, dims):
    folder = tmp_path / 'raw'
    words = [str(folder), '--repeats', '1', '--quiet', '--dims', str(dims)]
    assert tool.main(words) == 0
    labels = (folder / 'labels.csv').read_text().splitlines()
    assert labels[0] == 'name,label,subject' and len(labels) == 113
    assert len({line.split(',')[1] for line in labels[1:]}) == 7
    table = np.loadtxt(folder / '0111.csv', delimiter=',', skiprows=1)
    assert 40 <= len(table) <= 60 and table.shape[1] == 39
    if dims == 2:
        x, y, score = table.reshape(-1, 13, 3).transpose(2, 0, 1)
        assert 0 < x.min() and x.max() < 640
        assert 0 < y.min() and y.max() < 480
        assert 0 <= score.min() and score.max() <= 1
    assert tool.main(words) == 1
    assert 'is not empty' in capsys.readouterr().err


def test_a_file_in_the_place_of_the_folder(tmp_path, capsys):
    (tmp_path / 'raw').write_text('')
    assert tool.main([str(tmp_path / 'raw')]) == 1
    assert 'error: ' in capsys.readouterr().err
