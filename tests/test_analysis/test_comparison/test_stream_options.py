"""Another stream, as the configs of the streams have it."""

import pytest
from mmengine.config import Config

from aclnet_plugin.analysis.comparison.streams import stream_options
from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.sweep.digest import (
    differences,
    evaluation_part,
    training_part,
)
from tests.settings import CONFIGS, STREAMS, innermost, load_config
from tests.training import tiny_config


@pytest.mark.parametrize('name', STREAMS)
@pytest.mark.parametrize('setting', ['nw-ucla-xview', 'gym'])
def test_it_becomes_the_config_of_that_stream(setting, name):
    def config_of(stream):
        (path,) = CONFIGS.glob(f'aclnet_*-{stream}-u*_{setting}-*.py')
        return load_config(path)

    config = config_of('joint')
    config.merge_from_dict(stream_options(config, STREAMS[name]))
    other = config_of(name)
    for part in (training_part, evaluation_part):
        assert differences(part(config), part(other)) == []


def test_a_stream_of_the_pipeline_is_changed_there():
    config = tiny_config('none.pkl', 'unused')
    config.merge_from_dict(stream_options(config, 'bm'))
    for name in ('train', 'val', 'test'):
        dataset = innermost(config[f'{name}_dataloader'].dataset)
        steps = [s for s in dataset.pipeline if s.type == 'ToStream']
        assert [step.stream for step in steps] == ['bm']


def test_the_step_of_the_host_is_known():
    loader = dict(dataset=dict(pipeline=[dict(type='GenSkeFeat')]))
    config = Config(dict(train_dataloader=loader))
    assert stream_options(config, 'b') == {
        'train_dataloader.dataset.pipeline.0.feats': ['b']
    }


def test_what_makes_no_stream_is_refused():
    loader = dict(dataset=dict(pipeline=[dict(type='PoseDecode')]))
    with pytest.raises(AnalysisError, match='dataset has no pipeline'):
        stream_options(Config(dict(train_dataloader=loader)), 'b')
