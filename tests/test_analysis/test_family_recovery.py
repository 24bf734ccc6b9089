"""Families compared with groups that are known beforehand."""

import math
import pickle

import numpy as np
import pytest
import torch
from mmengine.config import Config

from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.family_recovery import (
    Recovery,
    Snapshot,
    mean_of,
    pairs_of,
    read_groups,
    read_history,
    recovery,
    recovery_by_epoch,
    recovery_grid,
)
from aclnet_plugin.analysis.family_rules import FamilyRule
from aclnet_plugin.models.affinity.functional import build_families


def naive_recovery(member, groups):
    """Pair by pair."""
    right = found = pairs = 0
    for i, mine in enumerate(groups):
        for j, theirs in enumerate(groups):
            if i == j:
                continue
            found += bool(member[i][j])
            pairs += mine == theirs
            right += bool(member[i][j]) and mine == theirs
    return right / found, right / pairs, found / len(groups)


@pytest.mark.parametrize('seed', range(5))
def test_recovery_equals_a_count_of_pairs(seed):
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 4, 12).tolist()
    member = rng.random((12, 12)) < 0.3
    np.testing.assert_allclose(
        recovery(member, pairs_of(groups)), naive_recovery(member, groups)
    )


def test_the_class_itself_does_not_count():
    together = pairs_of('aabb')
    perfect = recovery(together | np.eye(4, dtype=bool), together)
    assert perfect == (1, 1, 1)


def test_nothing_found_and_nothing_planted():
    none = np.zeros((3, 3), bool)
    found = recovery(none, pairs_of('aab'))
    assert math.isnan(found.precision)
    assert (found.recall, found.size) == (0, 0)
    assert math.isnan(recovery(~none, pairs_of('abc')).recall)


def test_grid_applies_the_rule_to_the_same_counts():
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 6, (9, 9))
    together = pairs_of([i // 3 for i in range(9)])
    for fill in (False, True):
        rule = FamilyRule(fill=fill, union=fill)
        shot = Snapshot(1, counts, together, rule)
        grid = recovery_grid(shot, together, [2, 4], [0, 1, 3])
        for row, k in zip(grid, [2, 4], strict=True):
            for found, n_o in zip(row, [0, 1, 3], strict=True):
                member = build_families(
                    torch.from_numpy(counts), k, n_o, fill, fill
                ).numpy()
                np.testing.assert_equal(found, recovery(member, together))


def write_checkpoint(path, member, epoch, families=None):
    """A checkpoint as the Runner writes it, with little else in it."""
    size = len(member)
    head = dict(type='ACLHead', families=families or dict(top_k=2))
    model = dict(type='RecognizerGCN', cls_head=head)
    torch.save(
        {
            'state_dict': {
                'cls_head.affinity.confusion.counts': torch.ones(
                    size, size, dtype=torch.int64
                ),
                'cls_head.affinity.families.member': torch.as_tensor(member),
                'cls_head.affinity.epoch': torch.tensor(epoch),
            },
            'meta': {'cfg': Config(dict(model=model)).pretty_text},
        },
        path,
    )


def test_history_is_in_the_order_of_epochs(tmp_path):
    for epoch in (10, 2, 1):
        member = torch.zeros(3, 3, dtype=torch.bool)
        member[0, epoch % 3] = True
        write_checkpoint(tmp_path / f'epoch_{epoch}.pth', member, epoch)
    # Of one of the epochs, or of none: not part of the history.
    (tmp_path / 'best_acc_top1_epoch_2.pth').write_bytes(b'')
    found = read_history(tmp_path)
    assert [one.epoch for one in found] == [1, 2, 10]
    assert [np.argwhere(one.member)[0, 1] for one in found] == [1, 2, 1]
    assert found[0].rule.top_k == 2


def test_history_without_checkpoints(tmp_path):
    with pytest.raises(AnalysisError, match='max_keep_ckpts=-1'):
        read_history(tmp_path)


def test_history_of_bare_weights(tmp_path):
    path = tmp_path / 'epoch_1.pth'
    write_checkpoint(path, torch.zeros(2, 2, dtype=torch.bool), 1)
    torch.save(torch.load(path)['state_dict'], path)
    with pytest.raises(AnalysisError, match=r'epoch_1\.pth.*Runner'):
        read_history(tmp_path)


def test_groups_of_text_and_pickle(tmp_path):
    text, annotations = tmp_path / 'g.txt', tmp_path / 'a.pkl'
    text.write_text('arm\n\n arm \nleg\n')
    annotations.write_bytes(pickle.dumps({'groups': [0, 0, 1]}))
    assert read_groups(text, 3) == ['arm', 'arm', 'leg']
    assert read_groups(annotations, 3) == ['0', '0', '1']


def test_groups_that_cannot_be_used(tmp_path):
    path = tmp_path / 'groups.txt'
    with pytest.raises(AnalysisError, match='no file'):
        read_groups(path, 3)
    path.write_text('a\nb\n')
    with pytest.raises(AnalysisError, match='2 classes, but there are 3'):
        read_groups(path, 3)
    path.write_bytes(b'\xff\xfe\x00')
    with pytest.raises(AnalysisError, match='UTF-8'):
        read_groups(path, 3)
    other = tmp_path / 'a.pkl'
    other.write_bytes(pickle.dumps({'classes': ['a']}))
    with pytest.raises(AnalysisError, match="no list under 'groups'"):
        read_groups(other, 3)
    other.write_bytes(b'cos\nsystem\n.')
    with pytest.raises(AnalysisError, match='system'):
        read_groups(other, 3)


def test_means_leave_out_what_has_no_value():
    none, half = Recovery(math.nan, 0, 0), Recovery(0.5, 0.25, 1)
    assert mean_of([none, half], 'precision') == 0.5
    assert mean_of([none, half], 'recall') == 0.125
    assert math.isnan(mean_of([none], 'precision'))


def test_epochs_of_several_trainings_are_joined():
    together = pairs_of('aab')
    rule = FamilyRule()
    counts = np.zeros((3, 3), np.int64)
    one, two = (Snapshot(e, counts, together, rule) for e in (1, 2))
    found = recovery_by_epoch([[two], [one, two]], together)
    assert list(found) == [1, 2]
    assert [len(some) for some in found.values()] == [1, 2]
    assert found[2][0] == recovery(together, together)
