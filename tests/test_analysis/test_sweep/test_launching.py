"""Runs that finish, fail, die, resume and wait, with a fake training."""

import json
import multiprocessing
import os
import signal
import threading
import time

import pytest

from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.sweep.launching import run_all
from aclnet_plugin.analysis.sweep.results import read_failure, read_result
from aclnet_plugin.analysis.sweep.runs import Run


def test_results_are_of_the_last_epoch_and_runs_are_not_repeated(
    run_of, scripts, starts
):
    runs = [run_of('one', seed) for seed in (0, 1)]
    events = []
    outcomes = run_all(
        runs, scripts, watch=lambda event, run, text: events.append(event)
    )
    assert [one.status for one in outcomes] == ['finished', 'finished']
    assert [one.run for one in outcomes] == runs
    top1 = [one.result.validation['acc/top1'] for one in outcomes]
    assert top1 == pytest.approx([0.103, 0.113])
    assert outcomes[0].result.length == 3
    assert outcomes[0].result.seconds > 0
    assert outcomes[0].result.test is None
    assert set(outcomes[0].result.circumstances) >= {'commit', 'torch'}
    assert events == ['started', 'finished'] * 2
    events.clear()
    again = run_all(
        runs, scripts, watch=lambda event, run, text: events.append(event)
    )
    assert again == outcomes
    assert events == ['known', 'known']
    assert [starts(run) for run in runs] == [[['0', 'None']]] * 2


def test_a_failure_is_kept_and_the_rest_goes_on(run_of, scripts, starts):
    bad, good = run_of('bad', fail=2), run_of('good')
    first, second = run_all([bad, good], scripts)
    assert (first.status, second.status) == ('failed', 'finished')
    assert 'exit status 3' in first.reason
    assert 'this went wrong' in first.reason
    reason, tail = read_failure(bad)
    assert 'the training ended with exit status 3' in reason
    assert tail == 'this went wrong'
    # It stays as it is until told otherwise, then goes on where it failed.
    again, _ = run_all([bad, good], scripts)
    assert (again.status, again.reason) == ('failed', first.reason)
    assert len(starts(bad)) == 1
    run_all([bad, good], scripts, retry_failed=True)
    assert [one[0] for one in starts(bad)] == ['0', '1']
    assert len(starts(good)) == 1


def test_a_killed_run_resumes_by_itself(run_of, scripts, starts):
    run = run_of(die=3)
    (outcome,) = run_all([run], scripts)
    assert outcome.status == 'interrupted'
    assert outcome.reason == 'the training was ended by signal 9'
    assert read_failure(run) is None
    (outcome,) = run_all([run], scripts)
    assert outcome.status == 'finished'
    assert [one[0] for one in starts(run)] == ['0', '2']
    # Both logs together are that of one training.
    assert outcome.result.validation['acc/top1'] == pytest.approx(0.103)
    assert outcome.result.seconds is None


def test_a_resume_survives_that_the_folder_was_moved(
    run_of, scripts, starts, tmp_path
):
    run = run_of(die=3)
    run_all([run], scripts)
    run.folder.parent.rename(tmp_path / 'moved')
    moved = Run(
        **{
            **vars(run),
            'folder': tmp_path / 'moved' / run.folder.name,
        }
    )
    (outcome,) = run_all([moved], scripts)
    assert outcome.status == 'finished'
    assert [one[0] for one in starts(moved)] == ['0', '2']


def test_a_training_that_logs_no_last_epoch_has_failed(run_of, scripts):
    scripts.train.write_text('print("nothing to do")')
    (outcome,) = run_all([run_of()], scripts)
    assert outcome.status == 'failed'
    assert 'no validation of its last epoch' in outcome.reason
    assert 'nothing to do' in outcome.reason


def test_a_metric_that_is_not_finite_is_a_failure(run_of, scripts):
    for _ in range(2):
        (outcome,) = run_all([run_of(weight='nan')], scripts)
        assert outcome.status == 'failed'
        assert 'acc/top1 is nan' in outcome.reason


def test_the_last_checkpoint_is_tested(run_of, scripts, starts):
    run = run_of()
    run_all([run], scripts)
    (outcome,) = run_all([run], scripts, test=True)
    assert outcome.result.test == {'acc/top1': 0.03}
    assert len(starts(run)) == 1
    # Another test config is another test, of the same training.
    other = Run(**{**vars(run), 'test_digest': 'another'})
    assert read_result(other).test is None
    (outcome,) = run_all([other], scripts, test=True)
    assert outcome.result.test == {'acc/top1': 0.03}
    assert len(list(run.folder.glob('test-*'))) == 2
    assert len(starts(run)) == 1


def test_gpus_are_dealt_out(run_of, scripts, starts):
    runs = [run_of(f'r{i}', nap=0.1) for i in range(4)]
    run_all(runs, scripts, gpus=['5', '7'])
    seen = [starts(run)[0][1] for run in runs]
    assert set(seen) == {'5', '7'}


@pytest.mark.parametrize('jobs', [1, 3])
def test_as_many_runs_as_jobs_go_side_by_side(run_of, scripts, jobs):
    runs = [run_of(f'r{i}', nap=0.1) for i in range(3)]
    now, most, guard = set(), [0], threading.Lock()

    def watch(event, run, text):
        with guard:
            (now.add if event == 'started' else now.discard)(run.name)
            most[0] = max(most[0], len(now))

    run_all(runs, scripts, jobs=jobs, watch=watch)
    assert most[0] == jobs


def test_a_folder_of_another_config_is_refused_before_anything_starts(
    run_of, scripts, starts
):
    run_all([run_of('same', weight=1)], scripts)
    fresh = run_of('fresh')
    with pytest.raises(AnalysisError, match='holds a run of another config'):
        run_all([fresh, run_of('same', weight=2)], scripts)
    assert starts(fresh) == []


def test_a_complete_log_is_enough(run_of, scripts, starts):
    run = run_of()
    run_all([run], scripts)
    (run.folder / 'result.json').unlink()
    (outcome,) = run_all([run], scripts)
    assert outcome.result.validation['acc/top1'] == pytest.approx(0.103)
    assert len(starts(run)) == 1


def _sweep(runs, scripts):
    # Ignored, and so inherited, where the tests run in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    run_all(runs, scripts)


def start_elsewhere(runs, scripts):
    """A sweep in a process of its own."""
    # A fork, as a new Python would import for longer than it runs.
    context = multiprocessing.get_context('fork')
    sweep = context.Process(target=_sweep, args=(runs, scripts))
    sweep.start()
    return sweep


def await_file(path):
    for _ in range(600):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f'{path} never came')


def test_what_outlives_a_killed_sweep_is_waited_for(run_of, scripts, starts):
    slow, quick = run_of('slow', nap=0.4), run_of('quick')
    sweep = start_elsewhere([slow], scripts)
    await_file(slow.folder / 'epoch_1.pth')
    sweep.kill()
    sweep.join()
    events = []
    outcomes = run_all(
        [slow, quick],
        scripts,
        watch=lambda event, run, text: events.append((event, run.name)),
    )
    assert [one.status for one in outcomes] == ['finished'] * 2
    # The orphan went on alone; meanwhile the other was run.
    assert len(starts(slow)) == 1
    assert events[0] == ('waiting', 'slow')
    assert events[-1][1] == 'slow'


def test_children_end_with_an_interrupted_sweep(run_of, scripts):
    run = run_of(nap=0.4)
    sweep = start_elsewhere([run], scripts)
    await_file(run.folder / 'epoch_1.pth')
    child = int((run.folder / 'lock').read_text())
    assert child != sweep.pid
    os.kill(sweep.pid, signal.SIGINT)
    sweep.join(20)
    assert sweep.exitcode == 1
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    (outcome,) = run_all([run], scripts)
    assert outcome.status == 'finished'


def test_a_damaged_result_is_named(run_of, scripts):
    run = run_of()
    run_all([run], scripts)
    (run.folder / 'result.json').write_text('{')
    (outcome,) = run_all([run], scripts)
    assert outcome.status == 'failed'
    assert 'result.json is no result' in outcome.reason
    assert json.loads((run.folder / 'run.json').read_text())['seed'] == 0
