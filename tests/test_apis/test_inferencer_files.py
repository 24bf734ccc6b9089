"""Key point files, OpenPose's files and videos as inputs."""

import json
import sys
from types import ModuleType

import numpy as np
import pytest
from mmengine.config import Config

from aclnet_plugin.apis import ACLInferencer, InferenceError
from aclnet_plugin.apis.inferencers.inputs import InputOptions, find_sources
from aclnet_plugin.structures import get_layout
from tests.test_apis.models import flat_config

NTU, COCO = get_layout('nturgb+d'), get_layout('coco')


def read(path, layout=NTU, **options):
    sources = find_sources(path, InputOptions(layout, **options))
    return [source.load() for source in sources]


def test_arrays_in_files_are_the_arrays(infer, walk, tmp_path):
    np.save(tmp_path / 'a.npy', walk)
    np.savez(tmp_path / 'b.npz', keypoint=walk[None])
    (tmp_path / 'c.json').write_text(json.dumps(walk.tolist()))
    np.savetxt(
        tmp_path / 'd.csv', walk.reshape(len(walk), -1), '%.9g', delimiter=','
    )
    (tmp_path / 'labels.csv').write_text('name,label\na,1\n')
    found = infer(tmp_path, on_error='skip', batch_size=2)['predictions']
    assert [one['input'] for one in found] == ['a', 'b', 'c', 'd']
    want = infer(walk)['predictions'][0]
    for one in found:
        assert one['top'][0]['label'] == want['label']
        assert one['score'] == pytest.approx(want['score'], abs=1e-6)


def test_named_columns_come_into_the_order_of_the_layout(walk, tmp_path):
    order = np.random.default_rng(0).permutation(25)
    header = ','.join(
        f'{NTU.joint_names[v]}_{axis}' for v in order for axis in 'xyz'
    )
    np.savetxt(
        tmp_path / 'a.csv',
        walk[:, order].reshape(len(walk), -1),
        '%.9g',
        ',',
        header=header,
        comments='',
    )
    found = read(tmp_path / 'a.csv')[0].sample['keypoint']
    np.testing.assert_allclose(found[0], walk, rtol=1e-6)


def test_missing_values_have_to_be_allowed(walk, tmp_path):
    walk = walk.copy()
    walk[2, 3, 1] = np.nan
    np.save(tmp_path / 'a.npy', walk)
    with pytest.raises(ValueError, match=r'joint 3.*--missing zero'):
        read(tmp_path / 'a.npy')
    found = read(tmp_path / 'a.npy', missing='zero')[0]
    assert not found.sample['keypoint'][0, 2, 3].any()


def test_2d_arrays_with_and_without_scores(infer_flat):
    rng = np.random.default_rng(0)
    pose = rng.uniform(1, 99, (12, 17, 3)).astype(np.float32)
    sample = {
        'keypoint': pose[None, ..., :2],
        'keypoint_score': pose[None, ..., 2],
    }
    first, second = infer_flat([pose, sample])['predictions']
    assert first['top'] == second['top']


def test_the_image_size_is_asked_for_where_it_counts(trained):
    config = flat_config(Config.fromfile(trained.config_j), 'coco')
    pipeline = config.test_dataloader.dataset.pipeline
    pipeline.insert(0, dict(type='PreNormalize2D'))
    scaling = ACLInferencer(config, device='cpu')
    pose = np.random.default_rng(0).uniform(1, 99, (12, 17, 3))
    with pytest.raises(InferenceError, match='--image-size'):
        scaling(pose)
    small, large = (
        scaling(pose, image_size=size, full_scores=True)['predictions'][0]
        for size in ((100, 100), (1000, 1000))
    )
    assert small['scores'] != large['scores']


def people(*positions, joints=18):
    """One frame of OpenPose with persons at places."""
    spots = np.linspace(1, 40, joints)
    listed = [
        {
            'person_id': [-1],
            'pose_keypoints_2d': np.stack(
                [spots + x, spots * 2 + y, np.full(joints, 0.9)], 1
            )
            .ravel()
            .tolist(),
        }
        for x, y in positions
    ]
    return {'version': 1.3, 'people': listed}


def write_frames(folder, frames):
    folder.mkdir(parents=True)
    for number, frame in enumerate(frames):
        path = folder / f'clip_{number}_keypoints.json'
        path.write_text(json.dumps(frame))


def test_openpose_folder(tmp_path):
    # Twelve frames, so that 10 must not come before 2; persons swap places.
    frames = [
        people((time, 0), (300, time))
        if time % 2
        else people((300, time), (time, 0))
        for time in range(12)
    ]
    write_frames(tmp_path / 'video' / 'one', frames)
    found = read(tmp_path / 'video', get_layout('openpose'))
    assert [one.name for one in found] == ['one']
    pose = found[0].sample['keypoint']
    assert pose.shape == (2, 12, 18, 2)
    left = pose[np.argmin(pose[:, 0, 0, 0])]
    np.testing.assert_allclose(left[:, 0, 0], 1 + np.arange(12))
    assert found[0].sample['keypoint_score'].max() == np.float32(0.9)


def test_body_25_and_coco_are_found_by_name(tmp_path):
    write_frames(tmp_path / 'a', [people((0, 0), joints=25)])
    whole = people((0, 0), joints=25)['people'][0]['pose_keypoints_2d']
    pose = read(tmp_path / 'a', COCO)[0].sample['keypoint'][0, 0]
    # The right knee is joint 10 of BODY_25.
    at = COCO.joint_names.index('right_knee')
    np.testing.assert_allclose(pose[at], whole[30:32], rtol=1e-6)
    assert read(tmp_path / 'a', get_layout('openpose'))[0].frames == 1
    with pytest.raises(InferenceError, match='is 3D'):
        read(tmp_path / 'a', NTU)


def test_openpose_without_persons(tmp_path):
    write_frames(tmp_path / 'a', [people()] * 3)
    with pytest.raises(InferenceError, match='no person in any frame'):
        read(tmp_path / 'a', COCO)
    (tmp_path / 'a' / 'clip_1_keypoints.json').write_text('{"people": [3]}')
    with pytest.raises(InferenceError, match='clip_1_keypoints'):
        read(tmp_path / 'a', COCO)


@pytest.fixture
def rtmlib(monkeypatch):
    """Two persons who move apart, in another order in each frame."""
    module = ModuleType('rtmlib')

    class Body:
        made = []

        def __init__(
            self,
            mode='balanced',
            to_openpose=False,
            backend='onnxruntime',
            device='cpu',
        ):
            self.made.append({'mode': mode, 'device': device})
            assert not to_openpose  # which has 18 joints
            self.time = 0

        def __call__(self, image):
            assert image.shape == (48, 64, 3)
            spread = np.arange(17) / 4
            near = np.stack([5 + spread + self.time, 9 + spread], 1)
            far = np.stack([40 + spread, 20 + spread + self.time], 1)
            noise = np.zeros((17, 2))
            order = [near, far] if self.time % 2 else [far, near]
            self.time += 1
            scores = np.stack([np.full(17, s) for s in (0.9, 0.9, 0.1)])
            return np.stack([*order, noise]), scores

    module.Body = Body
    monkeypatch.setitem(sys.modules, 'rtmlib', module)
    return Body


def test_video(infer_flat, rtmlib, film):
    infer_flat.__dict__.pop('_pose_model', None)
    found = infer_flat(film, window=4)['predictions'][0]
    assert found['input'] == 'film'
    assert (found['frames'], found['persons']) == (9, 2)
    segment = found['segments'][-1]
    assert segment['end_seconds'] == pytest.approx(segment['end'] / 10)
    options = rtmlib.made[-1]
    assert options['mode'] == 'balanced' and options['device'] == 'cpu'
    infer_flat.__dict__.pop('_pose_model')


def test_video_persons_are_followed(rtmlib, film):
    sequence = read(film, COCO)[0]
    pose = sequence.sample['keypoint']
    near = pose[np.argmin(pose[:, 0, 0, 0]), :, 0]
    np.testing.assert_allclose(near[:, 0], 5 + np.arange(9))
    assert sequence.sample['img_shape'] == (48, 64)
    assert sequence.fps == 10
    assert len(read(film, COCO, max_persons=1)[0].sample['keypoint']) == 1
    # The third is what the estimator makes of an empty place.
    assert len(read(film, COCO, max_persons=5)[0].sample['keypoint']) == 2


def test_video_without_the_extra(infer_flat, film, monkeypatch):
    infer_flat.__dict__.pop('_pose_model', None)
    monkeypatch.setitem(sys.modules, 'rtmlib', None)
    with pytest.raises(InferenceError, match=r'aclnet_plugin\[pose\]'):
        infer_flat(film)


def test_what_is_no_video(rtmlib, tmp_path):
    path = tmp_path / 'a.mp4'
    path.write_bytes(b'no film at all')
    with pytest.raises(InferenceError, match='no video that can be read'):
        read(path, COCO)


def test_a_video_for_a_3d_model_is_refused_at_once(infer, film):
    with pytest.raises(InferenceError, match=r"'nturgb.d'.*is 3D"):
        infer(film)
