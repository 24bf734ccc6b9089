"""The inference command."""

import json

import numpy as np
import pytest

from tests.scripts import load_script


@pytest.fixture(scope='module')
def tool():
    return load_script('demo/demo_inferencer.py')


@pytest.fixture
def call(tool, trained, capsys):
    """Run the command on the joint stream; exit status and both outputs."""

    def run(*words, checkpoint=trained.j):
        words = (trained.config_j, checkpoint, *words, '--device', 'cpu')
        status = tool.main([str(word) for word in words])
        printed, error = capsys.readouterr()
        return status, printed, error

    return run


@pytest.fixture
def csv(walk, tmp_path):
    path = tmp_path / 'walk.csv'
    np.savetxt(path, walk.reshape(len(walk), -1), '%.9g', delimiter=',')
    return path


def test_one_line_for_each_class(call, csv, infer, walk):
    status, printed, _ = call(csv, '--top', 2)
    assert status == 0
    want = infer(walk, top=2)['predictions'][0]['top']
    rows = [line.split('  ') for line in printed.splitlines()]
    assert [row[:3] for row in rows] == [
        ['walk', 'all', one['name']] for one in want
    ]
    assert '\t' not in printed


def test_json_segments_and_a_picture(call, csv, tmp_path):
    out, film = tmp_path / 'r' / 'a.json', tmp_path / 'a.mp4'
    status, printed, error = call(
        *(csv, '--window', 10, '--stride', 5, '--smooth', 'median'),
        *('--out', out, '--vis-out', film, '--full-scores', '--per-person'),
    )
    assert status == 0, error
    assert f'written to {film}' in error and film.stat().st_size > 1000
    content = json.loads(out.read_text())
    track = content['predictions'][0]['tracks'][0]
    assert track['segments'][-1]['end'] == 40 and len(track['scores']) == 3
    first = track['segments'][0]
    told = f'walk  person 0, frames 0-{first["end"] - 1}  {first["name"]}'
    assert printed.startswith(told)
    assert content['visualization'] == [str(film)]


def test_two_streams_and_names(call, csv, trained, tmp_path):
    names = tmp_path / 'names.txt'
    names.write_text('A\nB\nC\n')
    out = tmp_path / 'a.json'
    status, printed, error = call(
        *(trained.ann_file, '--split', 'xsub_val', '--name', 'xsub_val_03'),
        *('--stream', trained.config_b, trained.b, '--weights', 2, 1),
        *('--classes', names, '--out', out, '--reparameterize'),
    )
    assert status == 0, error
    (found,) = json.loads(out.read_text())['predictions']
    assert found['input'] == 'xsub_val_03' and found['name'] in 'ABC'
    alone = call(trained.ann_file, '--name', 'xsub_val_03')[1]
    assert alone.split()[-1] != printed.split()[-1]


def test_what_is_wrong_is_told_and_the_others_are_done(call, csv, tmp_path):
    (tmp_path / 'bad.csv').write_text('1,2\n')
    status, printed, error = call(csv, tmp_path / 'bad.csv', 'none.npy')
    assert status == 1
    assert printed.count('walk') == 3
    assert error.count('error: ') == 2
    assert 'bad.csv: 2 numbers in a row' in error
    assert "no file or folder 'none.npy'" in error
    assert 'Traceback' not in error


def test_errors_of_the_command_line(call, csv, tmp_path, trained):
    status, _, error = call(csv, checkpoint=tmp_path / 'no.pth')
    assert status == 1 and error.startswith('error: there is no file')
    status, _, error = call(csv, '--out', csv)
    assert status == 1 and 'one of the files to read' in error
    status, _, error = call(
        csv, '--cfg-options', 'model.cls_head.num_classes=5'
    )
    assert status == 1 and 'does not fit the model' in error
    status, _, error = call(csv, '--stride', 3)
    assert status == 1 and 'give both' in error


def test_help_has_examples(tool, capsys):
    with pytest.raises(SystemExit):
        tool.parse_args(['--help'])
    assert '--stream B.py B.pth' in capsys.readouterr().out
