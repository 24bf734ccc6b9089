"""Results are those of the test command, fused as by the fusion command."""

import json

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine.registry import init_default_scope

from aclnet_plugin.apis import ACLInferencer
from aclnet_plugin.datasets.store import write_store
from aclnet_plugin.evaluation import load_predictions
from aclnet_plugin.evaluation.fusion import fuse
from tests.scripts import load_script


@pytest.fixture(scope='module')
def dumped(trained, tmp_path_factory):
    """What ``tools/test.py --dump`` writes for each stream."""
    tool = load_script('tools/test.py')
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        for stream in ('j', 'b'):
            folder = tmp_path_factory.mktemp(f'test_{stream}')
            words = [
                *('test.py', getattr(trained, f'config_{stream}')),
                *(getattr(trained, stream), '--dump', f'{folder}/pred.pkl'),
                *('--work-dir', str(folder), '--cfg-options'),
                f'experiment_name={folder.name}',
            ]
            patch.setattr('sys.argv', words)
            init_default_scope('mmaction')
            assert tool.main() == 0
            found[stream] = load_predictions(f'{folder}/pred.pkl')
    return found


def scores_of(result):
    return np.array([one['scores'] for one in result['predictions']])


def test_equals_the_test_command_to_the_last_bit(infer, trained, dumped):
    # The same samples at once: sums are rounded by their order.
    call = dict(split='xsub_val', batch_size=6, full_scores=True)
    result = infer(str(trained.ann_file), **call)
    np.testing.assert_array_equal(scores_of(result), dumped['j'].scores)
    assert np.ptp(dumped['j'].scores, 1).min() > 0.01  # not all alike
    names = [one['input'] for one in result['predictions']]
    assert names == list(dumped['j'].names)
    truth = [one['truth']['label'] for one in result['predictions']]
    assert truth == dumped['j'].labels.tolist()
    assert json.loads(json.dumps(result)) == result
    one = infer(str(trained.ann_file), **call | dict(batch_size=1))
    np.testing.assert_allclose(scores_of(one), scores_of(result), atol=1e-6)


def test_a_store_and_a_dict_give_the_same(infer, trained, tmp_path):
    call = dict(split='xsub_val', full_scores=True)
    want = scores_of(infer(str(trained.ann_file), **call))
    write_store(trained.content, tmp_path / 'tiny.store')
    stored = infer(tmp_path / 'tiny.store', **call)
    np.testing.assert_array_equal(scores_of(stored), want)
    samples = trained.content['annotations'][16:]
    found = infer(samples, full_scores=True)
    np.testing.assert_array_equal(scores_of(found), want)


def test_an_array_gives_what_its_annotation_gives(infer, trained):
    sample = trained.content['annotations'][17]
    assert len(sample['keypoint']) == 2
    want = infer(sample, full_scores=True)
    found = infer(sample['keypoint'], full_scores=True)
    np.testing.assert_array_equal(scores_of(found), scores_of(want))


def test_fusion_is_that_of_the_fusion_command(trained, dumped):
    fused = ACLInferencer(
        *(trained.config_j, trained.j, 'cpu'),
        others=[(trained.config_b, trained.b)],
        fusion_weights=(2, 1),
    )
    result = fused(
        str(trained.ann_file),
        split='xsub_val',
        batch_size=6,
        full_scores=True,
    )
    both = np.stack([dumped['j'].scores, dumped['b'].scores])
    want = fuse(both, (2, 1)) / 3
    np.testing.assert_array_equal(scores_of(result), want)
    assert not np.allclose(both[0], both[1], atol=0.01)
    labels = [one['label'] for one in result['predictions']]
    assert labels == want.argmax(1).tolist()
    samples = fused(*(str(trained.ann_file), True, 6), split='xsub_val')[
        'predictions'
    ]
    for sample, row in zip(samples, want, strict=True):
        np.testing.assert_allclose(sample.pred_score, row, atol=1e-7)
        assert int(sample.pred_label) == row.argmax()


def test_default_weights_follow_the_streams(trained):
    pairs = [(trained.config_b, trained.b)]
    fused = ACLInferencer(trained.config_j, trained.j, 'cpu', others=pairs)
    assert fused.fusion_weights == [2, 2]


def test_reparameterised_models_give_nearly_the_same(infer, trained):
    fast = ACLInferencer(
        trained.config_j, trained.j, 'cpu', reparameterize=True
    )
    call = dict(split='xsub_val', batch_size=4, full_scores=True)
    found, want = (
        scores_of(one(str(trained.ann_file), **call)) for one in (fast, infer)
    )
    np.testing.assert_allclose(found, want, atol=1e-4)
    assert type(fast.model.backbone.gcn[0]).__name__ == 'FoldedBlock'


def test_windows_and_persons_are_pieces_of_the_array(infer):
    rng = np.random.default_rng(3)
    pose = rng.normal(size=(2, 30, 25, 3)).astype(np.float32)
    pose[1, :6] = 0  # comes later
    whole = infer(
        pose, window=12, stride=9, per_person=True, return_datasamples=True
    )['predictions'][0]
    cuts = [(0, 0, 12), (0, 9, 21), (0, 18, 30)]
    cuts += [(1, 6, 18), (1, 15, 27), (1, 18, 30)]
    assert len(whole) == len(cuts)
    for sample, (person, start, end) in zip(whole, cuts, strict=True):
        one = infer(pose[person, start:end], return_datasamples=True)
        want = one['predictions'][0].pred_score
        np.testing.assert_array_equal(sample.pred_score, want)
        assert (sample.person, sample.start) == (person, start)
        assert sample.end == end


def test_inputs_and_global_generators_are_left_alone(infer, walk):
    before, state = walk.copy(), np.random.get_state()[1].copy()
    first, second = infer([walk, walk])['predictions']
    np.testing.assert_array_equal(walk, before)
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    assert first['score'] == second['score']


@TRANSFORMS.register_module()
class DoubleInPlace(BaseTransform):
    """Writes into its input, as transforms may."""

    def transform(self, results):
        results['keypoint'] *= 2
        return results


def test_transforms_may_write_into_their_input(config, trained, walk, infer):
    config.test_dataloader.dataset.pipeline.insert(
        0, dict(type='DoubleInPlace')
    )
    writing = ACLInferencer(
        config, trained.j, 'cpu', others=[(config, trained.j)]
    )
    before = walk.copy()
    call = dict(window=20, stride=5, return_datasamples=True)
    found = writing(walk, **call)['predictions'][0]
    want = infer(walk * 2, **call)['predictions'][0]
    np.testing.assert_array_equal(walk, before)
    for one, other in zip(found, want, strict=True):
        np.testing.assert_allclose(one.pred_score, other.pred_score, atol=1e-6)


def test_a_pipeline_that_draws_gives_the_same_each_time(config, trained, walk):
    config.test_dataloader.dataset.pipeline[2].test_mode = False
    drawing = ACLInferencer(config, trained.j, 'cpu')
    first, second = drawing([walk, walk])['predictions']
    assert first['top'] == second['top']
