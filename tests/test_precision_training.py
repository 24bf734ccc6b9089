"""Accumulation, clipping and averaging of weights, through the Runner."""

import copy
import math
from itertools import pairwise

import pytest
import torch

from tests.training import Recorder, build_runner, tiny_config

BEHAVIOURS = ('paper', 'release')
AFFINITY = 'cls_head.affinity.'

both = pytest.mark.parametrize('behaviour', BEHAVIOURS)


def configure(ann_file, work_dir, behaviour, **options):
    """16 samples in batches of 6: three steps an epoch, four epochs."""
    config = tiny_config(ann_file, work_dir, **options)
    config.model.cls_head.behaviour = behaviour
    return config


def train(config, name, look=None):
    runner = build_runner(config, name)
    recorder = Recorder(look)
    runner.register_hook(recorder)
    runner.train()
    for losses in recorder.losses:
        assert all(map(math.isfinite, losses.values())), losses
    assert recorder.losses[-1]['loss_inter'] > 0
    assert recorder.losses[-1]['loss_intra'] > 0
    return runner, recorder


def weights_of(runner):
    return torch.cat([p.detach().flatten() for p in runner.model.parameters()])


# Gradients


@pytest.mark.parametrize('kind', ['OptimWrapper', 'AmpOptimWrapper'])
@both
def test_the_state_sees_each_accumulated_batch_once(
    tiny_skeletons, tmp_path, behaviour, kind
):
    config = configure(tiny_skeletons, tmp_path, behaviour)
    config.optim_wrapper.update(type=kind, accumulative_counts=2)

    def look(runner):
        state = runner.model.cls_head.affinity
        return (
            weights_of(runner),
            int(state.confusion.counts.sum()),
            int(state.bank.cursor),
        )

    _, recorder = train(config, kind + behaviour, look)
    weights, counts, cursors = zip(*recorder.looks, strict=True)
    moved = [not torch.equal(a, b) for a, b in pairwise(weights)]
    assert moved == [step % 2 == 1 for step in range(1, 12)]
    sizes = 4 * [6, 6, 4]
    seen = torch.tensor(sizes).cumsum(0)
    assert list(cursors) == (seen % 12).tolist()
    if behaviour == 'paper':
        # Every sample is one count, from the second epoch on.
        assert list(counts) == (seen - 16).clamp(min=0).tolist()
    else:
        assert counts[2] == 0 < counts[-1]


@pytest.mark.parametrize('kind', ['OptimWrapper', 'AmpOptimWrapper'])
@both
def test_clipped_gradients_in_all_phases(
    tiny_skeletons, tmp_path, behaviour, kind
):
    """Projections without a gradient do not stop the clipping."""
    config = configure(tiny_skeletons, tmp_path, behaviour)
    config.optim_wrapper.update(type=kind, clip_grad=dict(max_norm=0.01))
    config.optim_wrapper.optimizer.update(
        lr=1.0, momentum=0.0, weight_decay=0.0
    )
    _, recorder = train(config, kind + behaviour, weights_of)
    steps = [(b - a).norm().item() for a, b in pairwise(recorder.looks)]
    assert max(steps) <= 0.01 * 1.001
    assert min(steps) > 0.009, 'each gradient is larger than that'


# Averaged weights


def with_averages(config, update_buffers):
    config.custom_hooks.append(
        dict(
            type='EMAHook',
            momentum=0.2,
            update_buffers=update_buffers,
        )
    )
    return config


def load(path):
    return torch.load(path, weights_only=True)


@pytest.mark.parametrize('update_buffers', [False, True])
@both
def test_averaged_weights_come_with_the_true_state(
    tiny_skeletons, tmp_path, behaviour, update_buffers
):
    """`EMAHook` averages floats, or not, and may leave integers behind."""
    config = configure(tiny_skeletons, tmp_path, behaviour)
    with_averages(config, update_buffers)
    config.default_hooks.checkpoint.save_best = 'acc/top1'
    runner, _ = train(config, f'averages{behaviour}{update_buffers}')
    checkpoint = load(tmp_path / 'epoch_4.pth')
    live = runner.model.state_dict()
    saved, averaged = checkpoint['state_dict'], checkpoint['ema_state_dict']
    weight = 'cls_head.fc.weight'
    assert torch.equal(averaged[f'module.{weight}'], live[weight])
    assert not torch.equal(saved[weight], live[weight]), 'an average'
    names = [name for name in live if name.startswith(AFFINITY)]
    assert len(names) == 8
    for name in names:
        assert torch.equal(averaged[f'module.{name}'], live[name]), name
        assert torch.equal(saved[name], live[name]), name
    (path,) = tmp_path.glob('best_acc_top1_epoch_*.pth')
    best, regular = load(path), load(tmp_path / path.name[14:])
    for name in names:
        same = regular['state_dict'][name]
        assert torch.equal(best['state_dict'][name], same), name


@pytest.mark.parametrize('update_buffers', [False, True])
@both
def test_resumed_averages_are_those_of_a_straight_training(
    tiny_skeletons, tmp_path, behaviour, update_buffers
):
    def prepare(name):
        config = configure(tiny_skeletons, tmp_path / name, behaviour)
        return with_averages(config, update_buffers)

    def name_of(part):
        return f'{part}{behaviour}{update_buffers}'

    runner, straight = train(prepare('straight'), name_of('straight'))
    config = prepare('parts')
    config.train_cfg.max_epochs = 3
    train(config, name_of('first'))
    config = prepare('parts')
    config.resume = True
    resumed, rest = train(config, name_of('second'))
    assert rest.losses == straight.losses[9:]
    for name, value in runner.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], value), name
    wanted = load(tmp_path / 'straight' / 'epoch_4.pth')
    found = load(tmp_path / 'parts' / 'epoch_4.pth')
    for part in ('state_dict', 'ema_state_dict'):
        assert found[part].keys() == wanted[part].keys()
        for name, value in wanted[part].items():
            assert torch.equal(found[part][name], value), (part, name)


@both
def test_validation_leaves_the_state_as_it_was(
    tiny_skeletons, tmp_path, behaviour
):
    """`EMAHook` swaps the models before a validation, and back after it."""
    config = configure(tiny_skeletons, tmp_path, behaviour)
    states = []

    def look(runner):
        state = runner.model.cls_head.affinity.state_dict()
        return copy.deepcopy(state)

    for name in ('without', 'with'):
        each = copy.deepcopy(config)
        each.work_dir = str(tmp_path / name)
        if name == 'with':
            with_averages(each, True)
        _, recorder = train(each, name + behaviour, look)
        states.append(recorder.looks)
    for without, averaged in zip(*states, strict=True):
        for name, value in without.items():
            assert torch.equal(averaged[name], value), name
