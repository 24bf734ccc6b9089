import argparse
import json
import pickle

import numpy as np
import pytest

from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.output import (
    make_parser,
    run_tool,
    save_csv,
    save_figure,
    save_json,
)
from aclnet_plugin.visualization.figure import new_figure


def test_shared_flags(capsys):
    parser = make_parser('Do it.\n\nExamples::\n\n    tool --out x\n')
    args = parser.parse_args([])
    assert args.out is None and args.format == ['png']
    args = parser.parse_args(['--out', 'a', '--format', 'svg', 'png'])
    assert str(args.out) == 'a' and args.format == ['svg', 'png']
    with pytest.raises(SystemExit):
        parser.parse_args(['--format', 'bmp'])
    with pytest.raises(SystemExit):
        parser.parse_args(['--help'])
    said = capsys.readouterr().out
    assert said.index('Do it.') < said.index('folder for pictures')
    assert '    tool --out x\n' in said  # line breaks stay


def figure():
    made = new_figure(1, 1)
    made.text(0.1, 0.5, 'text')
    return made


def test_pictures(tmp_path):
    folder = tmp_path / 'new' / 'one'
    png, svg = save_figure(figure(), folder, 'a', ('png', 'svg'))
    assert png.read_bytes().startswith(b'\x89PNG')
    assert b'<svg' in svg.read_bytes() and b'<dc:date>' not in svg.read_bytes()
    assert sorted(p.name for p in folder.iterdir()) == ['a.png', 'a.svg']
    before = png.read_bytes()
    save_figure(figure(), folder, 'a')
    assert png.read_bytes() == before


def test_tables(tmp_path):
    path = save_csv(
        [['a', 'b'], [1, 'x, "y"\n'], [2, 'ü']], tmp_path / 'x.csv'
    )
    text = path.read_text(encoding='utf-8')
    assert text == 'a,b\n1,"x, ""y""\n"\n2,ü\n'


def test_json_is_strict_and_keeps_the_old_file(tmp_path):
    path = save_json({'ü': [1.5, None]}, tmp_path / 'x.json')
    assert 'ü' in path.read_text(encoding='utf-8')
    assert json.loads(path.read_text()) == {'ü': [1.5, None]}
    with pytest.raises(ValueError):
        save_json({'x': float('nan')}, path)
    with pytest.raises(TypeError):
        save_json({'x': np.float32(1)}, path)
    assert json.loads(path.read_text()) == {'ü': [1.5, None]}


@pytest.mark.parametrize(
    'error, status, said',
    [
        (AnalysisError('give a file'), 1, 'error: give a file'),
        (ImportError('no matplotlib'), 1, 'error: no matplotlib'),
        (OSError('disk full'), 1, 'error: disk full'),
        (pickle.UnpicklingError('refused'), 1, 'error: refused'),
        (KeyboardInterrupt(), 130, 'error: interrupted'),
    ],
)
def test_errors_are_explained_and_files_listed(
    tmp_path, capsys, error, status, said
):
    def run(args):
        yield tmp_path / 'first.png'
        raise error

    assert run_tool(run, argparse.Namespace()) == status
    out, err = capsys.readouterr()
    assert out == '' and said in err
    assert f'written to {tmp_path / "first.png"}\n' in err


def test_success_and_mistakes_of_the_program():
    assert run_tool(lambda args: [], argparse.Namespace()) == 0

    def broken(args):
        raise KeyError('a mistake of ours is not hidden')

    with pytest.raises(KeyError):
        run_tool(broken, argparse.Namespace())
