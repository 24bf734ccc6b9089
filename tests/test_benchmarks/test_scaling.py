"""The paper costs by hand, and the script."""

import pytest
import torch

from benchmarks import scaling, scaling_shares
from benchmarks.plain.models import recogniser
from benchmarks.scaling_costs import (
    Fabric,
    Job,
    buckets,
    bus_bytes_per_us,
    gather_us,
    reduce_us,
    row_bytes,
)

SLOW = Fabric(node_gb=10.0, hop_us=5.0)


def job(**changes):
    settings = dict(
        step_us=10_000.0,
        batch=4,
        parameters=2**18 + 50_000,
        row=1000,
        joined={4: 0.0, 64: 0.06, 128: 0.1},
        taken_in={4: 0.0, 64: 0.003, 128: 0.005},
        share=0.5,
    )
    return Job(**settings | changes)


def test_bytes_and_bandwidths():
    assert row_bytes(256, 256) == 2056
    # Within a node NVLink, 450 GB/s, of which half is used.
    assert bus_bytes_per_us(8, SLOW, 0.5) == 225_000
    assert bus_bytes_per_us(16, SLOW, 0.5) == 5_000
    assert bus_bytes_per_us(16, Fabric(900.0, 1.0), 0.5) == 225_000


def test_gather():
    # Seven hops in a node; 7 x 9000 bytes at 225,000 a microsecond.
    want = 14 + 7 * 1.9 + 7 * 9000 / 225_000
    assert gather_us(8, 9000, SLOW, 0.5) == pytest.approx(want)
    # Four nodes: 31 hops, three of them outside.
    want = 14 + 28 * 1.9 + 3 * 5 + 31 * 9000 / 5_000
    assert gather_us(32, 9000, SLOW, 0.5) == pytest.approx(want)


def test_reduce():
    want = 14 + 2 * 7 * 1.9 + 2 * 7 / 8 * 1e6 / 225_000
    assert reduce_us(8, 1e6, SLOW, 0.5) == pytest.approx(want)
    # Four nodes: two levels of the tree.
    want = 14 + 2 * (7 * 1.9 + 2 * 5) + 2 * 31 / 32 * 1e6 / 5_000
    assert reduce_us(32, 1e6, SLOW, 0.5) == pytest.approx(want)


def test_buckets():
    mega = 2**20
    assert buckets(16.2 * mega, 25 * mega) == [
        mega,
        pytest.approx(15.2 * mega),
    ]
    assert buckets(10 * mega, 4 * mega) == [mega, 4 * mega, 4 * mega, mega]
    assert buckets(mega / 2, 25 * mega) == [mega / 2]


def test_backward_covers_all_buckets_but_the_last():
    # 2**20 bytes and 200,000 bytes; 6,667 of 10,000 microseconds to cover.
    each = [reduce_us(32, size, SLOW, 0.5) for size in (2**20, 200_000)]
    assert job().gradients_us(32, SLOW) == pytest.approx(each[1])
    rushed = job(step_us=300.0)
    want = each[1] + each[0] - 200
    assert rushed.gradients_us(32, SLOW) == pytest.approx(want)


def test_an_interval_divides_latency_not_bytes():
    latency, moved = 14 + 28 * 1.9 + 3 * 5, 31 * 4 * 1000 / 5_000
    for interval in (1, 4):
        want = latency / interval + moved
        got = job().gather_us(32, SLOW, interval)
        assert got == pytest.approx(want)


def test_arithmetic_grows_with_the_joined_rows():
    # 32 x 4 = 128 rows; 24 x 4 = 96 between two entries; 64 x 4 beyond.
    assert job().arithmetic_us(32, 1) == pytest.approx(1000)
    assert job().arithmetic_us(24, 1) == pytest.approx(800)
    assert job().arithmetic_us(64, 1) == pytest.approx(2000)
    assert job().arithmetic_us(32, 2) == pytest.approx(50)


def test_efficiency_and_the_interval_it_needs():
    one = job()
    gradients, rows = one.gradients_us(32, SLOW), {1: 1000, 4: 50}
    for interval, extra in rows.items():
        total = 10_000 + gradients + extra
        total += one.gather_us(32, SLOW, interval)
        got = one.efficiency(32, SLOW, interval)
        assert got == pytest.approx(10_000 / total)
    assert one.efficiency(32, SLOW, 1) < 0.9 < one.efficiency(32, SLOW, 2)
    assert one.smallest_interval(32, SLOW, 0.9) == 2
    assert one.smallest_interval(32, SLOW, 0.5) == 1
    assert one.smallest_interval(32, SLOW, 0.999) is None


def test_counted_shares_equal_the_counter():
    """Products of the losses, forward and backward, of one rank's view."""
    head = recogniser(8).cls_head
    head.affinity.set_epoch(1, counting=True, scoring=True, rebuild=True)
    flops = {}
    for rows in (16, 128):
        loss = scaling_shares.JoinedLoss(head, rows)
        with scaling_shares.FlopCounterMode(display=False) as counter:
            loss()
        flops[rows] = counter.get_total_flops()
    joined, taken_in = scaling_shares.counted_shares(head, 16, flops=1e6)
    # Prototypes and bank are no leaves, the batch in the bank is.
    want = (flops[128] - flops[16]) / (16 * 1e6)
    assert joined[128] == pytest.approx(want, rel=0.12)
    assert joined[16] == 0 and set(taken_in.values()) == {0.0}


SMALL = ['--base-channels', '8', '--frames', '8', '--rounds', '1']


@pytest.mark.parametrize('how', [[], ['--measure'], ['--step-ms', '5']])
def test_the_script(capsys, how):
    threads = torch.get_num_threads()
    scaling.main([*SMALL, *how, '--gpus', '8', '64', '--interval', '1', '2'])
    torch.set_num_threads(threads)
    out = capsys.readouterr().out
    assert 'one node' in out and '25 GbE' in out
    assert '2056 bytes per sample' in out
    assert ('not yet measured' in out) != ('--step-ms' in how)


@pytest.mark.parametrize(
    ('wrong', 'message'),
    [
        (['--gpus', '8', '12'], "'12' is neither 2 to 8, the GPUs of one"),
        (['--gpus', '1'], "'1' is neither 2 to 8"),
        (['--gpus', 'x'], "'x' is neither 2 to 8"),
        (['--interval', '0'], "'0' is no whole number from 1 on"),
        (['--frames', '0'], "'0' is no whole number from 1 on"),
        (['--base-channels', '4'], "'4' is no whole number from 8 on"),
        (['--step-ms', '-3'], "'-3' is no number above 0"),
        (['--link-share', '0'], "'0' is no share above 0, up to 1"),
        (['--goal', '1.5'], "'1.5' is no share above 0, up to 1"),
    ],
)
def test_wrong_options_are_explained(wrong, message, capsys):
    with pytest.raises(SystemExit):
        scaling.parse_args(wrong)
    assert f'argument {wrong[0]}: {message}' in capsys.readouterr().err
