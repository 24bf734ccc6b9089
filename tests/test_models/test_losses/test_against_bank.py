import torch

from aclnet_plugin.models.losses.against_bank import compare_with_bank
from tests.test_models.test_losses.test_intra_margin_loss import problem


def test_equals_the_loop():
    """Own slot, other samples of the class, other classes, empty slots."""
    embed, labels, slots, columns, bank_labels = problem(0, filled=0.6)
    slots[0] = -1
    found = compare_with_bank(embed, labels, slots, columns, bank_labels, 0.5)
    seen = set()
    for i in range(len(labels)):
        for j in range(len(columns)):
            torch.testing.assert_close(
                found.logits[i, j], (embed[i] @ columns[j] / 0.5).float()
            )
            filled, itself = bool(bank_labels[j] >= 0), bool(slots[i] == j)
            same = bool(labels[i] == bank_labels[j])
            want = filled and same and not itself, filled and not same
            got = bool(found.positives[i, j]), bool(found.negatives[i, j])
            assert got == want
            seen.add((*want, filled, itself))
    assert len(seen) == 4
