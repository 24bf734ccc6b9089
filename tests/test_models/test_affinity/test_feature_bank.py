import copy

import pytest
import torch

from aclnet_plugin.models.affinity import FeatureBank
from aclnet_plugin.models.affinity.feature_bank import EMPTY


def batch(start, size, dim=2):
    labels = torch.arange(start, start + size)
    return labels[:, None].repeat(1, dim).float() + 0.5, labels


@pytest.mark.parametrize(
    'sizes', [[3, 3, 3], [5, 2, 4], [7], [8], [20], [1] * 9, [6, 20, 3]]
)
def test_is_a_queue_of_the_newest(sizes):
    """Against a list that drops its oldest entries."""
    bank, queue, start = FeatureBank(7, 2), [], 0
    for size in sizes:
        feats, labels = batch(start, size)
        slots = bank.push(feats, labels)
        queue = (queue + labels.tolist())[-7:]
        start += size
        assert bank.filled == min(start, 7)
        assert bank.cursor == start % 7
        kept = bank.labels[bank.labels != EMPTY]
        assert sorted(kept.tolist()) == queue
        for slot, feat, label in zip(slots, feats, labels, strict=True):
            if slot == EMPTY:
                assert label not in queue
            else:
                assert bank.labels[slot] == label
                assert torch.equal(bank.feats[slot], feat)


@pytest.mark.parametrize('size', [3, 7, 9])
def test_live_columns_carry_gradients_of_the_batch_only(size):
    bank = FeatureBank(7, 2)
    bank.push(*batch(100, 5))
    feats, labels = batch(0, size)
    feats.requires_grad_()
    slots = bank.push(feats, labels)
    columns = bank.live_columns(feats, slots)
    assert torch.equal(columns, bank.feats)
    columns.sum().backward()
    kept = min(size, 7)
    assert not feats.grad[: size - kept].any()
    assert (feats.grad[size - kept :] == 1).all()
    assert not bank.feats.requires_grad


def test_survives_a_checkpoint_with_its_cursor():
    bank = FeatureBank(4, 2)
    bank.push(*batch(0, 6))
    other = FeatureBank(4, 2)
    assert other.filled == 0
    other.load_state_dict(bank.state_dict())
    assert other.filled == 4
    for each in (bank, other):
        each.push(*batch(6, 3))
    for key, value in bank.state_dict().items():
        assert torch.equal(value, other.state_dict()[key])
    assert copy.deepcopy(bank).filled == 4


def test_size_is_checked():
    with pytest.raises(ValueError, match='bank_size must be a whole number'):
        FeatureBank(0, 2)
