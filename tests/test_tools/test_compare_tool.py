"""The command that compares, mostly with a fake training."""

import csv
import json
import pickle
import shlex

import pytest

from aclnet_plugin.analysis.sweep.runs import Scripts
from aclnet_plugin.evaluation import DEFAULT_WEIGHTS, load_predictions
from tests.scripts import ROOT, load_script
from tests.training import tiny_config

# Trains nothing. The threshold of the families decides which share of 20
# samples is right, the seed which ones, the stream how sure it is of them; 6
# fails.
_FAKE = """
import argparse, json, pathlib, pickle, random, runpy, sys
parser = argparse.ArgumentParser()
parser.add_argument('config')
parser.add_argument('checkpoint', nargs='?')
parser.add_argument('--work-dir', type=pathlib.Path)
parser.add_argument('--seed', type=int)
parser.add_argument('--resume')
parser.add_argument('--dump')
args = parser.parse_args()
cfg = runpy.run_path(args.config)
threshold = cfg['model']['cls_head'].get('families', {}).get(
    'overlap_threshold', 4)
epochs = cfg['train_cfg']['max_epochs']
if threshold == 6:
    sys.exit('out of memory')
work = args.work_dir
if not args.checkpoint:
    folder = work / 'x' / 'vis_data'
    folder.mkdir(parents=True)
    rows = [{'loss': 1, 'iter': 1, 'epoch': 1, 'step': 1, 'memory': 700}]
    rows.append({'acc/top1': threshold / 10, 'step': epochs, 'time': 0.1})
    (folder / 'scalars.json').write_text('\\n'.join(map(json.dumps, rows)))
    (work / f'epoch_{epochs}.pth').write_text(str(args.seed))
    (work / 'last_checkpoint').write_text(f'{work}/epoch_{epochs}.pth')
    sys.exit()
seed = int(pathlib.Path(args.checkpoint).read_text())
stream = str(cfg['test_dataloader']['dataset']['pipeline'][1]['stream'])
places = list(range(20))
random.Random(f'{stream}{seed}').shuffle(places)
rows, right = [], 0
for i, place in enumerate(places):
    label, hit = i % 3, place < 3 * threshold + seed
    score = [0.2, 0.2, 0.2]
    score[label if hit else (label + 1) % 3] = 0.6
    rows.append({'pred_score': score, 'gt_label': label, 'frame_dir': f's{i}'})
    right += hit
folder = work / 'x'
folder.mkdir(parents=True)
(folder / 'x.json').write_text(json.dumps({'acc/top1': right / 20}))
pathlib.Path(args.dump).write_bytes(pickle.dumps(rows))
"""
GRID = {
    'settings': [
        {'name': f'at {value}', 'options': {
            'model.cls_head.families.overlap_threshold': value}}
        for value in (3, 4, 5, 6)
    ]
}  # fmt: skip


@pytest.fixture(scope='module')
def tool():
    return load_script('tools/analysis/compare.py')


@pytest.fixture
def compare(tool, tmp_path, monkeypatch, capsys):
    """The command on a tiny config; what it printed, status first."""
    fake = tmp_path / 'fake.py'
    fake.write_text(_FAKE)
    monkeypatch.setattr(tool, 'SCRIPTS', Scripts(fake, fake))
    tiny_config('none.pkl', 'unused').dump(tmp_path / 'tiny.py')
    wide = {'model.backbone.base_channels': 16}
    wide['model.cls_head.in_channels'] = 16
    tiny_config('none.pkl', 'unused', **wide).dump(tmp_path / 'wide.py')
    (tmp_path / 'grid.json').write_text(json.dumps(GRID))

    def run(*more, arms=('tiny',), settings=('at 3', 'at 4'), seeds=(0, 1)):
        given = ['--arms', *(f'{tmp_path}/{name}.py' for name in arms)]
        if settings:
            given += ['--grid-file', str(tmp_path / 'grid.json')]
            given += ['--settings', *settings]
        given += ['--seeds', *map(str, seeds)]
        given += ['--work-dir', str(tmp_path / 'work'), *more]
        status = tool.main(given)
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def report(tmp_path):
    """The report that was written."""
    return lambda: json.loads(
        (tmp_path / 'work' / 'report' / 'compare.json').read_text()
    )


def test_a_comparison_tells_and_writes_what_it_found(
    compare, report, tmp_path
):
    status, out, err = compare('--format', 'png', 'svg')
    assert status == 0
    assert out.splitlines()[:6] == [
        'acc/top1 (%), test after the last epoch (4), own stream',
        'arm   mean ± sd     seeds',
        'at 3  47.50 ± 3.54  2',
        'at 4  62.50 ± 3.54  2',
        'against  arm   difference  t interval  bootstrap  p',
        'at 3     at 4  +15.00      -           -          -',
    ]
    assert 'Trust the t interval' in out
    assert 'the differences of all seeds are equal' in out
    folder = tmp_path / 'work' / 'report'
    for name in ('md', 'json', 'csv', 'png', 'svg'):
        assert (folder / f'compare.{name}').stat().st_size > 0
        assert f'written to {folder / f"compare.{name}"}' in err
    rows = list(csv.DictReader((folder / 'compare.csv').open()))
    assert [float(row['value']) for row in rows] == [45, 50, 60, 65]
    content = report()
    assert content['differences'][0]['compared'] == 'loss'
    assert content['arms'][0]['memory'] == 700
    assert content['arms'][0]['parameters'] > 1000
    text = (folder / 'compare.md').read_text()
    assert '| at 3    | at 4 | +15.00' in text
    assert 'loss: `model.cls_head.families.overlap_threshold: 3 -> 4`' in text
    assert '![points by seed](compare.png)' in text


def test_classes_are_compared_over_seeds(compare, report, tmp_path):
    names = tmp_path / 'names.txt'
    names.write_text('sit\nstand\nfall')
    compare('--classes', str(names))
    (found,) = report()['classes']
    hits = {}
    for row in csv.DictReader((tmp_path / 'work/report/compare.csv').open()):
        (path,) = (tmp_path / 'work' / row['folder']).rglob('predictions.pkl')
        file = load_predictions(path)
        hits.setdefault(row['arm'], []).append(
            file.scores.argmax(1) == file.labels
        )
    labels = file.labels
    for one in found['classes']:
        place = ['sit', 'stand', 'fall'].index(one['name'])
        assert one['class'] == place
        means = [
            100 * sum(h[labels == place].mean() for h in hits[arm]) / 2
            for arm in ('at 3', 'at 4')
        ]
        assert one['difference'] == pytest.approx(means[1] - means[0])
    assert (tmp_path / 'work/report/compare_classes.csv').exists()


def test_streams_are_fused_by_seed(compare, report, tmp_path):
    status, _, _ = compare('--streams', 'j', 'km')
    assert status == 0
    content = report()
    assert [one['name'] for one in content['series']] == [
        *('stream j', 'stream km', 'j + km'),
    ]
    assert [one['fused'] for one in content['series']] == [
        *(False, False, True),
    ]
    fused = content['series'][-1]['arms'][1]
    assert fused['name'] == 'at 4'
    for seed in (0, 1):
        total = 0
        for row in content['runs']:
            if (row['arm'], row['seed']) != ('at 4', seed):
                continue
            folder = tmp_path / 'work' / row['folder']
            (path,) = folder.rglob('predictions.pkl')
            file = load_predictions(path)
            total = total + DEFAULT_WEIGHTS[row['stream']] * file.scores
        naive = 100 * (total.argmax(1) == file.labels).mean()
        assert fused['values'][str(seed)] == pytest.approx(naive)
    pictures = {p.name for p in (tmp_path / 'work/report').glob('*.png')}
    assert {'compare-j-km.png', 'compare-streams.png'} < pictures
    assert len(pictures) == 4


def test_what_is_there_is_kept_when_something_is_added(compare):
    compare()
    status, _, err = compare(
        '--baseline', 'at 5', settings=('at 4', 'at 5'), seeds=(0, 1)
    )
    assert status == 0
    assert err.count('started') == 2
    assert err.count('finished before: at 4') == 2
    status, out, err = compare('--plot-only', seeds=(0, 2))
    assert status == 1
    assert 'note: 2 of 4 runs missing' in out
    assert 'started' not in err


def test_failures_do_not_stop_the_rest(compare):
    status, out, err = compare(settings=('at 4', 'at 6'), seeds=[0])
    assert status == 1
    assert 'out of memory' in err
    assert 'note: 1 of 2 runs failed' in out
    assert 'at 4     at 6  -' in out


def test_settings_of_two_configs_are_compared_both_ways(compare, report):
    status, _, _ = compare(arms=('tiny', 'wide'), seeds=[0])
    assert status == 0
    found = {(one['pair'], one['compared']) for one in report()['differences']}
    assert found == {
        ('tiny: at 4 against tiny: at 3', 'loss'),
        ('wide: at 4 against wide: at 3', 'loss'),
        ('wide: at 3 against tiny: at 3', 'backbone'),
        ('wide: at 4 against tiny: at 4', 'backbone'),
    }


def test_an_unfair_comparison_runs_nothing(compare, tmp_path, report):
    slow = {'model.cls_head.label_smooth_eps': 0.1, 'train_cfg.max_epochs': 8}
    tiny_config('none.pkl', 'unused', **slow).dump(tmp_path / 'slow.py')
    status, out, err = compare(arms=('tiny', 'slow'), settings=())
    assert (status, out) == (1, '')
    assert 'train_cfg.max_epochs: 4 -> 8' in err
    assert 'Traceback' not in err
    assert not (tmp_path / 'work').exists()
    status, out, _ = compare(
        '--allow',
        'schedule',
        arms=('tiny', 'slow'),
        settings=(),
        seeds=[0],
    )
    assert status == 0
    assert 'not only loss differs, but also schedule' in out
    assert 'last epoch (4, 8)' in out
    assert report()['differences'][0]['also'] == ['schedule']


def test_a_dry_run_prints_commands_and_writes_nothing(compare, tmp_path):
    status, out, err = compare('--dry-run', '--streams', 'j', 'b')
    assert status == 0
    commands = [shlex.split(one, comments=True) for one in out.splitlines()]
    commands = [one for one in commands if one]
    assert len(commands) == 16
    assert sum('--dump' in one for one in commands) == 8
    assert '8 of 8 runs are missing' in err
    assert not (tmp_path / 'work').exists()


def test_slurm_prints_a_script_and_writes_the_configs(compare):
    status, out, _ = compare('--slurm', 'gpu')
    assert status == 0
    lines = [one for one in out.splitlines() if 'slurm_train.sh' in one]
    assert len(lines) == 4
    assert all('slurm_test.sh' in one and '--dump' in one for one in lines)


def test_validations_are_enough_if_one_says_so(compare, report):
    status, out, _ = compare('--no-test', '--streams', 'j', 'b', seeds=[0])
    assert status == 0
    assert 'validation after the last epoch' in out
    assert 'note: streams are fused only with tests' in out
    assert report()['classes'] == []


@pytest.mark.parametrize(
    ('more', 'settings', 'message'),
    [
        ([], ('at 3',), 'there is one arm'),
        ([], ('at 3', 'at 9'), "there is no setting 'at 9'"),
        (['--baseline', 'at 2'], ('at 3', 'at 4'), 'no --baseline'),
        (['--level', '95'], ('at 3', 'at 4'), 'level must be'),
        (['--seeds', '1', '1'], ('at 3', 'at 4'), 'a seed comes twice'),
        (['--classes', 'none.txt'], ('at 3', 'at 4'), "no file 'none.txt'"),
        (['--compare', 'data'], ('at 3', 'at 4'), 'not only in data'),
        (
            ['--cfg-options', 'model.cls_head.families.overlap_threshold=4'],
            (),
            'there is one arm',
        ),
        (
            ['--cfg-options', 'test_dataloader=None'],
            ('at 3', 'at 4'),
            'compare its validations with --no-test',
        ),
    ],
)
def test_wrong_input_is_explained_before_anything_runs(
    compare, tmp_path, more, settings, message
):
    status, out, err = compare(*more, settings=settings)
    assert (status, out) == (1, '')
    assert message in err
    assert 'Traceback' not in err
    assert not (tmp_path / 'work').exists()


def test_a_default_that_is_said_is_no_difference(compare, tmp_path):
    said = {'model.cls_head.families': dict(overlap_threshold=4)}
    tiny_config('none.pkl', 'unused', **said).dump(tmp_path / 'said.py')
    status, _, err = compare(arms=('tiny', 'said'), settings=())
    assert status == 1
    assert "'tiny' and 'said' are the same training" in err


@pytest.fixture
def ann_file(tmp_path):
    """The 20 samples of the fake test; a split of 7 of them, and another."""
    names = [f's{i}' for i in range(20)]
    content = dict(
        annotations=[
            dict(frame_dir=name, label=i % 3, total_frames=1)
            for i, name in enumerate(names)
        ],
        split=dict(some=names[3:10], more=[*names[3:10], 'else']),
    )
    content['annotations'].append(dict(frame_dir='else', label=0))
    path = tmp_path / 'ann.pkl'
    path.write_bytes(pickle.dumps(content))
    return str(path)


def test_some_of_the_samples(compare, report, ann_file, tmp_path):
    compare('--streams', 'j', 'b')
    given = ['--plot-only', '--streams', 'j', 'b', '--ann-file', ann_file]
    status, out, _ = compare(*given, '--split', 'some')
    assert status == 0
    assert '7 chosen samples' in out
    content = report()
    rows = [row for row in content['runs'] if row['arm'] == 'at 4']
    assert len(rows) == 4
    for row in rows:
        (path,) = (tmp_path / 'work' / row['folder']).rglob('predictions.pkl')
        samples = pickle.loads(path.read_bytes())
        hits = [
            max(range(3), key=one['pred_score'].__getitem__) == one['gt_label']
            for one in samples
            if one['frame_dir'] in {f's{i}' for i in range(3, 10)}
        ]
        assert row['value'] == pytest.approx(100 * sum(hits) / 7)
    assert content['series'][-1]['fused']
    for one in content['classes']:
        assert sum(row['samples'] for row in one['classes']) == 7


def test_a_split_that_was_not_tested(compare, ann_file):
    compare()
    given = ['--plot-only', '--ann-file', ann_file]
    status, _, err = compare(*given, '--split', 'more')
    assert status == 1
    assert "lacks 1 of 8 samples of the split, such as 'else'" in err
    status, _, err = compare(*given, '--split', 'none')
    assert status == 1 and "no split 'none'" in err
    status, _, err = compare(
        *given, '--split', 'some', '--metric', 'acc/other'
    )
    assert status == 1 and 'not acc/other' in err
    with pytest.raises(SystemExit):
        compare(*given)


def test_without_predictions_the_rest_is_told(compare, report, tmp_path):
    compare('--streams', 'j', 'b', seeds=[0, 1])
    path = next((tmp_path / 'work').rglob('at-3-j*/seed0/**/predictions.pkl'))
    path.unlink()
    status, out, _ = compare('--plot-only', '--streams', 'j', 'b')
    assert status == 0
    said = ' '.join(out.split())
    assert 'note: at 3, seed 0: not fused' in said
    assert 'is tested again' in said
    content = report()
    values = [
        {arm['name']: list(arm['values']) for arm in one['arms']}
        for one in content['series']
    ]
    both = {'at 3': ['0', '1'], 'at 4': ['0', '1']}
    assert values == [both, both, {'at 3': ['1'], 'at 4': ['0', '1']}]
    assert [one['stream'] for one in content['classes']] == ['b']
    assert any('no classes of' in note for note in content['notes'])
    assert content['worth'].startswith('One seed')


def test_an_empty_file_of_predictions_is_named(compare, tmp_path):
    compare(seeds=[0])
    path = next((tmp_path / 'work').rglob('predictions.pkl'))
    path.write_bytes(b'')
    status, out, _ = compare('--plot-only', seeds=[0])
    assert status == 0
    assert 'no classes of' in out and 'predictions.pkl' in out


def test_arms_that_streams_make_equal_are_refused(compare, tmp_path):
    bone = {'train_dataloader.dataset.pipeline.1.stream': 'b'}
    bone |= {key.replace('train', 'val'): 'b' for key in bone}
    bone |= {key.replace('train', 'test'): 'b' for key in bone}
    tiny_config('none.pkl', 'unused', **bone).dump(tmp_path / 'bone.py')
    status, _, err = compare(
        '--streams', 'j', 'b', arms=('tiny', 'bone'), settings=()
    )
    assert status == 1
    assert "'tiny' and 'bone' are the same training with --streams" in err


@pytest.mark.slow
def test_real_trainings_and_tests(tool, tiny_skeletons, tmp_path, capsys):
    config = tmp_path / 'tiny.py'
    tiny_config(tiny_skeletons, 'unused').dump(config)
    given = ['--arms', str(config), '--streams', 'j', 'b', '--grid-file']
    given += [str(ROOT / 'configs/aclnet/sweeps/rivals.yml')]
    given += ['--settings', 'CE', 'CE + SupCon']
    given += ['--cfg-options', 'train_cfg.max_epochs=2']
    given += ['--work-dir', str(tmp_path / 'work')]
    assert tool.main(given) == 0
    out, _ = capsys.readouterr()
    assert 'test after the last epoch (2), 2 streams' in out
    assert 'CE + SupCon' in out
    assert tool.main(given) == 0
    assert capsys.readouterr().err.count('finished before') == 4
