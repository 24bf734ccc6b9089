"""docs/results/ideas: each idea is what docs/results.md says it is."""

import importlib
import math

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.registry import init_default_scope

from aclnet_plugin.analysis.sweep.grid import read_grid
from aclnet_plugin.models.affinity.feature_bank import EMPTY
from tests.scripts import ROOT

IDEAS = ROOT / 'docs/results/ideas'
SETTINGS = [
    setting
    for name in ('ideas.yml', 'pooled.yml')
    for setting in read_grid(IDEAS / name).settings
]


@pytest.fixture
def heads(monkeypatch):
    """The module of the heads, as PYTHONPATH would have it found."""
    monkeypatch.syspath_prepend(str(IDEAS))
    return importlib.import_module('idea_heads')


@pytest.fixture
def batch():
    """Twelve sequences of 26 frames, and their labels."""
    torch.manual_seed(0)
    labels = torch.randint(10, (12,))
    samples = [ActionDataSample().set_gt_label(x) for x in labels.tolist()]
    return torch.randn(12, 1, 1, 26, 20, 3), samples


def _config(name):
    return Config.fromfile(IDEAS / f'{name}.py')


@pytest.mark.parametrize('setting', SETTINGS, ids=lambda x: x.name)
@pytest.mark.usefixtures('heads')
def test_setting_takes_a_step(setting, batch):
    config = _config('joint_small')
    config.merge_from_dict(setting.options)
    init_default_scope('mmaction')
    model = MODELS.build(config.model)
    model.init_weights()
    model.cls_head.affinity.set_epoch(4, True, True, rebuild=True)

    losses = model(*batch, mode='loss')
    sum(v for k, v in losses.items() if 'loss' in k).backward()

    assert all(value.isfinite() for value in losses.values())
    assert model.cls_head.fc.weight.grad.abs().sum() > 0


@pytest.mark.usefixtures('heads')
def test_augmented_config_drops_parts_after_the_turn():
    pipeline = _config('joint_small_augmented').train_dataloader.dataset
    types = [step.type for step in pipeline.dataset.pipeline]
    assert types[1:5] == ['RandomRot', 'SkeletonFlip', 'PartDrop', 'ToStream']


@pytest.mark.usefixtures('heads')
def test_averaged_config_keeps_the_statistics():
    types = [hook.type for hook in _config('joint_small_ema').custom_hooks]
    assert types == ['ConfusionStatisticsHook', 'EMAHook']


def test_soft_confusions_count_wrong_classes_by_probability(heads):
    stats = heads.SoftConfusionStats(3)
    labels = torch.tensor([0, 2, 0])
    stats.update(labels, torch.tensor([1, 1, 1]))
    stats.update_soft(
        labels,
        torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7], [0.2, 0.8, 0.0]]),
    )
    assert stats.counts.tolist() == [[0, 1050, 250], [0, 0, 0], [100, 200, 0]]


def test_balanced_bank_is_a_ring_for_each_class(heads):
    torch.manual_seed(0)
    bank = heads.BalancedBank(4, share=3, embed_dim=2)
    rings = [[] for _ in range(4)]
    for _ in range(30):
        labels = torch.randperm(12)[:5] % 4
        feats = torch.randn(5, 2)
        slots = bank.push(feats, labels)
        for slot, label, feat in zip(
            slots.tolist(), labels.tolist(), feats, strict=True
        ):
            assert slot == 3 * label + len(rings[label]) % 3
            rings[label].append(feat)
        for label, ring in enumerate(rings):
            start = 3 * label
            kept = bank.labels[start : start + 3].tolist()
            stored = min(len(ring), 3)
            assert kept == [label] * stored + [EMPTY] * (3 - stored)
            for place in range(len(ring))[-3:]:
                assert torch.equal(bank.feats[start + place % 3], ring[place])


def test_cosine_classifier_starts_at_unit_length(heads):
    head = heads.CosineACLHead(10, 64)
    head.init_weights()
    lengths = head.fc.weight.norm(dim=1)
    assert 0.6 < lengths.min() and lengths.max() < 1.5
    feats = torch.randn(5, 64)
    expected = [
        [
            16 * (f @ w).item() / math.sqrt((f @ f).item() * (w @ w).item())
            for w in head.fc.weight
        ]
        for f in feats
    ]
    torch.testing.assert_close(head.fc(feats), torch.tensor(expected))
