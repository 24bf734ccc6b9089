"""The versions are one model; what is compared is what the names say."""

import json

import pytest
import torch

from benchmarks import method_cost

SMALL = ['--base-channels', '8', '--frames', '8', '--batch-size', '4']


@pytest.fixture
def one_thread():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def steps_of(*options):
    args = method_cost.parse_args([*SMALL, *options])
    return {
        version: method_cost.Step(version, 4, 60, args)
        for version in method_cost.VERSIONS
    }


def test_a_stock_head_on_the_same_weights():
    steps = steps_of()
    models = {name: step.model for name, step in steps.items()}
    heads = {name: type(m.cls_head).__name__ for name, m in models.items()}
    assert heads == {
        'cross entropy': 'GCNHead',
        'ours, losses off': 'ACLHead',
        'ours': 'ACLHead',
    }
    losses = [step() for step in steps.values()]
    assert losses[1:] == pytest.approx([losses[0]] * 2, rel=1e-4)
    assert len(steps['ours'].cpu_seconds) == 1


def test_all_have_the_same_backbone_and_no_absent_person():
    steps = steps_of()
    plain = steps['cross entropy'].model.backbone
    computed = plain.backbone(steps['cross entropy'].clips.squeeze(1))
    assert computed[1].shape == (4, 625), 'the relation vector'
    shared = {plain.backbone.share_absent}
    for version in ('ours, losses off', 'ours'):
        shared.add(steps[version].model.backbone.share_absent)
    assert len(shared) == 1
    for step in steps.values():
        assert step.clips.flatten(3).any(3).all()


def test_both_losses_act_and_the_state_is_updated():
    steps = steps_of()
    head = steps['ours'].model.cls_head
    assert head.affinity.bank.filled == 512
    assert head.affinity.families.member.any(1).all()
    before = head.affinity.state_dict()
    before = {name: value.clone() for name, value in before.items()}
    step = steps['ours']
    losses = step.model(step.clips, step.samples, mode='loss')
    assert losses['loss_inter'] > 0
    assert losses['loss_intra'] > 0
    after = head.affinity.state_dict()
    changed = {n for n in before if not torch.equal(before[n], after[n])}
    assert changed >= {
        'confusion.counts',
        'prototypes.mean',
        'bank.feats',
        'bank.cursor',
    }
    step = steps['ours, losses off']
    losses = step.model(step.clips, step.samples, mode='loss')
    assert [name for name in losses if 'loss' in name] == ['loss_cls']


def test_time(capsys, one_thread):
    method_cost.main(
        [*SMALL, '--threads', '1', '--steps', '2', '--memory-runs', '0']
    )
    printed = capsys.readouterr().out
    assert 'time (clock)' in printed
    assert 'memory over' not in printed


@pytest.mark.slow
def test_time_and_memory(capsys, one_thread, tmp_path):
    target = tmp_path / 'cost.json'
    method_cost.main(
        [
            *(*SMALL, '--threads', '1', '--steps', '2', '--classes', '6'),
            *('--memory-runs', '1', '--dump-json', str(target)),
        ]
    )
    printed = capsys.readouterr().out
    for words in (
        *('6 classes, bank 512', 'time (clock)', 'time (cpu)'),
        *('memory over the imports', 'memory in total', 'families rebuilt'),
    ):
        assert words in printed, words
    (found,) = json.loads(target.read_text())
    for version in method_cost.VERSIONS:
        assert len(found['seconds'][version]['clock']) == 2
        assert len(found['seconds'][version]['cpu']) == 2
        (run,) = found['peaks'][version]
        assert 0 < run['before'] < run['peak']


def test_other_weights_end_the_comparison(monkeypatch):
    build = method_cost.model_of

    def spoilt(version, *arguments):
        model = build(version, *arguments)
        if version == 'ours':
            torch.nn.init.ones_(model.cls_head.fc.weight[0])
        return model

    monkeypatch.setattr(method_cost, 'model_of', spoilt)
    with pytest.raises(SystemExit, match='other classification losses'):
        method_cost.main([*SMALL, '--steps', '1', '--memory-runs', '0'])


def test_ratios():
    ratios = method_cost.cost_of([2, 3, 8], [1, 2, 2])
    assert ratios == [1.5, 2.0, 4.0]
    assert method_cost.ratio_text(ratios) == '2.000 (1.750 to 3.000)'
    assert method_cost.ratio_text([1.25]) == '1.250'
    assert method_cost.ratio_text([]) == '-'


@pytest.mark.parametrize(
    'ratio, word', [(1.03, 'met'), (1.031, 'missed'), (0.98, 'met')]
)
def test_verdict(ratio, word):
    assert method_cost.verdict('time', ratio, 1.03).endswith(f': {word}')


def test_memory_over_what_was_there():
    runs = [{'before': 10, 'peak': p} for p in (30, 50, 40)]
    peaks = {'ours': runs}
    assert method_cost.memory_of(peaks, 'ours', total=True) == 40
    assert method_cost.memory_of(peaks, 'ours', total=False) == 30


@pytest.mark.parametrize(
    'option, value, smallest',
    [
        ('--steps', '0', 1),
        ('--frames', '0', 1),
        ('--warmup', '-1', 0),
        ('--memory-runs', '-1', 0),
        ('--base-channels', '4', 8),
    ],
)
def test_wrong_numbers(option, value, smallest, capsys):
    with pytest.raises(SystemExit):
        method_cost.parse_args([option, value])
    expected = f'{value!r} is no whole number from {smallest} on'
    assert f'argument {option}: {expected}' in capsys.readouterr().err
