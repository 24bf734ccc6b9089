"""Order, turns, memory and what happens without enough of it."""

import subprocess
import sys

import pytest
import torch
from mmengine.dataset import InfiniteSampler

from aclnet_plugin.engine.profiling import Findings, ProfileError, Setting
from aclnet_plugin.engine.profiling import stages as module
from aclnet_plugin.engine.profiling.measuring import (
    endless,
    fillable,
    measure_loader,
    steps_of_epoch,
)
from aclnet_plugin.engine.profiling.memory import (
    is_out_of_memory,
    peak_memory,
)
from aclnet_plugin.engine.profiling.stages import Stages, turns_of


def collate(samples):
    return {'inputs': samples}


def loader_of(batch_size, samples=10):
    return torch.utils.data.DataLoader(
        list(range(samples)), batch_size, collate_fn=collate
    )


class Trainee:
    device = 'cpu'
    zeroed = 0

    def __init__(self, largest):
        self.largest = largest
        self.sizes = []
        self.optim_wrapper = self
        self.model = torch.nn.Identity()

    def step(self, batch):
        size = len(batch['inputs'])
        if size > self.largest:
            raise RuntimeError('DefaultCPUAllocator: not enough memory: you')
        self.sizes.append(size)

    def zero_grad(self):
        self.zeroed += 1


class Training:
    def __init__(self, largest, batch_size=4):
        self.trainee = Trainee(largest)
        self.batch_size = batch_size
        self.asked = []

    def loader(self, batch_size=None, num_workers=None):
        self.asked.append(batch_size)
        return loader_of(batch_size or self.batch_size)


def stages_of(largest, batch_size=4, most=10):
    setting = Setting(
        *('config.py', 'cpu', 'a machine', batch_size, 0),
        samples=10,
        most=most,
    )
    findings = Findings(setting)
    track = lambda items, description: items  # noqa: E731
    return Stages(Training(largest, batch_size), findings, track), findings


def test_everything_is_measured():
    stages, findings = stages_of(99)
    stages.run([2, 4, 8], [0], steps=3, warmup=1)
    assert [rate.batch_size for rate in findings.compute] == [2, 4, 8]
    assert stages.trainee.sizes[:3] == [2, 4, 8], 'one for the memory'
    assert stages.trainee.sizes[3:12] == 3 * [2, 4, 8], 'in turns'
    assert len(findings.timeline.steps) == 3
    assert len(findings.around) == 2
    assert findings.step_seconds > 0
    assert set(findings.loader) == {0}
    assert sum(findings.shares.values()) == pytest.approx(1)
    assert not findings.notes


def test_what_does_not_fit_is_left_out():
    stages, findings = stages_of(4, most=None)
    stages.run([2, 4, 8, 16], [0], steps=1, warmup=0)
    assert [rate.batch_size for rate in findings.compute] == [2, 4]
    assert findings.notes == ['Left out, batch size 8, 16: memory ran out.']
    assert stages.trainee.zeroed == 1
    assert findings.batch_size == 4


def test_a_config_that_does_not_fit_is_profiled_smaller():
    stages, findings = stages_of(2)
    stages.run([2, 4], [0], steps=1, warmup=0)
    assert findings.batch_size == 2
    assert 'The batch of the config, 4, does not fit' in findings.notes[-1]
    assert set(stages.trainee.sizes) == {2}


def test_an_epoch_takes_whole_steps():
    """Ten samples in batches of four: three steps, not two and a half."""
    stages, findings = stages_of(99)
    stages.run([4], [0], steps=2, warmup=0)
    assert findings.epoch_steps == 3
    findings.step_seconds = 2.0
    assert findings.epoch_seconds == 6
    assert findings.to_dict()['steps_per_epoch'] == 3


def test_a_batch_beyond_the_data():
    stages, findings = stages_of(99, batch_size=40)
    assert findings.batch_size == 10
    stages.run([5, 10, 80], [0], steps=2, warmup=0)
    large, repeats = findings.notes
    assert 'A batch of 40 is more than the 10 samples of a process' in large
    assert 'an epoch is one step, of 10' in large
    assert 'more than 10 samples repeats some' in repeats
    assert findings.epoch_steps == 1
    findings.step_seconds = 2.0
    assert findings.epoch_seconds == 2
    assert findings.load_seconds == pytest.approx(10 / findings.loader[0])
    assert findings.batch_advice.batch_size <= 10
    assert not any('larger one may be' in said for said in findings.advice)


def test_the_loader_of_the_config_is_asked_for_no_batch_size():
    """A sampler that makes its own batches could not give it."""
    stages, _ = stages_of(99, most=None)
    stages.run([4], [0, 0], steps=1, warmup=0)
    assert set(stages.training.asked) == {None}


def test_batches_without_end_are_full():
    data = list(range(10))
    loader = torch.utils.data.DataLoader(
        data, 40, sampler=InfiniteSampler(data), collate_fn=collate
    )
    assert fillable(loader) is None
    assert steps_of_epoch(loader, world_size=2) == 10 / 80
    assert fillable(loader_of(40)) == 10
    assert steps_of_epoch(loader_of(4), world_size=2) == 3


def test_an_interruption_leaves_the_turns_before():
    stages, findings = stages_of(99)
    step, taken = stages.trainee.step, []

    def interrupted(batch):
        taken.append(batch)
        if len(taken) == 5:  # one for the memory, two turns, the third
            raise KeyboardInterrupt
        step(batch)

    stages.trainee.step = interrupted
    with pytest.raises(KeyboardInterrupt):
        stages.run([4], [0], steps=4, warmup=0)
    assert [rate.batch_size for rate in findings.compute] == [4]
    assert findings.advice
    assert findings.to_dict()['shares'] == {}


def test_not_even_the_smallest_fits():
    stages, _ = stages_of(1)
    with pytest.raises(ProfileError, match='not even a batch of 2'):
        stages.run([2, 4], [0], steps=1, warmup=0)


def test_other_errors_pass(monkeypatch):
    stages, _ = stages_of(9)

    def step(batch):
        raise RuntimeError('shapes differ')

    monkeypatch.setattr(stages.trainee, 'step', step)
    with pytest.raises(RuntimeError, match='shapes differ'):
        stages.run([2], [0], steps=1, warmup=0)


def test_a_batch_that_would_end_the_process_is_not_tried(monkeypatch):
    stages, findings = stages_of(99)
    told = iter([100, 100])
    monkeypatch.setattr(module, 'peak_memory', lambda device: next(told))
    # The first batch took 200 - 100; twice that needs 100 more.
    monkeypatch.setattr(module, 'measure_peak', lambda *_: 200)
    monkeypatch.setattr(module, 'available_memory', lambda: 99)
    stages.compute([2, 4, 8], 1, 0)
    assert [rate.batch_size for rate in findings.compute] == [2]
    assert findings.notes[0].startswith('Left out, batch size 4, 8: it would')
    monkeypatch.setattr(module, 'available_memory', lambda: 100)
    stages.compute([2, 4], 1, 0)
    assert [rate.batch_size for rate in findings.compute] == [2, 4]


@pytest.mark.parametrize(
    'steps, turns',
    [(1, [1]), (3, [1, 1, 1]), (7, [1, 1, 1, 2, 2]), (20, [4] * 5)],
)
def test_turns(steps, turns):
    assert turns_of(steps) == turns


def test_an_epoch_ends_and_the_next_begins():
    batches = endless(loader_of(4, samples=6))
    sizes = [len(next(batches)['inputs']) for _ in range(4)]
    assert sizes == [4, 2, 4, 2]
    assert measure_loader(loader_of(4, samples=6), 5, 1) > 0


def test_an_empty_loader_is_no_endless_loop():
    loader = torch.utils.data.DataLoader(
        [0, 1], batch_size=4, drop_last=True, collate_fn=collate
    )
    with pytest.raises(ValueError, match='no batch of 4: it has 2 samples'):
        next(endless(loader))


@pytest.mark.parametrize(
    'error, expected',
    [
        (torch.OutOfMemoryError('CUDA out of memory'), True),
        (MemoryError(), True),
        (RuntimeError("[enforce fail] can't allocate memory"), True),
        (RuntimeError('shapes differ'), False),
        (ValueError('out of memory'), False),
    ],
)
def test_which_errors_are_lack_of_memory(error, expected):
    assert is_out_of_memory(error) == expected


def test_the_peak_of_a_process_is_its_own(clean_env):
    """A child of a large process does not inherit the peak."""
    large = bytearray(300 * 2**20)
    code = (
        'from aclnet_plugin.engine.profiling.memory import peak_memory\n'
        'before = peak_memory()\n'
        'block = bytearray(b"1" * 2**27)\n'
        'print(before, peak_memory() - before)\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code],
        env=clean_env,
        capture_output=True,
        text=True,
        check=True,
    )
    before, grown = map(int, done.stdout.split())
    assert grown >= 2**27
    assert peak_memory() > len(large)
    assert before < peak_memory()
