import numpy as np
import pytest
import torch
from mmengine.config import Config

from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.family_rules import (
    FamilyRule,
    affinities,
    literal_entry,
    rule_of_checkpoint,
    rule_of_model,
)
from aclnet_plugin.models.affinity import FamilyTable
from aclnet_plugin.models.heads.behaviours import BEHAVIOURS


@pytest.mark.parametrize('behaviour', ['paper', 'release'])
def test_equals_equation_5_written_out(behaviour):
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 6, (9, 9)) * (rng.random((9, 9)) < 0.6)
    rule = FamilyRule(3, 1).changed(behaviour)
    found = affinities(counts, rule)
    shared = [set(row) for row in found.neighbours]
    for i in range(9):
        order = sorted(
            range(9), key=lambda j: (-counts[i, j] if j != i else 0, j)
        )
        if behaviour == 'paper':
            order = [j for j in order if j != i and counts[i, j] > 0]
        assert found.neighbours[i] == order[:3]
        for j in range(9):
            if i == j:
                continue
            overlap = len(shared[i] & shared[j])
            assert found.overlap[i, j] == overlap
            assert found.direct[i, j] == (j in shared[i])
            part = overlap / max(len(shared[i]), 1)
            if behaviour == 'release' and overlap <= 1:
                part = 0
            want = 0.5 * (j in shared[i]) + part
            assert found.affinity[i, j] == pytest.approx(want, abs=1e-6)
    table = FamilyTable(9, 3, 1, **BEHAVIOURS[behaviour]['families'])
    table.rebuild(torch.from_numpy(counts))
    assert np.array_equal(found.member, table.member.numpy())


def test_rule_of_a_checkpoint_is_read_and_never_run(tmp_path):
    config = Config(
        dict(
            model=dict(
                type='RecognizerGCN',
                cls_head=dict(
                    type='ACLHead',
                    behaviour='release',
                    families=dict(top_k=2, union=False),
                ),
            )
        )
    )
    rule = rule_of_checkpoint({'cfg': config.pretty_text})
    assert rule == FamilyRule(2, 4, True, False, 'checkpoint')
    assert rule.threshold == 2.0
    evil = "model = dict(cls_head=open('x', 'w'))"
    assert literal_entry(evil, 'model') is None
    for text in (None, '', 'model = dict(', 'other = 3', '\0', 'a=' * 9999):
        assert rule_of_checkpoint({'cfg': text}) is None
    assert literal_entry("x = {'a': [1, (2, -3)], 'b': None}", 'x') == {
        'a': [1, [2, -3]],
        'b': None,
    }


def test_rule_of_a_model():
    assert rule_of_model({'cls_head': {'type': 'GCNHead'}}, 'x') is None
    assert rule_of_model(None, 'x') is None
    head = {'type': 'aclnet.ACLHead', 'families': None}
    assert rule_of_model({'cls_head': head}, 'x') == FamilyRule(source='x')
    for families in ({'top_k': 0}, {'top_k': 'a'}, [3]):
        head = {'type': 'ACLHead', 'families': families}
        with pytest.raises(AnalysisError, match='x:'):
            rule_of_model({'cls_head': head}, 'x')


def test_flags_change_a_rule():
    rule = FamilyRule(source='checkpoint')
    assert rule.changed() is rule
    changed = rule.changed('release', 5, 0)
    assert changed == FamilyRule(5, 0, True, True, 'command line')
