"""The command that sweeps, mostly with a fake training."""

import csv
import json
import shlex

import pytest

from aclnet_plugin.analysis.sweep.grid import read_grid
from aclnet_plugin.analysis.sweep.meaning import meaning_of
from aclnet_plugin.analysis.sweep.plan import make_plan
from aclnet_plugin.analysis.sweep.resolve import resolve
from aclnet_plugin.analysis.sweep.runs import Scripts
from tests.scripts import ROOT, load_script
from tests.training import tiny_config

GRID_FILES = sorted((ROOT / 'configs/aclnet/sweeps').iterdir())
SMALL = {'model.backbone.base_channels': 8, 'model.cls_head.in_channels': 32}
JOINT = (
    ROOT
    / 'configs/aclnet'
    / 'aclnet_1xb16-joint-u52-65e_nw-ucla-xview-keypoint-3d.py'
)
CONFIGS = sorted((ROOT / 'configs/aclnet').glob('aclnet*-joint-u*.py'))
THRESHOLD = 'model.cls_head.families.overlap_threshold'

# Trains nothing: the higher the threshold, the better; 6 fails.
_FAKE = """
import argparse, json, pathlib, runpy, sys
parser = argparse.ArgumentParser()
parser.add_argument('config')
parser.add_argument('--work-dir', type=pathlib.Path)
parser.add_argument('--seed', type=int)
parser.add_argument('--resume')
args = parser.parse_args()
cfg = runpy.run_path(args.config)
threshold = cfg['model']['cls_head']['families']['overlap_threshold']
if threshold == 6:
    sys.exit('out of memory')
folder = args.work_dir / 'x' / 'vis_data'
folder.mkdir(parents=True)
row = {'acc/top1': (10 * threshold + args.seed) / 100}
row |= {'step': cfg['train_cfg']['max_epochs'], 'time': 0.1}
(folder / 'scalars.json').write_text(json.dumps(row))
"""


@pytest.fixture(scope='module')
def tool():
    return load_script('tools/analysis/sweep.py')


@pytest.fixture
def sweep(tool, tmp_path, monkeypatch, capsys):
    """The command on a tiny config; what it printed, status first."""
    fake = tmp_path / 'fake.py'
    fake.write_text(_FAKE)
    monkeypatch.setattr(tool, 'SCRIPTS', Scripts(fake, fake))
    config = tmp_path / 'tiny.py'
    tiny_config('none.pkl', 'unused').dump(config)

    def run(*more, values='3,4', seeds=(0, 1)):
        given = [str(config), '--grid', f'{THRESHOLD}={values}', '--seeds']
        given += [str(seed) for seed in seeds]
        given += ['--work-dir', str(tmp_path / 'sweep'), *more]
        status = tool.main(given)
        return status, *capsys.readouterr()

    return run


def test_a_sweep_tells_and_writes_what_it_found(sweep, tmp_path):
    status, out, err = sweep('--format', 'png', 'svg')
    assert status == 0
    assert out.splitlines() == [
        'acc/top1 (%), validation after the last epoch (4)',
        'setting                     mean ± sd     seeds  less base',
        'overlap_threshold=3         30.50 ± 0.71  2      -10.00',
        'overlap_threshold=4 (base)  40.50 ± 0.71  2      -',
    ]
    assert '[4/4] finished: overlap_threshold=4, seed 1' in err
    folder = tmp_path / 'sweep' / 'report'
    for name in ('sweep.png', 'sweep.svg', 'sweep.csv', 'sweep.json'):
        assert (folder / name).stat().st_size > 0
        assert f'written to {folder / name}' in err
    rows = list(csv.DictReader((folder / 'sweep.csv').open()))
    assert [float(row['acc/top1']) for row in rows] == [30, 31, 40, 41]
    content = json.loads((folder / 'sweep.json').read_text())
    assert [one['base'] for one in content['settings']] == [False, True]


def test_what_matches_is_kept_when_the_grid_grows(sweep):
    sweep()
    status, out, err = sweep(values='2,4,5')
    assert status == 0
    assert err.count('started') == 4
    assert err.count('finished before: overlap_threshold=4') == 2
    assert 'overlap_threshold=3' not in out


def test_failures_are_told_and_do_not_stop_the_rest(sweep, tmp_path):
    for call in range(2):
        status, out, err = sweep(values='6,4')
        assert status == 1
        assert 'overlap_threshold=6         -             0      -' in out
        assert 'note: 2 of 4 runs failed' in out
        assert 'out of memory' in err
        assert err.count('started') == (0 if call else 4)
    status, _, err = sweep('--retry-failed', values='6,4')
    assert status == 1
    assert err.count('started') == 2
    failures = list((tmp_path / 'sweep').rglob('failure.json'))
    assert len(failures) == 2
    assert json.loads(failures[0].read_text())['tail'] == 'out of memory'


def test_plot_only_runs_nothing(sweep):
    status, _, err = sweep('--plot-only')
    assert status == 1
    assert 'error: none of 4 runs' in err
    sweep(seeds=[0])
    status, out, err = sweep('--plot-only')
    assert status == 1
    assert 'note: 2 of 4 runs missing' in out
    assert 'started' not in err


def test_another_base_is_refused(sweep):
    sweep()
    status, out, err = sweep('--cfg-options', 'train_cfg.max_epochs=9')
    assert (status, out) == (1, '')
    assert 'train_cfg.max_epochs: 4 -> 9' in err
    assert 'Traceback' not in err
    status, out, err = sweep(
        '--cfg-options', 'train_cfg.max_epochs=9', '--rebase'
    )
    assert status == 0
    assert 'after the last epoch (9)' in out
    assert err.count('started') == 4


def test_a_dry_run_prints_commands_and_writes_nothing(sweep, tmp_path):
    status, out, err = sweep('--dry-run')
    assert status == 0
    commands = [shlex.split(one, comments=True) for one in out.splitlines()]
    commands = [one for one in commands if one]
    assert len(commands) == 4
    assert all(one[1].endswith('fake.py') for one in commands)
    assert '4 of 4 runs are missing' in err
    assert not (tmp_path / 'sweep').exists()
    sweep(seeds=[0])
    _, out, err = sweep('--dry-run')
    assert '2 of 4 runs are missing' in err
    assert 'seed0' not in out


def test_slurm_prints_a_script_and_writes_the_configs(sweep, tmp_path):
    status, out, _ = sweep('--slurm', 'gpu')
    assert status == 0
    lines = [one for one in out.splitlines() if 'slurm_train.sh' in one]
    assert len(lines) == 4
    for line in lines:
        words = shlex.split(line)
        assert words[:3] == ['bash', str(ROOT / 'tools/slurm_train.sh'), 'gpu']
        assert words[4].startswith(str(tmp_path))
        assert open(words[4]).read()
        assert words[-1] == '&'
    assert out.splitlines()[-1] == 'wait'


@pytest.mark.parametrize(
    ('more', 'values', 'message'),
    [
        ([], '3,3', 'has the value 3 twice'),
        ([], '3,-1', "setting 'overlap_threshold=-1': the model cannot be"),
        (['--cfg-options', 'val_dataloader=None'], '3', 'add --test'),
        (['--metric', 'acc/top9'], '3', "no metric 'acc/top9'"),
    ],
)
def test_wrong_input_is_explained(sweep, more, values, message):
    status, _, err = sweep(*more, values=values)
    assert status == 1
    assert message in err
    assert 'Traceback' not in err


@pytest.mark.parametrize('path', GRID_FILES, ids=lambda path: path.stem)
def test_every_key_of_a_grid_file_reaches_the_head(path, tmp_path):
    """A key that exists nowhere would not build; here its value arrives."""
    plan = make_plan(JOINT, read_grid(path), [0], tmp_path, SMALL)
    assert sum(entry.base for entry in plan.entries) == 1
    for entry in plan.entries:
        modules = meaning_of(entry.runs[0].resolved).modules
        for key, value in entry.setting.options.items():
            assert key.startswith('model.cls_head.')
            *owner, name = key.removeprefix('model.').split('.')
            if owner[-1] in ('families', 'confusion', 'prototypes'):
                owner.insert(1, 'affinity')
            assert modules['.'.join(owner)][name] == value


@pytest.mark.parametrize('config', CONFIGS, ids=lambda path: path.stem)
def test_all_grid_files_fit_all_settings_of_the_paper(config):
    """One setting of each, as all of them would take minutes."""
    options = {}
    for path in GRID_FILES:
        for setting in read_grid(path).settings:
            # Another loss does not take the arguments of this one.
            if not any(key.endswith('.type') for key in setting.options):
                options |= setting.options
    assert len(options) > 8
    meaning_of(resolve(config, SMALL, options))


@pytest.mark.slow
def test_real_trainings_and_tests(tool, tiny_skeletons, tmp_path, capsys):
    config = tmp_path / 'tiny.py'
    tiny_config(tiny_skeletons, 'unused').dump(config)
    given = [str(config), '--grid', f'{THRESHOLD}=4', '--test']
    given += ['--cfg-options', 'train_cfg.max_epochs=2']
    given += ['--work-dir', str(tmp_path / 'sweep')]
    assert tool.main(given) == 0
    out, _ = capsys.readouterr()
    assert 'test after the last epoch (2)' in out
    (path,) = (tmp_path / 'sweep').rglob('result.json')
    result = json.loads(path.read_text())
    # Validation and test are of the same samples and the same epoch.
    assert result['test'] == result['validation']
    assert result['length'] == 2
    # The result is in the logs: without the summary of it nothing is run.
    path.unlink()
    assert tool.main(given) == 0
    assert 'finished before' in capsys.readouterr().err
