"""The plain backbone is the same model; both scripts run."""

import pytest
import torch

from benchmarks import inference, training_step
from benchmarks.plain.models import (
    made_up_clips,
    recogniser,
    with_plain_backbone,
    with_plain_losses,
)


@pytest.fixture
def one_thread():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize('train', [True, False])
def test_plain_backbone_is_equal(train):
    ours = recogniser(base_channels=16)
    plain = with_plain_backbone(ours).backbone.double().train(train)
    ours = ours.backbone.double().train(train)
    g = torch.Generator().manual_seed(0)
    x = torch.randn(2, 2, 12, 25, 3, generator=g, dtype=torch.float64)
    outcomes = []
    for model in (ours, plain):
        feats, relation = model(x)
        (feats.square().mean() + relation.square().sum()).backward()
        outcomes.append((feats, relation))
    torch.testing.assert_close(*outcomes)
    assert ours.state_dict().keys() == plain.state_dict().keys()
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value)
    for p, q in zip(ours.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad, rtol=1e-6, atol=1e-9)


@torch.no_grad()
def test_plain_backbone_is_equal_in_float32():
    ours = recogniser(base_channels=16).eval()
    plain = with_plain_backbone(ours).backbone
    x = torch.randn(2, 2, 12, 25, 3)
    torch.testing.assert_close(
        ours.backbone(x), plain(x), rtol=1e-5, atol=1e-5
    )


def test_plain_losses_are_equal():
    clips = made_up_clips((6, 1, 2, 8, 25, 3), one_person=0.5)
    args = training_step.parse_args([])
    ours = recogniser(base_channels=8).double()
    steps = [
        training_step.Step(model, clips.double(), args)
        for model in (with_plain_losses(ours), ours)
    ]
    # The second is scored against what the first left behind.
    for _ in range(2):
        plain, own = (step() for step in steps)
        assert own == pytest.approx(plain, rel=1e-6)


SMALL = ['--base-channels', '8', '--frames', '8', '--steps', '1']


def test_training_step(capsys, one_thread):
    training_step.main(
        [
            *SMALL,
            *['--threads', '1', '--batch-size', '4', '--one-person', '0.5'],
            '--channels-last',
        ]
    )
    out = capsys.readouterr().out
    for version in ('plain', 'ours', 'ours, shared', 'ours, channels last'):
        assert version in out
    assert 'torch' in out


def test_inference(capsys, one_thread):
    inference.main(
        [*SMALL, *['--threads', '1', '--batch-size', '1', '2', '--clips', '2']]
    )
    out = capsys.readouterr().out
    assert 're-parameterised' in out
    assert '1 threads' in out


@pytest.mark.parametrize(
    'option, value, words',
    [
        ('--batch-size', '0', 'no whole number from 1 on'),
        ('--clips', '0', 'no whole number from 1 on'),
        ('--samples', '-1', 'no whole number from 1 on'),
        ('--base-channels', '4', 'no whole number from 8 on'),
        ('--one-person', '2', 'no share from 0 to 1'),
    ],
)
def test_wrong_numbers(option, value, words, capsys):
    with pytest.raises(SystemExit):
        inference.parse_args([option, value])
    error = capsys.readouterr().err
    assert f'argument {option}: {value!r} is {words}' in error


def test_other_losses_end_the_comparison(monkeypatch):
    def spoilt(model):
        model = with_plain_backbone(model)
        torch.nn.init.zeros_(model.cls_head.fc.weight)
        return model

    monkeypatch.setattr(training_step, 'with_plain_backbone', spoilt)
    with pytest.raises(SystemExit, match='other losses'):
        training_step.main([*SMALL, '--batch-size', '2'])
