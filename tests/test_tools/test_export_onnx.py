"""The export command, and the script that runs its file without torch."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from mmaction.datasets.transforms import FormatGCNInput
from mmengine.config import Config

from aclnet_plugin.datasets.transforms import CenterSkeleton
from aclnet_plugin.models.deploy.onnx_errors import OnnxError
from tests.scripts import ROOT, load_script
from tests.training import build_runner, tiny_config

pytest.importorskip('onnx')
pytest.importorskip('onnxscript')
onnxruntime = pytest.importorskip('onnxruntime')

FRAMES = 8
ALONE = """
import runpy, sys
for name in ('torch', 'mmaction', 'mmengine', 'mmcv', 'aclnet_plugin'):
    sys.modules[name] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
"""


@pytest.fixture(scope='module')
def tool():
    return load_script('tools/export_onnx.py')


@pytest.fixture(scope='module')
def trained(tiny_skeletons, tmp_path_factory):
    """Config, checkpoint and the model itself."""
    folder = tmp_path_factory.mktemp('trained')
    config = tiny_config(tiny_skeletons, folder / 'work')
    config.train_cfg.max_epochs = 1
    config.model.backbone.num_stages = 1
    config.model.backbone.down_stages = ()
    for name in ('val_dataloader', 'val_cfg', 'val_evaluator'):
        config.pop(name)
    config.test_dataloader.dataset.pipeline[0] = dict(
        type='CenterSkeleton', layout='nturgb+d', center=1
    )
    runner = build_runner(config, 'trained')
    runner.train()
    config.dump(folder / 'tiny.py')
    path = folder / 'work' / 'epoch_1.pth'
    # Scores far from uniform, so that a difference would show.
    torch.nn.init.normal_(runner.model.cls_head.fc.weight, std=3)
    torch.save(dict(state_dict=runner.model.state_dict()), path)
    return folder / 'tiny.py', path, runner.model


@pytest.fixture
def call(tool, trained, capsys):
    """Run the command; exit status and what it says."""

    def run(out, *flags, checkpoint=trained[1]):
        words = (trained[0], checkpoint, '--out', out, *flags)
        status = tool.main([str(word) for word in words])
        printed, error = capsys.readouterr()
        return status, printed if status == 0 else error

    return run


@pytest.fixture(scope='module')
def exported(tool, trained, tmp_path_factory):
    """A file with class names."""
    folder = tmp_path_factory.mktemp('exported')
    (folder / 'names.txt').write_text('wave\nbow\njump\n')
    out = folder / 'model.onnx'
    words = [*trained[:2], '--out', out, '--classes', folder / 'names.txt']
    assert tool.main([str(word) for word in words]) == 0
    return out


def test_what_is_said(call, tmp_path):
    out = tmp_path / 'model.onnx'
    out.write_bytes(b'of before')
    status, said = call(out, '--samples', '3', '--overwrite')
    assert status == 0
    assert 'keypoint (batch, persons, frames, 25, 3)' in said
    assert 'random inputs: largest difference' in said
    assert '3 inputs of the test set: largest difference' in said
    assert 'no class names' in said
    assert f'MB written to {out}' in said
    assert list(tmp_path.iterdir()) == [out]


def run_alone(*words):
    """Run the demo where nothing of ours can be imported."""
    words = [sys.executable, '-c', ALONE, ROOT / 'demo/run_onnx.py', *words]
    done = subprocess.run(words, capture_output=True, text=True)
    table = dict(line.split()[::-1] for line in done.stdout.splitlines())
    return done, {name: float(score) for name, score in table.items()}


@torch.no_grad()
def shares(model, clips):
    scores = model.eval()(torch.as_tensor(clips)[:, None], stage='head')
    return scores.double().softmax(1).mean(0).numpy()


def test_demo_without_torch(exported, trained, tmp_path):
    clips = np.random.default_rng(0).normal(size=(3, 2, 11, 25, 3))
    np.save(tmp_path / 'clips.npy', clips)
    done, table = run_alone(exported, tmp_path / 'clips.npy')
    assert done.returncode == 0, done.stderr
    wanted = shares(trained[2], clips.astype(np.float32))
    assert np.ptp(wanted) > 0.1
    names = ['wave', 'bow', 'jump']
    assert list(table) == [names[i] for i in np.argsort(-wanted)]
    found = [table[name] for name in names]
    np.testing.assert_allclose(found, wanted, atol=6e-5)


@pytest.mark.parametrize('total', [29, 5])
def test_demo_on_a_recording(exported, trained, tmp_path, total):
    """Preprocessed as the transforms of the pipeline do it."""
    pose = np.random.default_rng(1).normal(size=(3, total, 25, 3)) + 5
    pose[0, 2:] = 0  # is not the main person
    pose[1, 1] = 0
    pose[1, 3, 7] = 0
    pose = pose.astype(np.float32)
    np.save(tmp_path / 'pose.npy', pose)
    done, table = run_alone(exported, tmp_path / 'pose.npy')
    assert done.returncode == 0, done.stderr
    # For two persons, the transform puts the one seen longer first, too; the
    # demo does so for any number.
    ordered = pose[[2, 1, 0]]
    results = CenterSkeleton(center=1)(dict(keypoint=ordered))
    seen = results['keypoint'].shape[1]
    frames = np.arange(FRAMES) % seen
    if seen >= FRAMES:
        frames = np.arange(FRAMES) * seen // FRAMES
    results['keypoint'] = results['keypoint'][:, frames]
    clip = FormatGCNInput(num_person=2)(results)['keypoint']
    wanted = shares(trained[2], clip)
    found = [table[name] for name in ('wave', 'bow', 'jump')]
    np.testing.assert_allclose(found, wanted, atol=6e-5)


def test_demo_says_what_it_cannot_do(exported, tmp_path):
    assert 'usage: ' in run_alone(exported)[0].stderr


def test_metadata(exported, trained):
    session = onnxruntime.InferenceSession(exported)
    about = session.get_modelmeta().custom_metadata_map
    assert json.loads(about['classes']) == ['wave', 'bow', 'jump']
    wanted = dict(
        layout='nturgb+d',
        stream='j',
        clip_len='8',
        num_clips='1',
        num_person='2',
        center='1',
        average_clips='prob',
        config='tiny.py',
        checkpoint='epoch_1.pth',
    )
    assert {key: about[key] for key in wanted} == wanted
    assert len(about['checkpoint_sha256']) == 64
    steps = [step['type'] for step in json.loads(about['pipeline'])]
    assert steps[0] == 'CenterSkeleton' and steps[-1] == 'PackActionInputs'
    assert str(trained[0].parent) not in str(about)


def test_all_fixed_with_an_embedding(call, tmp_path):
    out = tmp_path / 'new' / 'model.onnx'
    status, said = call(
        *(out, '--embedding', 'intra', '--fix', 'batch', 'persons', 'frames'),
        *('--num-frames', '6', '--num-person', '1', '--samples', '2'),
    )
    assert status == 0
    assert 'keypoint (1, 1, 6, 25, 3); open: nothing' in said
    assert 'compared (its pipeline makes frames 8, persons 2)' in said
    session = onnxruntime.InferenceSession(out)
    clip = np.zeros((1, 1, 6, 25, 3), np.float32)
    scores, vectors = session.run(None, {'keypoint': clip})
    assert scores.shape == (1, 3) and vectors.shape == (1, 8)


def test_wrong_inputs(call, exported, tmp_path):
    before = exported.read_bytes()
    for out, flags, message in [
        (tmp_path / 'model.pt', (), 'must end in .onnx'),
        (exported, (), 'exists; use --overwrite'),
        (
            tmp_path / 'a.onnx',
            ('--classes', exported.with_name('none.txt')),
            "none.txt' for --classes",
        ),
        (
            tmp_path / 'a.onnx',
            ('--cfg-options', 'model.cls_head.num_classes=4'),
            'epoch_1.pth does not fit the model of the config',
        ),
        (
            tmp_path / 'a.onnx',
            ('--cfg-options', 'model.backbone.type=STGCN'),
            'epoch_1.pth does not fit the model of the config',
        ),
        (
            tmp_path / 'a.onnx',
            ('--cfg-options', 'test_dataloader.dataset.split=none'),
            'none',
        ),
    ]:
        status, said = call(out, *flags)
        assert status == 1 and message in said, said
        assert said.startswith('error: ') and 'Traceback' not in said
    status, said = call(
        tmp_path / 'a.onnx',
        *('--cfg-options', 'test_dataloader.dataset.pipeline.2.clip_len=0'),
    )
    assert status == 1 and 'clip_len' in said
    status, said = call(tmp_path / 'a.onnx', checkpoint=tmp_path / 'no.pth')
    assert status == 1 and 'there is no file' in said
    assert not list(tmp_path.iterdir())
    assert exported.read_bytes() == before


def test_no_file_that_disagrees(tool, call, exported, monkeypatch):
    before = exported.read_bytes()

    def disagree(*_):
        raise OnnxError('scores differ')

    monkeypatch.setattr(tool, 'export_onnx', lambda *_: before)
    monkeypatch.setattr(tool, 'compare', disagree)
    status, said = call(exported, '--overwrite')
    assert (status, said) == (1, 'error: scores differ\n')
    assert exported.read_bytes() == before
    assert not list(exported.parent.glob('*.partial'))


def test_a_pipeline_without_a_number_of_frames(tool, trained):
    cfg = Config.fromfile(trained[0])
    rules = tool.read_input_rules(cfg, None)._replace(clip_len=None)
    args = tool.parse_args([*map(str, trained[:2]), '--out', 'a.onnx'])
    with pytest.raises(OnnxError, match='give it with --num-frames'):
        tool.sizes_of(args, trained[2], rules)


def test_help_has_examples(tool, capsys):
    with pytest.raises(SystemExit):
        tool.parse_args(['--help'])
    said = capsys.readouterr().out
    assert '--embedding concat' in said and 'demo/run_onnx.py' in said
