"""Batch norm is averaged over ranks, learned state is not."""

from types import SimpleNamespace

import torch
from mmaction.registry import HOOKS
from torch import nn

from aclnet_plugin.engine import ReplicaSyncBuffersHook
from aclnet_plugin.engine.hooks.confusion_statistics_hook import (
    find_affinity_states,
)
from aclnet_plugin.engine.hooks.sync_buffers_hook import differing_buffers
from aclnet_plugin.models import ACLHead
from tests.ddp import run_ranks


def build():
    head = ACLHead(5, 4, relation_dim=9, embed_dim=8, bank_size=7)
    return nn.Sequential(nn.BatchNorm1d(3), head)


def test_stock_configs_get_it():
    assert HOOKS.get('SyncBuffersHook') is ReplicaSyncBuffersHook


def test_the_state_is_left_out():
    model = build()
    buffers = differing_buffers(model, find_affinity_states(model))
    assert {id(b) for b in buffers} == {id(b) for b in model[0].buffers()}
    assert len(list(model.buffers())) > len(buffers) == 3


def synchronise(rank):
    """Three ranks: counts beyond float32, thirds that do not come out."""
    torch.manual_seed(0)
    model = build()
    state = model[1].affinity
    state.confusion.counts[0, 0] = 2**53 + 1
    state.prototypes.mean.normal_()
    before = {k: v.clone() for k, v in state.state_dict().items()}
    model[0].running_mean.fill_(rank)
    warnings = []
    runner = SimpleNamespace(
        model=model, logger=SimpleNamespace(warning=warnings.append)
    )
    hook = ReplicaSyncBuffersHook()
    hook.after_train_epoch(runner)
    untouched = all(
        torch.equal(v, before[k]) for k, v in state.state_dict().items()
    )
    mean = model[0].running_mean.clone()
    hook.before_val_epoch(runner)  # done just now
    quiet = not warnings
    state.epoch.add_(rank)
    hook.before_val_epoch(runner)
    return dict(
        untouched=untouched,
        mean=mean,
        quiet=quiet,
        epoch=state.epoch,
        warned=len(warnings),
    )


def test_synchronises_what_differs(tmp_path):
    for got in run_ranks(tmp_path, synchronise, world_size=3):
        assert got['untouched']
        assert got['mean'].tolist() == [1, 1, 1]
        assert got['quiet']
        assert got['epoch'] == 0, 'that of rank 0'
        assert got['warned'] == 1
