"""From names to arms, and which are compared."""

import pytest

from aclnet_plugin.analysis.comparison.arms import (
    choose,
    compared_pairs,
    make_arms,
    parse_arms,
    related_pairs,
)
from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.sweep.grid import Setting

SETTINGS = [Setting(name, {'model.x': name}) for name in ('CE', 'in', 'out')]


def names_of(pairs):
    return [(pair.before.name, pair.after.name) for pair in pairs]


def test_a_config_is_named_or_not(tmp_path):
    for name in ('a.py', 'k=1.py'):
        (tmp_path / name).touch()
    found = parse_arms([f'A={tmp_path}/a.py', f'{tmp_path}/k=1.py'])
    assert found == [('A', tmp_path / 'a.py'), ('k=1', tmp_path / 'k=1.py')]


@pytest.mark.parametrize(
    ('texts', 'message'),
    [
        (['none.py'], 'there is no config file'),
        (['A=none.py'], "there is no config file 'none.py'"),
        (['A={}', 'A={}'], "has 'A' twice"),
        (['={}'], 'NAME=CONFIG'),
    ],
)
def test_wrong_arms_are_explained(texts, message, tmp_path):
    (tmp_path / 'a.py').touch()
    with pytest.raises(AnalysisError, match=message):
        parse_arms([text.format(tmp_path / 'a.py') for text in texts])


def test_configs_are_compared_with_the_first_or_the_named_one():
    arms = make_arms([(name, f'{name}.py') for name in 'abc'])
    assert names_of(compared_pairs(arms, None)) == [('a', 'b'), ('a', 'c')]
    assert names_of(compared_pairs(arms, 'b')) == [('b', 'a'), ('b', 'c')]
    assert len(related_pairs(arms)) == 3
    with pytest.raises(AnalysisError, match="no --baseline 'd'"):
        compared_pairs(arms, 'd')


def test_settings_of_one_config_have_their_own_names():
    arms = make_arms([('a', 'a.py')], SETTINGS)
    assert [arm.name for arm in arms] == ['CE', 'in', 'out']
    assert arms[1].options == {'model.x': 'in'}


def test_settings_of_two_configs_are_compared_both_ways():
    arms = make_arms([('a', 'a.py'), ('b', 'b.py')], SETTINGS[:2])
    assert names_of(compared_pairs(arms, None)) == [
        ('a: CE', 'a: in'),
        ('b: CE', 'b: in'),
        ('a: CE', 'b: CE'),
        ('a: in', 'b: in'),
    ]
    # Another config and another setting at once is nobody's question.
    related = names_of(related_pairs(arms))
    assert len(related) == 4 and ('a: CE', 'b: in') not in related


def test_one_arm_is_no_comparison():
    with pytest.raises(AnalysisError, match='one arm'):
        make_arms([('a', 'a.py')])


def test_settings_are_chosen_in_the_order_named():
    assert choose(SETTINGS, ['out', 'CE']) == [SETTINGS[2], SETTINGS[0]]
    assert choose(SETTINGS, []) == SETTINGS
    with pytest.raises(AnalysisError, match="did you mean 'out'"):
        choose(SETTINGS, ['outt'])
