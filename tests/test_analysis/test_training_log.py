"""Logs of trainings, resumed ones in one piece."""

import json

import numpy as np
import pytest

from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.training_log import (
    find_logs,
    read_rows,
    read_training,
    smoothed,
    steps_per_epoch,
    stitch,
)


def train(step, loss=1.0, per_epoch=4):
    epoch = -(-step // per_epoch)
    return dict(lr=0.1, loss=loss, epoch=epoch, iter=step, step=step)


def val(epoch, top1):
    return {'acc/top1': top1, 'time': 0.1, 'step': epoch}


def drift(epoch, value):
    return {
        'affinity/prototype_drift': value,
        'epoch': epoch,
        'step': 4 * epoch,
    }


def write(folder, stamp, rows, tail=''):
    path = folder / stamp / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    lines = [json.dumps(row) for row in rows]
    path.write_text('\n'.join(lines) + f'\n{tail}')
    return path


def values(log, key):
    one = log.series[key]
    return dict(zip(one.steps.tolist(), one.values.tolist(), strict=True))


def test_one_log(tmp_path):
    rows = [train(2, 3.0), train(4, 2.0), drift(1, 0.5), val(1, 0.3)]
    rows += [train(6, 1.5), train(8, 1.0), drift(2, 0.1), val(2, 0.4)]
    write(tmp_path, '20260101_000000', rows)
    (tmp_path / '20260101_000000' / 'vis_data' / 'config.py').touch()
    log = read_training(tmp_path)
    assert log.name == tmp_path.name and log.steps_per_epoch == 4
    assert values(log, 'loss') == {2: 3, 4: 2, 6: 1.5, 8: 1}
    # A validation is told by its epoch.
    assert values(log, 'acc/top1') == {4: 0.3, 8: 0.4}
    assert values(log, 'affinity/prototype_drift') == {4: 0.5, 8: 0.1}
    assert not {'step', 'epoch', 'iter'} & set(log.series)
    assert not log.notes


def test_resumed_logs_are_stitched(tmp_path):
    """Killed in the third epoch, resumed after the second."""
    first = [train(4), val(1, 0.1), train(8), val(2, 0.2), train(10, 9.0)]
    second = [train(10, 7.0), train(12, 6.0), val(3, 0.3)]
    write(tmp_path, '20260102_000000', second)
    write(tmp_path, '20260101_000000', first, tail='{"lr": 0.1, "lo')
    log = read_training(tmp_path, 'mine')
    assert [path.parts[-3][:8] for path in log.files] == [
        '20260101',
        '20260102',
    ]
    assert values(log, 'loss') == {4: 1, 8: 1, 10: 7, 12: 6}
    assert values(log, 'acc/top1') == {4: 0.1, 8: 0.2, 12: 0.3}
    (note,) = log.notes
    assert '1 broken line left out' in note and log.name == 'mine'


def test_epochs_that_are_trained_again_are_validated_again():
    first = [train(4), val(1, 0.1), train(8), val(2, 0.2)]
    joined = stitch([first, [train(8, 5.0)]])
    assert joined == [train(4), val(1, 0.1), train(8, 5.0)]
    # A resume that makes up for a validation, and is then stopped.
    joined = stitch([first, [val(2, 0.9)]])
    assert joined == [train(4), val(1, 0.1), train(8), val(2, 0.9)]
    assert stitch([first, []]) == first


def test_steps_per_epoch_by_trying():
    rng = np.random.default_rng(0)
    for length in (1, 3, 72, 625):
        every = [train(s, per_epoch=length) for s in range(1, 9 * length + 1)]
        assert steps_per_epoch(every) == length
        some = [every[i] for i in sorted(rng.integers(0, len(every), 6))]
        found = steps_per_epoch(some)
        for row in some:
            assert -(-row['step'] // found) == row['epoch']
    odd = [train(4), train(8) | dict(epoch=9)]
    assert steps_per_epoch(odd) is None
    assert steps_per_epoch([dict(step=3)]) is None


def test_training_counted_in_steps(tmp_path):
    rows = [dict(loss=1.0, lr=0.1, step=5), val(5, 0.5)]
    write(tmp_path, 'a', rows)
    log = read_training(tmp_path)
    assert log.steps_per_epoch is None
    assert values(log, 'acc/top1') == {5: 0.5}


def test_values_that_are_not_finite_or_no_curves(tmp_path):
    row = train(4) | {'affinity/top1_true': 3, 'note': 'x', 'flag': True}
    write(
        tmp_path, 'a', [row, train(8, float('nan')), train(12, float('inf'))]
    )
    log = read_training(tmp_path)
    assert values(log, 'loss') == {4: 1} and log.series['loss'].skipped == 2
    assert set(log.series) == {'loss', 'lr'}
    assert 'not finite: loss (2)' in log.notes[0]


def test_where_logs_are_found(tmp_path):
    path = write(tmp_path, 'a', [train(4)])
    assert find_logs(path) == find_logs(path.parent) == [path]
    assert find_logs(path.parents[1]) == find_logs(tmp_path) == [path]
    assert read_training(path).name == 'vis_data'
    with pytest.raises(AnalysisError, match='has no log of a training'):
        find_logs(tmp_path / 'none')
    path.write_text('')
    with pytest.raises(AnalysisError, match='is empty'):
        read_training(tmp_path)
    path.write_text('epoch 1: fine\n')
    with pytest.raises(AnalysisError, match='is no log of a training'):
        read_rows(path)


def test_smoothing_by_loop():
    data = np.array([0.0, 0, 3, 1, 2, 6, 0, 4])
    expected = [0, 0, 2, 2, 3, 4, 0, 4]
    np.testing.assert_allclose(smoothed(data, 3), expected)
    np.testing.assert_array_equal(smoothed(data, 1), data)
    rng = np.random.default_rng(0).random(30) + 1
    loop = [rng[max(i - 3, 0) : i + 4].mean() for i in range(30)]
    np.testing.assert_allclose(smoothed(rng, 7), loop)
