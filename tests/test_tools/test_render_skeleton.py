"""The drawing command."""

import pickle

import numpy as np
import pytest
import torch
from PIL import Image

from aclnet_plugin.datasets.store import write_store
from tests.scripts import load_script


@pytest.fixture(scope='module')
def tool():
    return load_script('tools/visualizations/render_skeleton.py')


@pytest.fixture
def annotations(tiny_skeletons, tmp_path):
    content = pickle.loads(tiny_skeletons.read_bytes())
    content['classes'] = ['drink', 'eat', 'clap']
    path = tmp_path / 'tiny.pkl'
    path.write_bytes(pickle.dumps(content))
    return path


@pytest.fixture
def call(tool, annotations, tmp_path, capsys):
    """Run the command; exit status, what it says, and the file."""

    def run(*words, out='a.gif', source=annotations, layout='nturgb+d'):
        path = tmp_path / out
        words = (source, '--out', path, '--layout', layout, *words)
        status = tool.main([str(word) for word in words])
        printed, error = capsys.readouterr()
        return status, printed + error, path

    return run


@pytest.fixture
def panels(tool, monkeypatch):
    """What is drawn."""
    seen = []

    def render(panels, *args):
        seen[:] = panels
        return args[0]

    monkeypatch.setattr(tool, 'render', render)
    return seen


NAME = ('--name', 'xsub_val_01')


def test_gif_of_a_sample(call):
    status, said, path = call(*NAME, '--fps', 20, '--size', 100)
    assert status == 0 and said == f'written to {path}\n'
    with Image.open(path) as image:
        assert image.n_frames > 19 and image.info['duration'] == 50


def test_title_note_and_class(call, panels, annotations, tmp_path):
    assert call(*NAME)[0] == 0
    assert (panels[0].title, panels[0].note) == ('eat', 'xsub_val_01')
    call(*NAME, '--title', 'T')
    assert panels[0].title == 'T'
    names = tmp_path / 'n.txt'
    names.write_text('A\nB\nC\n')
    call(*NAME, '--classes', names)
    assert panels[0].title == 'B'
    store = tmp_path / 'tiny.store'
    write_store(pickle.loads(annotations.read_bytes()), store)
    call(*NAME, '--split', 'xsub_val', source=store)
    assert panels[0].title == 'eat'


def test_a_file_of_key_points(call, panels, tmp_path):
    pose = np.ones((4, 25, 3))
    pose[1, 2] = np.nan
    np.save(tmp_path / 'pose.npy', pose)
    assert call(source=tmp_path / 'pose.npy')[0] == 0
    assert panels[0].title == 'pose'
    assert not panels[0].keypoint[0, 1, 2].any()
    status, said, _ = call('--missing', 'error', source=tmp_path / 'pose.npy')
    assert status == 1 and 'joint 2' in said


def test_another_beside(call, panels):
    assert call(*NAME, '--beside', 'xsub_val_02')[0] == 0
    assert [panel.title for panel in panels] == ['eat', 'clap']


def test_the_confusable_class_beside(call, panels, tmp_path):
    counts = torch.zeros(3, 3, dtype=torch.int64)
    counts[1, 0] = 4
    state = {
        'cls_head.affinity.confusion.counts': counts,
        'cls_head.affinity.families.member': counts > 0,
    }
    path = tmp_path / 'a.pth'
    torch.save({'state_dict': state, 'meta': {}}, path)
    status, said, _ = call(*NAME, '--confusable', path)
    assert status == 0, said
    assert [panel.title for panel in panels] == ['eat', 'drink']
    assert 'Motion Family' in panels[1].note
    status, said, _ = call('--name', 'xsub_val_02', '--confusable', path)
    assert status == 1 and 'was never confused' in said


@pytest.mark.parametrize(
    ('words', 'keys', 'said'),
    [
        ((), {}, 'has 24 sequences; say which'),
        (('--name', 'xsub_val_9'), {}, "no sequence 'xsub_val_9'"),
        (NAME, {'layout': 'coco'}, "the layout 'coco' has 17"),
        (NAME, {'layout': 'cat'}, "Unknown skeleton layout 'cat'"),
        (NAME, {'out': 'a.bmp'}, 'must end in .gif'),
        (NAME, {'source': 'no.pkl'}, "no file or folder 'no.pkl'"),
        ((*NAME, '--fps', 0), {}, 'fps must be'),
        ((*NAME, '--confusable', 'no.pth'), {}, "no file 'no.pth'"),
    ],
)
def test_errors(call, words, keys, said):
    status, told, _ = call(*words, **keys)
    assert status == 1 and told.startswith('error: ') and said in told


def test_an_axis_that_points_down(call):
    pictures = []
    for words in ((), ('--up=-y',)):
        status, said, path = call(*NAME, *words, out='a.png')
        assert status == 0, said
        pictures.append(path.read_bytes())
    assert pictures[0] != pictures[1]


def test_the_input_is_never_overwritten(call, tmp_path):
    path = tmp_path / 'a.gif'
    path.write_bytes(b'x')
    status, said, _ = call(source=path)
    assert status == 1 and 'is the input itself' in said


def test_layout_of_a_config(tool, stgcn_config, annotations, tmp_path):
    words = [
        annotations,
        '--config',
        stgcn_config,
        '--out',
        tmp_path / 'a.png',
    ]
    assert tool.main([*map(str, words), *NAME]) == 0
    with Image.open(tmp_path / 'a.png') as image:
        assert image.size[0] == 8 * 144


def test_help_has_examples(tool, capsys):
    with pytest.raises(SystemExit):
        tool.parse_args(['--help'])
    assert '--confusable work_dirs' in capsys.readouterr().out
