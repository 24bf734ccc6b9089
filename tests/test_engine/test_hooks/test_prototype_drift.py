"""How far prototypes move in an epoch, also in resumed trainings."""

import json

import pytest
import torch

from aclnet_plugin.engine.hooks.prototype_drift import (
    PrototypeDrift,
    mean_cosine_distance,
)
from aclnet_plugin.models import ACLHead
from tests.training import Recorder, build_runner, tiny_config


def state():
    return ACLHead(3, 4, embed_dim=4, bank_size=4).affinity


def loop_distance(before, now, known):
    distances = []
    for old, new, both in zip(before, now, known, strict=True):
        if both:
            dot = sum(a * b for a, b in zip(old, new, strict=True))
            norms = [sum(a * a for a in x) ** 0.5 for x in (old, new)]
            distances.append(1 - dot / (norms[0] * norms[1]))
    return sum(distances) / len(distances) if distances else None


def test_distance_by_loop():
    generator = torch.Generator().manual_seed(0)
    before, now = torch.randn(2, 5, 7, generator=generator)
    known = torch.tensor([True, False, True, True, False])
    got = mean_cosine_distance(before, now, known)
    expected = loop_distance(before.tolist(), now.tolist(), known.tolist())
    assert got == pytest.approx(expected, rel=1e-6)
    assert mean_cosine_distance(before, 3 * before, known) < 1e-12
    assert mean_cosine_distance(before, -before, known) == pytest.approx(2)
    assert mean_cosine_distance(before, now, known & False) is None


def test_only_classes_that_had_a_prototype():
    one, drift = state(), PrototypeDrift()
    one.prototypes.mean[:2] = torch.eye(4)[:2]
    one.prototypes.seen[:2] = True
    drift.begin([one], resumed=False)
    one.prototypes.mean[0] = torch.tensor([0.0, 0, 5, 0])  # at right angles
    one.prototypes.mean[2] = 1.0
    one.prototypes.seen[2] = True  # new, and so has not moved
    assert drift.end([one]) == [pytest.approx(0.5)]
    assert drift.end([one]) == [None], 'its start is forgotten'


def test_a_resumed_epoch_needs_the_copy_of_the_checkpoint():
    one, drift = state(), PrototypeDrift()
    one.prototypes.mean.copy_(torch.eye(4)[:3])
    one.prototypes.seen.fill_(True)
    drift.begin([one], resumed=False)
    checkpoint = {}
    drift.save(checkpoint)
    one.prototypes.mean.copy_(torch.eye(4)[1:])

    old = PrototypeDrift()
    old.load({})  # A checkpoint from before there was a copy.
    old.begin([one], resumed=True)
    assert old.end([one]) == [None]
    again = PrototypeDrift()
    again.load(checkpoint)
    again.begin([one], resumed=True)
    assert again.end([one]) == drift.end([one]) == [pytest.approx(1.0)]
    ended = {}
    drift.save(ended)
    assert not ended, 'nothing to carry between epochs'


def logged(folder):
    (path,) = folder.glob('*/vis_data/scalars.json')
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    key = 'affinity/prototype_drift'
    return {
        row['epoch']: (row['step'], row[key]) for row in rows if key in row
    }


def test_logged_at_the_end_of_each_epoch(tiny_skeletons, tmp_path):
    """And the same, bit for bit, after a resume between or inside epochs."""
    config = tiny_config(tiny_skeletons, tmp_path / 'a')
    config.default_hooks.checkpoint.by_epoch = False
    config.default_hooks.checkpoint.interval = 1
    runner = build_runner(config, 'drift')
    prototypes = runner.model.cls_head.affinity.prototypes
    looks = Recorder(
        lambda runner: (prototypes.mean.clone(), prototypes.seen.clone())
    )
    runner.register_hook(looks)
    runner.train()
    steps = len(runner.train_dataloader)
    assert steps == 3
    whole = logged(tmp_path / 'a')
    # The first epoch begins without prototypes.
    assert sorted(whole) == [2, 3, 4]
    for epoch, (step, drift) in whole.items():
        assert step == epoch * steps
        (before, seen), (now, still) = (
            looks.looks[e * steps - 1] for e in (epoch - 1, epoch)
        )
        known = (seen & still).tolist()
        expected = loop_distance(before.tolist(), now.tolist(), known)
        assert drift == pytest.approx(expected, abs=1e-6)
    # After step 6 the second epoch is over but for its end.
    for name, epochs in (('iter_6', [2, 3, 4]), ('iter_7', [3, 4])):
        config = tiny_config(tiny_skeletons, tmp_path / name)
        config.load_from = str(tmp_path / 'a' / f'{name}.pth')
        config.resume = True
        again = build_runner(config, name)
        again.train()
        rest = logged(tmp_path / name)
        assert rest == {epoch: whole[epoch] for epoch in epochs}
        for key, value in runner.model.state_dict().items():
            assert torch.equal(value, again.model.state_dict()[key]), key
    # An old checkpoint, inside an epoch: that epoch goes without.
    saved = torch.load(tmp_path / 'a' / 'iter_7.pth', weights_only=True)
    del saved['prototypes_at_epoch_start']
    torch.save(saved, tmp_path / 'old.pth')
    config = tiny_config(tiny_skeletons, tmp_path / 'old')
    config.load_from, config.resume = str(tmp_path / 'old.pth'), True
    build_runner(config, 'old').train()
    assert logged(tmp_path / 'old') == {4: whole[4]}
