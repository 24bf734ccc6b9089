"""What is read from logs."""

import json

import pytest

from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.sweep.outcomes import known_outcome
from aclnet_plugin.analysis.sweep.results import (
    epochs_done,
    read_result,
    read_validation,
)
from aclnet_plugin.analysis.sweep.runs import claim_folder


def write_log(folder, name, rows, end='\n'):
    path = folder / name / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text('\n'.join(map(json.dumps, rows)) + end)


def train(epoch):
    return {'loss': 1.0, 'lr': 0.1, 'epoch': epoch, 'iter': 9, 'step': 9}


def val(epoch, value):
    return {'acc/top1': value, 'data_time': 0.1, 'time': 1, 'step': epoch}


def test_a_resumed_run_counts_as_it_was_the_last_time(tmp_path):
    first = [train(1), val(1, 0.1), train(2), val(2, 0.2), train(3)]
    write_log(tmp_path, '20260101_000000', first)
    write_log(tmp_path, '20260102_000000', [train(2), val(2, 0.3)])
    assert read_validation(tmp_path) == {
        1: {'acc/top1': 0.1},
        2: {'acc/top1': 0.3},
    }


@pytest.mark.parametrize('more', [{'epoch': 3}, {}])
def test_what_hooks_add_is_no_validation(tmp_path, more):
    added = {'affinity/drift': 0.1, 'step': 9} | more
    write_log(tmp_path, 'a', [train(1), val(1, 0.1), train(2), added])
    assert read_validation(tmp_path) == {1: {'acc/top1': 0.1}}
    assert epochs_done(tmp_path) == 1


def test_a_line_that_was_cut_off_does_not_count(tmp_path):
    write_log(tmp_path, 'a', [val(1, 0.1)], '\n{"acc/top1": 0.2, "st')
    assert read_validation(tmp_path) == {1: {'acc/top1': 0.1}}
    assert epochs_done(tmp_path) == 1


@pytest.mark.parametrize(
    ('rows', 'done'),
    [
        ([train(1)], 0),
        ([train(1), val(1, 0)], 1),
        ([train(1), val(1, 0), train(2)], 1),
    ],
)
def test_finished_epochs_of_a_running_training(tmp_path, rows, done):
    assert epochs_done(tmp_path) == 0
    write_log(tmp_path, 'a', rows)
    assert epochs_done(tmp_path) == done


def result_of(run):
    run.folder.mkdir(parents=True)
    content = {
        'digest': run.digest,
        'test_digest': None,
        'seed': 0,
        'length': 3,
        'validation': {'acc/top1': 0.5},
        'test': None,
        'seconds': None,
        'circumstances': {},
    }
    return content, run.folder / 'result.json'


def test_a_result_of_another_training_does_not_count(run_of):
    run = run_of()
    content, path = result_of(run)
    path.write_text(json.dumps(content))
    assert read_result(run).validation == {'acc/top1': 0.5}
    for changed in ({'digest': 'other'}, {'seed': 1}):
        path.write_text(json.dumps(content | changed))
        assert read_result(run) is None


@pytest.mark.parametrize(
    'damage',
    [
        {'test': {'acc/top1': None}},
        {'test': 5},
        {'validation': None},
        {'validation': {'acc/top1': float('nan')}},
        {'length': 'three'},
        {'seconds': 'long'},
        {'circumstances': 3},
    ],
)
def test_a_damaged_result_is_named_and_ends_nothing_else(run_of, damage):
    run = run_of()
    content, path = result_of(run)
    path.write_text(json.dumps(content | damage))
    with pytest.raises(AnalysisError, match='is no result of a run'):
        read_result(run)
    outcome = known_outcome(run, False, retry_failed=True)
    assert outcome.status == 'failed' and str(path) in outcome.reason


def trained_elsewhere(run):
    """A complete run without a result, as after slurm."""
    run.folder.mkdir(parents=True)
    claim_folder(run)
    write_log(run.folder, 'a', [train(run.length), val(run.length, 0.5)])


def test_a_look_writes_nothing(run_of):
    run = run_of()
    trained_elsewhere(run)
    outcome = known_outcome(run, False, False, write=False)
    assert outcome.status == 'finished'
    assert not (run.folder / 'result.json').exists()


def test_a_late_result_has_the_commit_of_its_claim(run_of):
    run = run_of()
    trained_elsewhere(run)
    owner = run.folder / 'run.json'
    kept = json.loads(owner.read_text())
    kept['circumstances'] |= {'commit': 'abc1234', 'machine': 'login node'}
    owner.write_text(json.dumps(kept))
    found = known_outcome(run, False, False).result.circumstances
    assert found['commit'] == 'abc1234'
    assert found['machine'] == 'unknown'


def test_a_claim_without_circumstances_leaves_them_unknown(run_of):
    run = run_of()
    trained_elsewhere(run)
    owner = run.folder / 'run.json'
    kept = json.loads(owner.read_text())
    del kept['circumstances']
    owner.write_text(json.dumps(kept))
    found = known_outcome(run, False, False).result.circumstances
    assert set(found.values()) == {'unknown'}
