"""Which settings mean the same training."""

import pytest

from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.sweep.digest import (
    differences,
    digest_of,
    evaluation_part,
    training_part,
)
from aclnet_plugin.analysis.sweep.meaning import meaning_of, same_training
from aclnet_plugin.analysis.sweep.resolve import resolve
from tests.training import tiny_config

HEAD = 'model.cls_head'


@pytest.fixture(scope='module')
def base(tmp_path_factory):
    path = tmp_path_factory.mktemp('config') / 'tiny.py'
    config = tiny_config('none.pkl', 'unused')
    config.clip_len = 8
    config.dump(path)
    return path


def digest(base, **options):
    options = {key.replace('__', '.'): v for key, v in options.items()}
    return digest_of(training_part(resolve(base, options)))


def test_what_does_not_change_a_training_has_no_part_in_its_digest(base):
    assert digest(base) == digest(
        base,
        work_dir='elsewhere',
        log_level='DEBUG',
        default_hooks__logger__interval=7,
        default_hooks__checkpoint__max_keep_ckpts=1,
        train_dataloader__num_workers=3,
        randomness__seed=9,
        test_dataloader__batch_size=3,
    )


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('model.cls_head.loss_inter.loss_weight', 0.3),
        ('train_cfg.max_epochs', 5),
        ('train_dataloader.batch_size', 5),
        ('custom_hooks.0.begin', 3),
        ('randomness.deterministic', False),
        ('load_from', 'some.pth'),
        ('val_dataloader.dataset.split', 'other'),
        ('optim_wrapper.clip_grad.max_norm', 5),
    ],
)
def test_what_does_has(base, key, value):
    changed = training_part(resolve(base, {key: value}))
    assert digest_of(changed) != digest(base)
    (text,) = differences(training_part(resolve(base)), changed)
    assert text.startswith(key)


def test_the_test_has_a_digest_of_its_own(base):
    one, other = (
        digest_of(evaluation_part(resolve(base, options)))
        for options in ({}, {'test_dataloader.batch_size': 3})
    )
    assert one != other


def test_numbers_and_sequences_of_one_value_are_one(base):
    assert digest(base, train_cfg__max_epochs=4) == digest(
        base, train_cfg__max_epochs=4.0
    )
    key = 'model.backbone.down_stages'
    assert digest_of(training_part(resolve(base, {key: [2]}))) == digest(base)


@pytest.mark.parametrize(
    ('options', 'same'),
    [
        ({'families.overlap_threshold': 4}, True),
        ({'loss_inter.temperatures': [0.1, 0.5, 1.0]}, True),
        ({'behaviour': 'paper', 'families.fill': False}, True),
        ({'families.overlap_threshold': 3}, False),
        ({'loss_inter.temperatures': [0.1, 0.5, 0.9]}, False),
        ({'behaviour': 'release'}, False),
        ({'loss_intra.type': 'SupervisedContrastiveLoss'}, False),
        # Leaves no attribute, and must not count as the same.
        ({'gather_interval': 2}, False),
    ],
)
def test_defaults_said_are_defaults(base, options, same):
    options = {f'{HEAD}.{key}': value for key, value in options.items()}
    one, other = (meaning_of(resolve(base, some)) for some in ({}, options))
    assert same_training(one, other) is same


def test_another_schedule_is_another_training(base):
    one, other = (
        meaning_of(resolve(base, some))
        for some in ({}, {'train_cfg.max_epochs': 9})
    )
    assert not same_training(one, other)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'clip_len': 4}, 'clip_len has no effect'),
        ({'modle.x': 4}, 'a training reads no modle; there is model'),
        ({'custom_hooks.4.begin': 4}, 'cannot be set'),
        ({'model.type.x': 4}, 'cannot be set'),
    ],
)
def test_options_without_effect_are_refused(base, options, message):
    with pytest.raises(AnalysisError, match=message):
        resolve(base, options)


def test_a_mistyped_argument_is_found_by_building(base):
    config = resolve(base, {f'{HEAD}.threshold': 4})
    with pytest.raises(AnalysisError, match="argument 'threshold'"):
        meaning_of(config)


def test_a_broken_config_is_named(tmp_path):
    path = tmp_path / 'broken.py'
    path.write_text('model = 1 / 0')
    with pytest.raises(AnalysisError, match=r'broken\.py cannot be read'):
        resolve(path)


def test_differences_are_told_by_key():
    one = {'a': {'b': 1, 'c': [1, 2]}, 'd': [{'e': 1}]}
    other = {'a': {'b': 2, 'c': [1]}, 'd': [{'e': 1}, {'e': 3}]}
    assert differences(one, other) == [
        'a.b: 1 -> 2',
        'a.c: [1, 2] -> [1]',
        'd.1.e: nothing -> 3',
    ]
    assert differences(one, one) == []
