"""The commands that compare predictions, and draw what was logged."""

import csv
import json

import numpy as np
import pytest

from tests.scripts import load_script

NAMES = ['wave', 'sit [slow]', 'jump, up', 'rare']


@pytest.fixture
def predictions(tmp_path):
    """Files of predictions of 3 classes; the fourth has no sample."""
    labels = np.repeat([0, 1, 2], 20)
    names = np.array([f's{i:02d}' for i in range(60)])

    def save(name, shares, seed):
        rng = np.random.default_rng(seed)
        right = rng.random(60) < np.array(shares)[labels]
        found = np.where(right, labels, (labels + 1) % 3)
        path = tmp_path / f'{name}.npz'
        order = rng.permutation(60)
        np.savez(
            path,
            scores=np.eye(4)[found][order],
            labels=labels[order],
            names=names[order],
        )
        return path

    return save


@pytest.fixture
def call(capsys):
    def run(name, *words):
        tool = load_script(f'tools/analysis/{name}.py')
        status = tool.main([str(word) for word in words])
        out, err = capsys.readouterr()
        return status, out, err

    return run


def rows_of(path):
    with open(path, newline='') as file:
        return list(csv.DictReader(file))


def names_file(tmp_path):
    path = tmp_path / 'names.txt'
    path.write_text('\n'.join(NAMES))
    return path


def test_class_differences(call, predictions, tmp_path):
    first = predictions('base', [0.9, 0.5, 0.1], 0)
    second = predictions('acl', [0.1, 0.5, 1.0], 1)
    out = tmp_path / 'out'
    status, said, told = call(
        *('compare_classes', first, second, '--out', out, '--resamples', 500),
        *('--classes', names_file(tmp_path), '--format', 'png', 'svg'),
    )
    assert status == 0 and '\t' not in said
    assert 'joined by name' in told
    assert (
        said.startswith('jump, up: ') and '1 classes have no samples' in said
    )
    assert 'sit [slow]: ' in said and 'some 0.2 would by chance' in said
    assert (out / 'class_differences.png').read_bytes().startswith(b'\x89PNG')
    assert b'acl against base' in (out / 'class_differences.svg').read_bytes()
    rows = rows_of(out / 'class_differences.csv')
    assert [row['name'] for row in rows] == ['jump, up', 'sit [slow]', 'wave']
    content = json.loads((out / 'class_differences.json').read_text())
    assert content['clear'] == 2
    for row in rows:
        difference = float(row['accuracy_b']) - float(row['accuracy_a'])
        assert float(row['difference']) == pytest.approx(difference, abs=1e-6)
        assert float(row['low']) <= difference <= float(row['high'])
    overall = content['overall']
    accuracies = [content['runs'][side]['accuracies'][0] for side in 'ab']
    assert [overall['before'], overall['after']] == pytest.approx(accuracies)


def test_several_runs(call, predictions, tmp_path):
    a = [predictions(f'a{i}', [0.5] * 3, i) for i in range(2)]
    b = [predictions(f'b{i}', [0.9] * 3, 9 + i) for i in range(3)]
    status, said, _ = call(
        *('compare_classes', '--a', *a, '--b', *b, '--top', 1),
        *('--labels', 'old', 'new', '--resamples', 200),
    )
    assert status == 0 and '1 in between' in said
    assert 'runs of new: ' in said and 'which no interval includes' in said
    path = tmp_path / 'compare_classes' / 'class_differences.json'
    content = json.loads(path.read_text())
    assert len(content['runs']['b']['accuracies']) == 3
    assert len(content['classes']) == 3


def test_wrong_command_lines(call, predictions, tmp_path):
    one = predictions('a', [0.5] * 3, 0)
    for words in (
        [one],
        [one] * 3,
        ['--a', one],
        [one, '--a', one, '--b', one],
    ):
        with pytest.raises(SystemExit) as ended:
            call('compare_classes', *words)
        assert ended.value.code == 2
    status, _, told = call('compare_classes', one, tmp_path / 'none.npz')
    assert status == 1 and 'error: There is no file' in told
    status, _, told = call('compare_classes', one, one, '--level', 1.5)
    assert status == 1 and 'level must be' in told


def test_difficulty_levels(call, predictions, tmp_path):
    first = predictions('base', [0.2, 0.5, 0.9], 0)
    second = predictions('acl', [0.6, 0.6, 0.9], 1)
    words = ('difficulty_levels', first, second, '--resamples', 200)
    words += ('--classes', names_file(tmp_path))
    status, said, told = call(*words, '--bands', 3)
    assert status == 0 and '\t' not in said
    assert 'warning: the bands were made from a run that is compared' in told
    out = tmp_path / 'difficulty_levels'
    assert (out / 'difficulty_levels.png').stat().st_size > 5000
    rows = rows_of(out / 'difficulty_levels.csv')
    assert [row['classes'] for row in rows] == ['1', '1', '1', '3'] * 2
    content = json.loads((out / 'difficulty_levels.json').read_text())
    assert content['biased_by_regression_to_the_mean']
    hardest = content['bands'][0]['classes']
    assert [one['name'] for one in hardest] == ['wave']
    gain = content['runs'][1]['bands'][0]
    assert gain['difference'] > 0 and gain['low'] < gain['high']
    # Another run of the baseline, or other samples, decide the bands.
    third = predictions('again', [0.2, 0.5, 0.9], 2)
    for more in (['--bands-from', third], ['--holdout']):
        status, _, told = call(*words, '--bands', 3, *more)
        assert status == 0 and 'warning' not in told
        assert ("due to the baseline's seed" in told) == ('--holdout' in more)
        content = json.loads((out / 'difficulty_levels.json').read_text())
        assert not content['biased_by_regression_to_the_mean']
    status, said, _ = call(*words, '--thresholds', 0.05, 0.7)
    assert 'band below 5: 0 classes' in said and 'no classes' in said
    # The default of four bands needs four classes.
    status, _, told = call(*words)
    assert status == 1 and '3 classes cannot be put into 4 bands' in told


def test_seeds_of_a_method_are_averaged(call, predictions, tmp_path):
    pair = [predictions(f'a{i}', [0.5] * 3, i) for i in range(2)]
    words = (','.join(map(str, pair)), pair[0], '--bands', 1)
    status, said, told = call(
        'difficulty_levels', *words, '--labels', 'x', 'y'
    )
    assert status == 0 and '  x: ' in said and 'warning' in told
    with pytest.raises(SystemExit):
        call('difficulty_levels', *words, '--labels', 'x')


def write_log(folder, scale=1.0):
    path = folder / '20260101' / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    rows = []
    for step in range(2, 41, 2):
        row = dict(loss_cls=scale / step, loss_inter=0.0, lr=0.1)
        row |= {'affinity/families': 3} if step > 20 else {}
        rows.append(row | dict(epoch=-(-step // 10), step=step))
        if step % 10 == 0:
            rows.append({'acc/top1': step / 50, 'step': step // 10})
    path.write_text('\n'.join(map(json.dumps, rows)))
    return folder


def test_training_curves(call, tmp_path):
    first = write_log(tmp_path / 'x' / 'run')
    second = write_log(tmp_path / 'y' / 'run', 2.0)
    status, said, _ = call('training_curves', first, second)
    assert status == 0 and '\t' not in said
    assert 'x/run: 1 log, 40 steps' in said
    assert 'accuracy, validation: 0.8' in said
    out = first / 'training_curves'
    assert (out / 'training_curves.png').stat().st_size > 5000
    content = json.loads((out / 'training_curves.json').read_text())
    assert [one['run'] for one in content] == ['x/run', 'y/run']
    assert content[0]['series']['acc/top1']['step'] == [10, 20, 30, 40]
    rows = rows_of(out / 'training_curves.csv')
    last = [row for row in rows if row['key'] == 'acc/top1'][-1]
    assert (last['run'], last['step'], last['epoch']) == ('y/run', '40', '4.0')
    words = ('training_curves', first, '--keys')
    status, said, _ = call(*words, 'l*', '--axis', 'step', '--smooth', 1)
    assert status == 0 and 'learning rate: 0.1' in said
    status, _, told = call(*words, 'nothing*')
    assert status == 1 and 'only loss_cls' in told
    status, _, told = call('training_curves', tmp_path)
    assert status == 1 and 'has no log of a training' in told
