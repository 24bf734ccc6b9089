"""Rows that an interrupted extraction leaves."""

import numpy as np
import pytest

from aclnet_plugin.evaluation.embeddings import KeptRows

ROWS = np.arange(20, dtype=np.float32).reshape(10, 2)


@pytest.fixture
def kept(tmp_path):
    kept = KeptRows(tmp_path / 'parts', 'a' * 32)
    for first, last in ((0, 3), (3, 4), (4, 8)):
        kept.add(first, ROWS[first:last])
    return kept


def test_rows_come_back_in_order(kept):
    np.testing.assert_array_equal(np.concatenate(kept.load(10)), ROWS[:8])
    assert KeptRows(kept.folder, 'b' * 32).load(10) == []
    assert KeptRows(kept.folder / 'none', 'a' * 32).load(10) == []


def test_rows_after_a_gap_are_not_taken(kept):
    (kept.folder / f'000000003_{"a" * 32}.npy').unlink()
    assert [len(block) for block in kept.load(10)] == [3]


@pytest.mark.parametrize(
    'block',
    [
        b'',
        b'nonsense',
        np.zeros((4, 2)),
        np.zeros((4, 3), np.float32),
        np.zeros(4, np.float32),
        np.zeros((0, 2), np.float32),
        np.zeros((7, 2), np.float32),
    ],
)
def test_damaged_rows_are_not_taken(kept, block):
    path = kept.folder / f'000000004_{"a" * 32}.npy'
    if isinstance(block, bytes):
        path.write_bytes(block)
    else:
        np.save(path, block)
    assert [len(block) for block in kept.load(10)] == [3, 1]


def test_objects_are_not_unpickled(kept):
    path = kept.folder / f'000000000_{"a" * 32}.npy'
    np.save(path, np.array([[print]] * 3, object))
    assert kept.load(10) == []


def test_forgets_nothing_but_its_own(kept):
    KeptRows(kept.folder, 'b' * 32).add(0, ROWS)
    note = kept.folder / 'note.txt'
    note.touch()
    kept.forget()
    assert list(kept.folder.iterdir()) == [note]
    note.unlink()
    kept.forget()
    assert not kept.folder.exists()
    kept.forget()
