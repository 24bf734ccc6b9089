"""The loops are the same losses and families; both scripts run."""

import pytest
import torch

from aclnet_plugin.models.affinity.functional import build_families
from benchmarks import families, losses
from benchmarks.plain.plain_families import plain_families
from benchmarks.plain.plain_losses import LoopOverPairs, LoopOverSamples

SMALL = ['--batch-size', '6', '--embed-dim', '8', '--family-size', '4']


@pytest.fixture
def one_thread():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def double(monkeypatch):
    """All in float64, also where the package insists on float32."""
    torch.set_default_dtype(torch.float64)
    monkeypatch.setattr(torch.Tensor, 'float', torch.Tensor.double)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize('loop', [LoopOverSamples, LoopOverPairs])
@pytest.mark.parametrize(
    # Banks of several batches, of one, and smaller than one.
    ('k', 'bank'),
    [(5, 20), (9, 7), (30, 20), (4, 6), (3, 4), (2, 1)],
)
def test_loops_are_equal_step_by_step(loop, k, bank, double):
    """From the empty state on: unseen classes, a bank that fills up."""
    g = torch.Generator().manual_seed(k)
    member = torch.rand(k, k, generator=g) < 0.6
    member.fill_diagonal_(False)
    versions = [each(k, 8, bank, member) for each in (loop, losses.OurLosses)]
    for _ in range(7):
        embed = torch.randn(6, 8, generator=g)
        labels = torch.randint(k, (6,), generator=g)
        for kind in ('inter', 'intra'):
            outcomes = []
            for version in versions:
                x = embed.clone().requires_grad_()
                loss = getattr(version, kind)(x, labels)
                if loss.requires_grad:
                    loss.backward()
                grad = torch.zeros_like(x) if x.grad is None else x.grad
                outcomes.append((loss.detach(), grad))
            # Temperatures of families are float32: 0.1 is off by 1.5e-8.
            torch.testing.assert_close(*outcomes, rtol=1e-6, atol=1e-9)
    plain, ours = versions
    torch.testing.assert_close(plain.prototypes, ours.prototypes.mean)


@pytest.mark.parametrize('overlap', families.LOOPS.values())
@pytest.mark.parametrize(('top_k', 'threshold'), [(10, 4), (3, 1)])
def test_plain_families_are_equal(overlap, top_k, threshold):
    counts = families.made_up_counts(40)
    counts[7] = 0
    member = build_families(counts, top_k, threshold)
    assert 0 < member.sum() < member.numel()
    got = plain_families(counts, top_k, threshold, overlap)
    assert got == families.as_sets(member)


def test_each_class_has_its_set_once():
    """Else the loops would be slower than they need to be."""
    made = []

    def hold(neighbours):
        made.append(set(neighbours))
        return made[-1]

    overlap = families.LOOPS['loops, intersection']._replace(hold=hold)
    counting = overlap.count

    def count(first, second, num_classes):
        assert any(first is each for each in made)
        assert any(second is each for each in made)
        return counting(first, second, num_classes)

    overlap = overlap._replace(count=count)
    plain_families(families.made_up_counts(12), overlap=overlap)
    assert len(made) == 12


def test_losses_script(capsys, one_thread, monkeypatch):
    monkeypatch.setenv('COLUMNS', '200')
    losses.main(
        [
            *SMALL,
            *['--classes', '7', '9', '--bank-size', '12', '20'],
            *['--steps', '2', '--threads', '1'],
        ]
    )
    out = capsys.readouterr().out
    for piece in ('7, 12', '9, 20', 'loop over pairs', 'both', 'torch'):
        assert piece in out


def test_other_losses_end_the_comparison(monkeypatch):
    monkeypatch.setattr(LoopOverSamples, 'margin', 0.2)
    arguments = [*SMALL, '--classes', '7', '--bank-size', '12']
    with pytest.raises(SystemExit, match='intra differs'):
        losses.main(arguments)


@pytest.mark.parametrize('bank', ['6', '4'])
def test_a_bank_no_larger_than_a_batch(capsys, one_thread, bank):
    losses.main(
        [
            *SMALL,
            *['--classes', '7', '--bank-size', bank],
            *['--steps', '1', '--threads', '1'],
        ]
    )
    assert f'7, {bank}' in capsys.readouterr().out


def test_a_single_class_has_no_family(capsys, one_thread):
    losses.main(
        [
            *SMALL,
            *['--classes', '1', '--bank-size', '12'],
            *['--steps', '1', '--threads', '1'],
        ]
    )
    assert '1, 12' in capsys.readouterr().out


@pytest.mark.parametrize(
    'script, option, value',
    [
        (losses, '--classes', '0'),
        (losses, '--bank-size', '0'),
        (losses, '--family-size', '0'),
        (families, '--classes', '0'),
        (families, '--repeats', '0'),
        (families, '--loops-up-to', '-1'),
    ],
)
def test_wrong_numbers(script, option, value, capsys):
    with pytest.raises(SystemExit):
        script.parse_args([option, value])
    error = capsys.readouterr().err
    assert f'argument {option}: {value!r} is no whole number' in error


def test_each_number_of_classes_has_its_bank(capsys):
    with pytest.raises(SystemExit):
        losses.main(['--classes', '7'])
    assert 'one --bank-size for each' in capsys.readouterr().err


def test_families_script(capsys, one_thread, monkeypatch):
    monkeypatch.setenv('COLUMNS', '200')
    families.main(['--classes', '12', '--repeats', '1', '--threads', '1'])
    out = capsys.readouterr().out
    for piece in ('12', 'word by word', 'intersection', 'torch'):
        assert piece in out


def test_other_families_end_the_comparison(monkeypatch):
    monkeypatch.setattr(families, 'as_sets', lambda member: [])
    arguments = families.parse_args(['--repeats', '1'])
    with pytest.raises(ValueError, match='word by word differ'):
        families.measure(12, arguments)
