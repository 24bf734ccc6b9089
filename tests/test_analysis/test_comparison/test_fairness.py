"""What two configs differ in, and what may not."""

import pytest

from aclnet_plugin.analysis.comparison.arms import Arm, Pair
from aclnet_plugin.analysis.comparison.fairness import (
    GROUPS,
    group_of,
    grouped_differences,
    judge,
)
from aclnet_plugin.analysis.errors import AnalysisError
from tests.training import tiny_config

LOSS = {'model.cls_head.loss_inter': dict(loss_weight=0)}
SCHEDULE = {'train_cfg.max_epochs': 9}
# The second names the width that the head takes from the backbone.
BACKBONE = {
    'model.backbone.base_channels': 16,
    'model.cls_head.in_channels': 9,
}
DATA = {'train_dataloader.dataset.split': 'other'}


def config_of(*options):
    merged = {key: value for some in options for key, value in some.items()}
    return tiny_config('none.pkl', 'unused', **merged)


def judged(configs, *args):
    arms = {name: Arm(name, '', name, 'x.py', {}) for name in configs}
    first, *rest = arms.values()
    return judge([Pair(first, one) for one in rest], configs, *args)


@pytest.mark.parametrize(
    ('options', 'group'),
    [
        (LOSS, 'loss'),
        ({'model.cls_head.label_smooth_eps': 0.1}, 'loss'),
        ({'custom_hooks.0.begin': 3}, 'loss'),
        (BACKBONE, 'backbone'),
        (DATA, 'data'),
        ({'test_dataloader.dataset.pipeline.2.num_clips': 10}, 'data'),
        ({'train_dataloader.batch_size': 9}, 'schedule'),
        ({'optim_wrapper.optimizer.lr': 0.1}, 'schedule'),
        (SCHEDULE, 'schedule'),
        ({'test_evaluator': [dict(type='Other')]}, 'other'),
        ({'load_from': 'x.pth'}, 'other'),
    ],
)
def test_differences_are_sorted(options, group):
    found = grouped_differences(config_of(), config_of(options))
    assert list(found) == [group]
    assert group in GROUPS


@pytest.mark.parametrize(
    'options',
    [
        {},
        {'randomness.seed': 9},
        {'log_level': 'INFO'},
        {'train_dataloader.num_workers': 4},
        {'find_unused_parameters': False},
        {'default_hooks.logger.interval': 9},
        {'load_from': None},
    ],
)
def test_what_trains_the_same_does_not_count(options):
    assert grouped_differences(config_of(), config_of(options)) == {}


def test_a_hook_more_is_one_difference():
    """It stands in front of those that both have."""
    config = config_of()
    config.custom_hooks = [dict(type='EMAHook'), *config.custom_hooks]
    found = grouped_differences(config_of(), config)
    assert found == {
        'schedule': ['custom_hooks.EMAHook.type: nothing -> "EMAHook"']
    }


def test_the_one_thing_is_compared():
    (verdict,) = judged({'a': config_of(), 'b': config_of(BACKBONE)})
    assert (verdict.compared, verdict.also) == ('backbone', [])
    assert len(verdict.found['backbone']) == 2


def test_more_than_one_thing_is_refused_and_listed():
    configs = {'a': config_of(), 'b': config_of(LOSS, SCHEDULE)}
    with pytest.raises(AnalysisError) as caught:
        judged(configs)
    text = str(caught.value)
    assert "'a' and 'b' cannot be compared" in text
    assert 'loss and schedule' in text
    assert 'train_cfg.max_epochs: 4 -> 9' in text
    assert 'loss_inter.loss_weight: nothing -> 0' in text
    assert '--allow' in text


def test_what_is_allowed_is_told():
    configs = {'a': config_of(), 'b': config_of(LOSS, SCHEDULE)}
    (verdict,) = judged(configs, None, ['schedule'])
    assert (verdict.compared, verdict.also) == ('loss', ['schedule'])
    with pytest.raises(AnalysisError):
        judged(configs, None, ['data'])


def test_a_named_thing_is_the_only_one():
    configs = {'a': config_of(), 'b': config_of(SCHEDULE)}
    with pytest.raises(AnalysisError, match='not only in loss'):
        judged(configs, 'loss')
    (verdict,) = judged(configs, 'schedule')
    assert verdict.compared == 'schedule'
    configs['b'] = config_of(LOSS, SCHEDULE)
    (verdict,) = judged(configs, 'loss', ['schedule'])
    assert (verdict.compared, verdict.also) == ('loss', ['schedule'])


def test_without_the_named_thing_another_is_told():
    configs = {'a': config_of(), 'b': config_of(SCHEDULE, DATA)}
    (verdict,) = judged(configs, 'loss', ['schedule', 'data'])
    assert (verdict.compared, verdict.also) == ('data', ['schedule'])


@pytest.mark.parametrize('nothing', [[], (), {}])
def test_empty_is_not_absent(nothing):
    configs = {'a': config_of(), 'b': config_of(LOSS)}
    configs['b'].model.backbone.down_stages = nothing
    with pytest.raises(AnalysisError, match='loss and backbone'):
        judged(configs)


def test_other_pairs_are_counted():
    configs = {'a': config_of()}
    configs |= {name: config_of(LOSS, DATA) for name in 'bc'}
    with pytest.raises(AnalysisError, match='1 other pair has'):
        judged(configs)


def test_a_key_that_begins_alike_is_another():
    assert group_of('train_cfg.max_epochs') == 'schedule'
    assert group_of('train_cfg_of_mine') == 'other'
    assert group_of('model.cls_head.in_channels') == 'backbone'
    assert group_of('model.cls_head.in_channels_of_mine') == 'loss'
