"""A killed training ends as the one that was left alone: short form.

The long form is ``benchmarks/reliability/kill_and_resume.py``.
"""

import signal

import pytest

from benchmarks.reliability import kill_and_resume as harness

BY_ITER = [
    harness.Kill('step', 22),
    harness.Kill('write', 30, 0.4),
    harness.Kill('pointer', 58),
]
BY_EPOCH = [
    harness.Kill('removal', 12),
    harness.Kill('replace', 30),
    harness.Kill('validation', 60),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ('behaviour', 'by_iter', 'kills'),
    [('paper', 4, BY_ITER), ('release', 0, BY_EPOCH)],
)
def test_equal_to_the_last_bit(behaviour, by_iter, kills, tmp_path):
    config = harness.make_config(tmp_path, behaviour, by_iter)
    straight, killed = tmp_path / 'straight', tmp_path / 'killed'
    assert harness.run_child(config, straight) == 0
    for kill in kills:
        assert harness.run_child(config, killed, kill) == -signal.SIGKILL
        last = harness.read_steps(killed)[-1][0]
        resumed = harness.check_files(killed)
        assert kill.step <= last + 1 < kill.step + 2 * harness.STEPS
        assert last + 1 - (by_iter or harness.STEPS) <= resumed <= last + 1
    assert harness.run_child(config, killed) == 0
    assert not harness.compare(straight, killed)
    rows = harness.read_steps(straight)
    assert len(rows) == harness.EPOCHS * harness.STEPS
    assert float.fromhex(rows[-1][-1]['loss_inter']) > 0
    assert float.fromhex(rows[-1][-1]['loss_intra']) > 0
    assert not list(killed.glob('*.partial'))


@pytest.mark.slow
def test_the_comparison_sees_a_difference(tmp_path):
    """And a repetition is equal: a fixed seed, two workers."""
    config = harness.make_config(tmp_path, 'paper', 0)
    config['train_cfg']['max_epochs'] = 3
    assert harness.run_child(config, tmp_path / 'straight') == 0
    assert harness.run_child(config, tmp_path / 'other') == 0
    assert not harness.compare(tmp_path / 'straight', tmp_path / 'other')
    config['randomness']['seed'] += 1
    assert harness.run_child(config, tmp_path / 'seed') == 0
    assert harness.compare(tmp_path / 'straight', tmp_path / 'seed')
