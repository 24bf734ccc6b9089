import numpy as np
import pytest
import torch

from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.learned_state import (
    LearnedState,
    confused,
    family_members,
    load_state,
    pick_state,
)


def buffers(prefix, size=3):
    return {
        f'{prefix}confusion.counts': torch.arange(size**2).view(size, size),
        f'{prefix}families.member': torch.ones(size, size).bool(),
    }


def test_shortest_prefix_is_reported_and_names_are_counted(tmp_path):
    path = tmp_path / 'a.pth'
    state = buffers('aux.head.affinity.') | buffers('affinity.')
    meta = {'dataset_meta': {'classes': ['a', 'b']}}
    torch.save({'state_dict': state, 'meta': meta}, path)
    found = load_state(path)
    assert found.prefix == 'affinity' and found.others == ['aux.head.affinity']
    assert found.names is None  # two names for three classes
    assert (found.epoch, found.seen) == (None, None)
    assert confused(found.counts) == 36 - 12


def test_incomplete_states_are_refused():
    state = buffers('affinity.')
    state['affinity.families.member'] = torch.zeros(2, 2).bool()
    with pytest.raises(AnalysisError, match='equal size'):
        pick_state(state, {}, 'x.pth')
    with pytest.raises(AnalysisError, match='no affinity state'):
        pick_state({'notaffinity.confusion.counts': 1}, {}, 'x.pth')


def test_family_order_counts_both_directions():
    counts = np.array([[0, 1, 2], [5, 0, 0], [0, 0, 0]])
    member = np.array([[0, 1, 1], [0, 0, 0], [0, 0, 0]], dtype=bool)
    state = LearnedState(counts, member, 1, 1, None, '', [])
    assert family_members(state, 0) == [1, 2]
