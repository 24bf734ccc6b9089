"""Ten clips in batches score as ten clips one by one; one clip says so."""

import copy

import numpy as np
import pytest
import torch
from mmaction.evaluation import AccMetric
from mmengine.config import Config

from aclnet_plugin.evaluation import (
    CLIP_PRESETS,
    apply_preset,
    count_clips,
    load_predictions,
)
from aclnet_plugin.evaluation.clip_presets import SAMPLERS
from tests.training import build_runner, tiny_config


def config_of(dataset, **more):
    return Config(
        dict(
            test_dataloader=dict(batch_size=3, dataset=dataset),
            test_evaluator=[dict(type='AccMetric')],
            **more,
        )
    )


def pipeline(kind='UniformSampleDecode', **kwargs):
    return dict(
        type='SkeletonDataset',
        pipeline=[
            dict(type='PreNormalize3D', num_clips=99),
            dict(type=kind, clip_len=8, **kwargs),
        ],
    )


@pytest.mark.parametrize('kind', SAMPLERS)
@pytest.mark.parametrize('scope', ['', 'mmaction.'])
def test_every_sampler_is_set(kind, scope):
    config = config_of(pipeline(scope + kind))
    assert count_clips(config) == 1
    apply_preset(config, CLIP_PRESETS['10clip'])
    other, sampler = config.test_dataloader.dataset.pipeline
    assert (sampler.num_clips, other.num_clips) == (10, 99)
    assert sampler.test_mode and 'test_mode' not in other
    assert config.test_dataloader.batch_size == 3
    assert count_clips(config) == 10
    apply_preset(config, CLIP_PRESETS['10clip-fast'])
    assert (sampler.num_clips, config.test_dataloader.batch_size) == (10, 16)
    assert 'prefix' not in config.test_evaluator[0]
    apply_preset(config, CLIP_PRESETS['1clip'], batch_size=5)
    assert (sampler.num_clips, config.test_dataloader.batch_size) == (1, 5)
    assert config.test_evaluator[0].prefix == 'acc_1clip'


def test_through_wrappers():
    both = [pipeline(num_clips=4), pipeline(num_clips=5)]
    config = config_of(
        dict(
            type='RepeatDataset',
            dataset=dict(type='ConcatDataset', datasets=both),
        )
    )
    assert count_clips(config) is None
    apply_preset(config, CLIP_PRESETS['10clip'])
    inner = config.test_dataloader.dataset.dataset.datasets
    assert [d.pipeline[1].num_clips for d in inner] == [10, 10]


def test_samplers_given_as_classes():
    from aclnet_plugin.datasets.transforms import UniformSampleDecode

    dataset = pipeline()
    dataset['pipeline'][1]['type'] = UniformSampleDecode
    config = config_of(dataset)
    config.test_evaluator = dict(type=AccMetric, prefix='own')
    apply_preset(config, CLIP_PRESETS['1clip'])
    assert config.test_evaluator.prefix == 'own_1clip'


def test_nothing_to_set():
    for config in (config_of(pipeline('PoseDecode')), Config({})):
        assert count_clips(config) is None
        with pytest.raises(ValueError, match='no transform that samples'):
            apply_preset(config, CLIP_PRESETS['1clip'])


def settle(runner):
    """Let scores differ between samples and clips, as trained ones do."""
    model = runner.model.eval()
    inputs = [
        model.data_preprocessor(batch)['inputs']
        for batch in runner.test_dataloader
    ]
    with torch.no_grad():
        logits, _ = model.extract_feat(torch.cat(inputs), stage='head')
    layer, scale = model.cls_head.fc, 2 / logits.std(0)
    layer.bias.data = (layer.bias.data - logits.mean(0)) * scale
    layer.weight.data *= scale[:, None]
    return model.state_dict()


@pytest.fixture(scope='module')
def results(tiny_skeletons, tmp_path_factory):
    """Scores and metrics of the presets on one untrained model."""
    folder = tmp_path_factory.mktemp('presets')
    base = tiny_config(tiny_skeletons, folder)
    dataset = base.test_dataloader.dataset
    dataset.pipeline[-1].meta_keys = ('frame_dir',)
    base.test_dataloader.batch_size = 1
    found, weights = {}, None
    for name, preset in CLIP_PRESETS.items():
        config = copy.deepcopy(base)
        apply_preset(config, preset, batch_size=preset.batch_size and 3)
        path = folder / f'{name}.pkl'
        config.test_evaluator.append(
            dict(
                type='DumpPredictions',
                out_file_path=str(path),
                test_clips=count_clips(config),
            )
        )
        runner = build_runner(config, f'preset_{name}')
        # The weights that the first preset settled on.
        weights = weights or settle(runner)
        runner.model.load_state_dict(weights)
        sizes = []
        runner.model.backbone.register_forward_pre_hook(
            lambda module, args, sizes=sizes: sizes.append(len(args[0]))
        )
        metrics = runner.test()
        found[name] = load_predictions(path), metrics, sizes
    return found


def test_the_fast_preset_has_the_same_scores(results):
    slow, slow_metrics, slow_sizes = results['10clip']
    fast, fast_metrics, fast_sizes = results['10clip-fast']
    assert slow_sizes == [10] * 8 and fast_sizes == [30, 30, 20]
    assert slow.names == fast.names and len(slow.names) == 8
    np.testing.assert_array_equal(slow.labels, fast.labels)
    np.testing.assert_allclose(slow.scores, fast.scores, rtol=1e-4, atol=1e-6)
    # Not because all scores are alike.
    assert slow_metrics == fast_metrics
    assert np.ptp(slow.scores) > 0.1
    assert slow.clips == fast.clips == 10


def test_one_clip_is_another_figure_and_says_so(results):
    slow, _, _ = results['10clip']
    quick, metrics, sizes = results['1clip']
    assert sizes == [3, 3, 2]
    assert quick.clips == 1
    assert np.abs(quick.scores - slow.scores).max() > 0.01
    assert set(metrics) == {
        'acc_1clip/top1',
        'acc_1clip/top5',
        'acc_1clip/mean1',
    }
